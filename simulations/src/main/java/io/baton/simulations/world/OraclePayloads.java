package io.baton.simulations.world;

import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/**
 * Payloads whose rows are single numbers. Their digests are a cheap mix that stands in for a real
 * one: to the machines a digest is opaque.
 */
public enum OraclePayloads implements PayloadOperations {
  PAYLOADS;

  public static final TensorSpec ROW = TensorSpec.of(DType.I64, 1, 1);

  /** The algorithm that sessions of the simulated world declare. */
  public static final Digest.Algorithm ALGORITHM = Digest.Algorithm.XXH3_128;

  private static final SortedMap<String, Tensor> NO_SIDE_INPUTS = Collections.emptySortedMap();
  private static final TensorSpec[] SPECS = new TensorSpec[64];

  static {
    for (int rows = 0; rows < SPECS.length; rows++) {
      SPECS[rows] = ROW.withRows(rows);
    }
  }

  public static Payload payload(long... rows) {
    ByteBuffer data = ByteBuffer.allocate(rows.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long row : rows) {
      data.putLong(row);
    }
    TensorSpec spec = rows.length < SPECS.length ? SPECS[rows.length] : ROW.withRows(rows.length);
    return new Payload(Tensor.wrap(spec, data.flip()), NO_SIDE_INPUTS, digest(rows));
  }

  public static long[] rows(Payload payload) {
    ByteBuffer data = payload.activations().data();
    long[] rows = new long[payload.tokens()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = data.getLong();
    }
    return rows;
  }

  /** A stage of the oracle's model. */
  public static StageInfo stage(int layers, LayerSpan span, int maxLength) {
    return new StageInfo("oracle", layers, span, ROW, ROW, maxLength, Set.of());
  }

  @Override
  public Payload concatenate(List<Payload> payloads) {
    long[] all = new long[payloads.stream().mapToInt(Payload::tokens).sum()];
    int at = 0;
    for (Payload payload : payloads) {
      long[] rows = rows(payload);
      System.arraycopy(rows, 0, all, at, rows.length);
      at += rows.length;
    }
    return payload(all);
  }

  @Override
  public Payload rows(Payload payload, int from, int count) {
    long[] some = new long[count];
    System.arraycopy(rows(payload), from, some, 0, count);
    return payload(some);
  }

  private static Digest digest(long[] rows) {
    long high = rows.length;
    long low = ~rows.length;
    for (long row : rows) {
      high = Mix.mix(high * 31 + row);
      low = Mix.mix(low ^ high);
    }
    byte[] value = new byte[ALGORITHM.bytes()];
    ByteBuffer.wrap(value).putLong(high).putLong(low);
    return new Digest(ALGORITHM, value);
  }
}

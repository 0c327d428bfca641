package io.baton.session.testing;

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
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Payloads whose rows are single numbers, with real digests. */
public enum TestPayloads implements PayloadOperations {
  PAYLOADS;

  public static final TensorSpec ROW = TensorSpec.of(DType.I64, 1, 1);

  public static Payload payload(long... rows) {
    return payload(Arrays.stream(rows).boxed().toList());
  }

  public static Payload payload(List<Long> rows) {
    return payload(rows, new TreeMap<>());
  }

  public static Payload payload(List<Long> rows, SortedMap<String, Tensor> sideInputs) {
    return payload(tensor(rows), sideInputs);
  }

  public static Payload payload(Tensor activations, SortedMap<String, Tensor> sideInputs) {
    return new Payload(activations, sideInputs, digest(activations, sideInputs));
  }

  public static Tensor tensor(List<Long> rows) {
    ByteBuffer data = ByteBuffer.allocate(rows.size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    rows.forEach(data::putLong);
    return Tensor.wrap(ROW.withRows(rows.size()), data.flip());
  }

  public static List<Long> rows(Payload payload) {
    return numbers(payload.activations());
  }

  public static List<Long> numbers(Tensor tensor) {
    List<Long> rows = new ArrayList<>();
    ByteBuffer data = tensor.data();
    while (data.hasRemaining()) {
      rows.add(data.getLong());
    }
    return rows;
  }

  /** A stage that runs {@code span} of {@code layers} layers. */
  public static StageInfo stage(int layers, LayerSpan span, int maxLength, String... sideInputs) {
    return new StageInfo("model", layers, span, ROW, ROW, maxLength, Set.of(sideInputs));
  }

  @Override
  public Payload concatenate(List<Payload> payloads) {
    List<Long> rows = new ArrayList<>();
    for (Payload payload : payloads) {
      if (!payload.sideInputs().isEmpty()) {
        throw new IllegalArgumentException("a payload with side inputs cannot be merged");
      }
      rows.addAll(rows(payload));
    }
    return payload(rows);
  }

  @Override
  public Payload rows(Payload payload, int from, int count) {
    return payload(payload.activations().rows(from, count), payload.sideInputs());
  }

  private static Digest digest(Tensor activations, SortedMap<String, Tensor> sideInputs) {
    MessageDigest sha;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    update(sha, activations);
    sideInputs.forEach(
        (name, tensor) -> {
          sha.update(name.getBytes(StandardCharsets.UTF_8));
          update(sha, tensor);
        });
    return new Digest(Digest.Algorithm.SHA256, sha.digest());
  }

  private static void update(MessageDigest sha, Tensor tensor) {
    sha.update(tensor.spec().toString().getBytes(StandardCharsets.UTF_8));
    sha.update(tensor.data());
  }
}

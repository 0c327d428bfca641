package io.baton.simulations.chain;

import io.baton.client.stage.StageException;
import io.baton.client.stage.StageExecutor;
import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.simulations.world.Oracle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Computes the {@link Oracle}, with a step's side inputs mixed into the input of every layer: one
 * lost, doubled, reordered or foreign input anywhere changes everything after it.
 */
final class OracleExecutor implements StageExecutor {

  static final String MODEL = "oracle";
  static final String SIDE_INPUT = "beams";
  static final TensorSpec ROW = TensorSpec.of(DType.I64, 1, 1);

  private final StageInfo info;
  private final Map<SessionId, List<List<Long>>> sessions = new ConcurrentHashMap<>();
  final AtomicLong tokensComputed = new AtomicLong();
  volatile int longest;

  OracleExecutor(int layers, int first, int end, int maxLength) {
    info =
        new StageInfo(
            MODEL, layers, new LayerSpan(first, end), ROW, ROW, maxLength, Set.of(SIDE_INPUT));
  }

  @Override
  public StageInfo info() {
    return info;
  }

  @Override
  public void open(SessionId session, int maxLength) {
    List<List<Long>> layers = new ArrayList<>();
    for (int i = 0; i < info.span().layers(); i++) {
      layers.add(new ArrayList<>());
    }
    sessions.put(session, layers);
  }

  int sessions() {
    return sessions.size();
  }

  @Override
  public Tensor forward(
      SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sideInputs)
      throws StageException {
    List<List<Long>> layers = sessions.get(session);
    if (layers == null) {
      throw new StageException("session is not open");
    }
    long side = sideInputs.hashCode();
    LongBuffer input = activations.data().asLongBuffer();
    int rows = activations.spec().rows();
    ByteBuffer output = ByteBuffer.allocate(rows * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      long value = input.get(row);
      for (int i = 0; i < layers.size(); i++) {
        List<Long> absorbed = layers.get(i);
        if (absorbed.size() != position + row) {
          throw new StageException(
              "holds %d tokens, not %d".formatted(absorbed.size(), position + row));
        }
        long before =
            absorbed.isEmpty() ? Oracle.begin(info.span().first() + i) : absorbed.getLast();
        long state = Oracle.absorb(before, value + side);
        absorbed.add(state);
        value = Oracle.output(state, position + row);
      }
      output.putLong(value);
    }
    tokensComputed.addAndGet(rows);
    longest = Math.max(longest, position + rows);
    return Tensor.wrap(activations.spec(), output.flip());
  }

  @Override
  public void rollback(SessionId session, int length) {
    for (List<Long> absorbed : sessions.getOrDefault(session, List.of())) {
      while (absorbed.size() > length) {
        absorbed.removeLast();
      }
    }
  }

  @Override
  public void close(SessionId session) {
    sessions.remove(session);
  }

  static Tensor rows(long... values) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      data.putLong(value);
    }
    return Tensor.wrap(ROW.withRows(values.length), data.flip());
  }

  static long last(Tensor tensor) {
    return tensor.data().asLongBuffer().get(tensor.spec().rows() - 1);
  }
}

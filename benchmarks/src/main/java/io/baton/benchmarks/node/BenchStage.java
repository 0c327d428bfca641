package io.baton.benchmarks.node;

import io.baton.client.stage.StageExecutor;
import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.SortedMap;

/**
 * One of two stages that compute nothing: the first answers a trigger with a message, which is what
 * is measured, and the second looks at it, and answers with next to nothing.
 */
final class BenchStage implements StageExecutor {

  static final String MODEL = "bench";
  static final int LAYERS = 2;
  static final int MAX_LENGTH = 1 << 20;

  /** What begins a step, and what ends it. */
  static final TensorSpec TRIGGER = TensorSpec.of(DType.U8, 1, Message.MIN_BYTES);

  private final int layer;
  private final TensorSpec message;
  private final Latencies latencies = new Latencies();
  private final Tensor done = Tensor.wrap(TRIGGER, new byte[Message.MIN_BYTES]);
  private volatile boolean whole;
  private long number;

  BenchStage(int layer, int bytes) {
    this.layer = layer;
    message = TensorSpec.of(DType.U8, 1, bytes);
  }

  void begin(Workload workload) {
    whole = workload.whole();
  }

  Latencies latencies() {
    return latencies;
  }

  @Override
  public StageInfo info() {
    return new StageInfo(
        MODEL,
        LAYERS,
        new LayerSpan(layer, layer + 1),
        layer == 0 ? TRIGGER : message,
        layer == 0 ? message : TRIGGER,
        MAX_LENGTH,
        Set.of());
  }

  @Override
  public void open(SessionId session, int maxLength) {}

  @Override
  public Tensor forward(
      SessionId session, int position, Tensor input, SortedMap<String, Tensor> sideInputs) {
    if (layer > 0) {
      ByteBuffer body = input.data();
      latencies.add(Message.sentNanos(MemorySegment.ofBuffer(body), whole));
      return done;
    }
    byte[] body = new byte[Math.toIntExact(message.bytes())];
    Message.write(MemorySegment.ofArray(body), number++, whole);
    return Tensor.wrap(message, body);
  }

  @Override
  public void rollback(SessionId session, int length) {}

  @Override
  public void close(SessionId session) {}
}

package io.baton.examples;

import io.baton.client.stage.ExecutorAttachment;
import io.baton.client.stage.StageExecutor;
import io.baton.client.stage.StageHarness;
import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.grpc.Endpoint;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;

/**
 * A stage that multiplies by a factor, and keeps nothing between steps: {@code SOCKET LAYER
 * FACTOR}.
 */
record ScalingStage(int layer, float factor) implements StageExecutor {

  static final String MODEL = "scaling";
  static final int LAYERS = 2;
  static final TensorSpec ROW = TensorSpec.of(DType.F32, 1, 4);

  @Override
  public StageInfo info() {
    LayerSpan span = new LayerSpan(layer, layer + 1);
    return new StageInfo(MODEL, LAYERS, span, ROW, ROW, 1000, Set.of());
  }

  @Override
  public void open(SessionId session, int maxLength) {}

  @Override
  public Tensor forward(
      SessionId session, int position, Tensor rows, SortedMap<String, Tensor> sideInputs) {
    FloatBuffer input = rows.floats();
    float[] output = new float[input.remaining()];
    for (int i = 0; i < output.length; i++) {
      output[i] = factor * input.get(i);
    }
    return Tensor.ofFloats(output, rows.spec().rows(), 4);
  }

  @Override
  public void rollback(SessionId session, int length) {}

  @Override
  public void close(SessionId session) {}

  public static void main(String[] args) throws Exception {
    ScalingStage stage = new ScalingStage(Integer.parseInt(args[1]), Float.parseFloat(args[2]));
    Endpoint.Unix relay = new Endpoint.Unix(Path.of(args[0]));
    try (StageHarness harness = StageHarness.start(stage, "scaling-" + stage.layer());
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, relay)) {
      attachment.attached().get();
      System.out.println("serves layer " + stage.layer());
      Thread.currentThread().join();
    }
  }
}

package io.baton.benchmarks.node;

import io.baton.client.stage.ExecutorAttachment;
import io.baton.client.stage.StageHarness;
import io.baton.transport.grpc.Endpoint;
import java.util.concurrent.TimeUnit;

/** A stage in a process of its own, attached to its relay. */
final class StageNode implements Node {

  private final BenchStage stage;
  private final StageHarness harness;
  private final ExecutorAttachment attachment;

  StageNode(Settings settings) throws Exception {
    stage = new BenchStage(settings.number("layer"), settings.number("bytes"));
    harness = StageHarness.start(stage, "bench");
    attachment = ExecutorAttachment.start(harness, new Endpoint.Unix(settings.path("socket")));
    attachment.attached().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void begin(Workload workload) {
    stage.begin(workload);
  }

  @Override
  public Latencies latencies() {
    return stage.latencies();
  }

  @Override
  public void close() {
    attachment.close();
    harness.close();
  }
}

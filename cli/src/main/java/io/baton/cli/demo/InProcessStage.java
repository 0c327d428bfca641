package io.baton.cli.demo;

import io.baton.cli.StageShare;
import io.baton.client.stage.StageHarness;
import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.stages.JlamaStageExecutor;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelException;
import io.baton.transport.grpc.Endpoint;
import java.io.IOException;

/** A relay and its executor in this process. */
final class InProcessStage implements RunningStage {

  private static final int SESSIONS = 4;

  private final String name;
  private final JlamaStageExecutor executor;
  private final StageHarness harness;
  private final Relay relay;

  private InProcessStage(
      String name, JlamaStageExecutor executor, StageHarness harness, Relay relay) {
    this.name = name;
    this.executor = executor;
    this.harness = harness;
    this.relay = relay;
  }

  static InProcessStage start(
      String name, ModelDirectory model, StageShare share, HostPort listen, long poolBytes)
      throws ModelException, IOException {
    JlamaStageExecutor executor =
        JlamaStageExecutor.load(model, share.index(), share.count(), SESSIONS);
    StageHarness harness = StageHarness.start(executor, name);
    try {
      Relay relay =
          Relay.start(
              RelayConfig.of(name, new Endpoint.Tcp(listen))
                  .withDataPlane(RelayConfig.DataPlane.DEFAULT.withPoolBytes(poolBytes)));
      relay.attach(harness);
      return new InProcessStage(name, executor, harness, relay);
    } catch (IOException | RuntimeException e) {
      harness.close();
      executor.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public HostPort awaitReady() {
    return HostPort.parse(relay.endpoint().toString());
  }

  /** The relay is all that others have of it. */
  @Override
  public void kill() {
    relay.close();
  }

  /** It ends with this process, and takes its pool along. */
  @Override
  public void abandon() {}

  @Override
  public void stop() {
    relay.close();
  }

  @Override
  public void close() {
    relay.close();
    harness.close();
    executor.close();
  }
}

package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import io.baton.cli.StageShare;
import io.baton.proto.codec.HostPort;
import io.baton.simulations.proxy.DelayingProxy;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelException;
import io.baton.transport.grpc.BindFailedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The demo's relays: one for each stage, and a spare for each kill that is asked for. */
final class Fleet implements AutoCloseable {

  private final Map<String, RunningStage> stages = new LinkedHashMap<>();
  private final List<DelayingProxy> proxies = new ArrayList<>();
  private final List<HostPort> peers = new ArrayList<>();

  private Fleet() {}

  /**
   * Starts all stages and waits until they can be reached.
   *
   * @param hopLatency one-way delay of every message to or from a relay
   * @param processes whether each is a process of its own
   */
  static Fleet start(
      ModelDirectory model, int count, List<Kill> kills, Duration hopLatency, boolean processes)
      throws CommandException, ModelException, BindFailedException, InterruptedException {
    Fleet fleet = new Fleet();
    try {
      for (int i = 1; i <= count; i++) {
        fleet.start("stage-" + i, model, new StageShare(i, count), processes);
      }
      Map<Integer, Integer> spares = new LinkedHashMap<>();
      for (Kill kill : kills) {
        int number = spares.merge(kill.stage(), 1, Integer::sum);
        fleet.start(
            "stage-%d-spare-%d".formatted(kill.stage(), number),
            model,
            new StageShare(kill.stage(), count),
            processes);
      }
      fleet.awaitReady(hopLatency);
      return fleet;
    } catch (CommandException
        | ModelException
        | BindFailedException
        | InterruptedException
        | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  private void start(String name, ModelDirectory model, StageShare share, boolean processes)
      throws CommandException, ModelException, BindFailedException {
    stages.put(
        name,
        processes
            ? ProcessStage.launch(name, model, share)
            : InProcessStage.start(name, model, share));
  }

  private void awaitReady(Duration hopLatency) throws CommandException, InterruptedException {
    for (RunningStage stage : stages.values()) {
      if (stage instanceof ProcessStage process) {
        process.awaitReady();
      }
      peers.add(hopLatency.isZero() ? stage.address() : delayed(stage.address(), hopLatency));
    }
  }

  private HostPort delayed(HostPort target, Duration hopLatency) throws CommandException {
    try {
      DelayingProxy proxy =
          DelayingProxy.start(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), target.port()), hopLatency);
      proxies.add(proxy);
      return new HostPort(target.host(), proxy.address().getPort());
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.CANNOT_LISTEN, "the delaying proxy cannot listen: " + e.getMessage(), e);
    }
  }

  /** Where the relays are reached; those of the route first, spares after them. */
  List<HostPort> peers() {
    return List.copyOf(peers);
  }

  void kill(String relay) {
    RunningStage stage = stages.get(relay);
    if (stage == null) {
      throw new IllegalArgumentException("no relay is called " + relay);
    }
    stage.kill();
  }

  @Override
  public void close() {
    stages.values().parallelStream().forEach(RunningStage::close);
    proxies.forEach(DelayingProxy::close);
  }
}

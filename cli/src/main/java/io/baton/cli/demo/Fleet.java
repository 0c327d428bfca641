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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** The demo's relays: one for each stage, and a spare for each kill that is asked for. */
final class Fleet implements AutoCloseable {

  /** Starts one stage; it need not be ready yet. */
  @FunctionalInterface
  interface Launcher {
    RunningStage launch(String name, ModelDirectory model, StageShare share)
        throws CommandException, ModelException, BindFailedException;
  }

  private final Launcher launcher;
  private final List<RunningStage> stages = new CopyOnWriteArrayList<>();
  private final List<DelayingProxy> proxies = new ArrayList<>();
  private final List<HostPort> peers = new ArrayList<>();

  /** Interrupted from the keyboard: there is no time for order, but nothing must stay behind. */
  private final Thread hook =
      Thread.ofPlatform().name("baton-stop").unstarted(() -> stages.forEach(RunningStage::kill));

  private Fleet(Launcher launcher) {
    this.launcher = launcher;
  }

  /**
   * Starts all stages and waits until they can be reached.
   *
   * @param hopLatency one-way delay of every message to or from a relay
   */
  static Fleet start(
      ModelDirectory model, int count, List<Kill> kills, Duration hopLatency, Launcher launcher)
      throws CommandException, ModelException, BindFailedException, InterruptedException {
    Fleet fleet = new Fleet(launcher);
    Runtime.getRuntime().addShutdownHook(fleet.hook);
    try {
      fleet.launch(model, count, kills);
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

  private void launch(ModelDirectory model, int count, List<Kill> kills)
      throws CommandException, ModelException, BindFailedException {
    for (int i = 1; i <= count; i++) {
      stages.add(launcher.launch("stage-" + i, model, new StageShare(i, count)));
    }
    Map<Integer, Integer> spares = new HashMap<>();
    for (Kill kill : kills) {
      int number = spares.merge(kill.stage(), 1, Integer::sum);
      String name = "stage-%d-spare-%d".formatted(kill.stage(), number);
      stages.add(launcher.launch(name, model, new StageShare(kill.stage(), count)));
    }
  }

  private void awaitReady(Duration hopLatency) throws CommandException, InterruptedException {
    for (RunningStage stage : stages) {
      HostPort address = stage.awaitReady();
      peers.add(hopLatency.isZero() ? address : delayed(address, hopLatency));
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

  /**
   * Ends a stage as a failure would.
   *
   * @throws IllegalArgumentException if none is called so
   */
  void kill(String relay) {
    stages.stream()
        .filter(stage -> stage.name().equals(relay))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no relay is called " + relay))
        .kill();
  }

  @Override
  public void close() {
    // All are told before any is waited for.
    stages.forEach(RunningStage::stop);
    stages.forEach(RunningStage::close);
    proxies.forEach(DelayingProxy::close);
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is running, and about to end.
    }
  }
}

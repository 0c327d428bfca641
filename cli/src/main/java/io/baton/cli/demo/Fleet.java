package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import io.baton.cli.StageShare;
import io.baton.proto.codec.HostPort;
import io.baton.simulations.proxy.DelayingProxy;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo's relays: one for each stage, and, for those that are killed, either a spare for each
 * kill that is asked for, or a standby for each stage. With standbys, a relay that was killed is
 * started anew at once.
 */
final class Fleet implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Fleet.class);

  /** Longer than a process takes that has to be given up. */
  private static final Duration RESTART_TIMEOUT = Duration.ofMinutes(2);

  /**
   * What the demo needs of relays.
   *
   * @param stages that the model is split into
   * @param kills that will need spares
   * @param standby whether each stage has a standby, instead of spares
   * @param hopLatency one-way delay of every message to or from a relay
   */
  record Plan(int stages, List<Kill> kills, boolean standby, Duration hopLatency) {
    Plan {
      kills = List.copyOf(kills);
    }

    /** How many there will be at a time. */
    int relays() {
      return stages + (standby ? stages : kills.size());
    }
  }

  private final Plan plan;
  private final Berth.Launcher launcher;
  private final List<Berth> berths = new CopyOnWriteArrayList<>();
  private final List<DelayingProxy> proxies = new ArrayList<>();
  private final List<HostPort> peers = new ArrayList<>();

  /** Interrupted from the keyboard: there is no time for order, but nothing must stay behind. */
  private final Thread hook =
      Thread.ofPlatform().name("baton-stop").unstarted(() -> berths.forEach(Berth::abandon));

  /** One after another, so that no more is lost of the machine than a start takes. */
  private final ExecutorService restarts =
      Executors.newSingleThreadExecutor(
          task -> Thread.ofPlatform().daemon().name("baton-restart").unstarted(task));

  private Fleet(Plan plan, Berth.Launcher launcher) {
    this.plan = plan;
    this.launcher = launcher;
  }

  /** Starts all stages and waits until they can be reached. */
  static Fleet start(ModelDirectory model, Plan plan, Berth.Launcher launcher)
      throws CommandException, ModelException, IOException, InterruptedException {
    Fleet fleet = new Fleet(plan, launcher);
    Runtime.getRuntime().addShutdownHook(fleet.hook);
    try {
      fleet.launch(model);
      fleet.awaitReady();
      return fleet;
    } catch (CommandException
        | ModelException
        | IOException
        | InterruptedException
        | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  private void launch(ModelDirectory model) throws CommandException, ModelException, IOException {
    for (int stage = 1; stage <= plan.stages(); stage++) {
      launch("stage-" + stage, model, stage);
    }
    if (plan.standby()) {
      for (int stage = 1; stage <= plan.stages(); stage++) {
        launch("stage-%d-standby".formatted(stage), model, stage);
      }
      return;
    }
    Map<Integer, Integer> spares = new HashMap<>();
    for (Kill kill : plan.kills()) {
      int number = spares.merge(kill.stage(), 1, Integer::sum);
      launch("stage-%d-spare-%d".formatted(kill.stage(), number), model, kill.stage());
    }
  }

  private void launch(String name, ModelDirectory model, int stage)
      throws CommandException, ModelException, IOException {
    berths.add(Berth.occupied(launcher, name, model, new StageShare(stage, plan.stages())));
  }

  private void awaitReady() throws CommandException, InterruptedException {
    for (Berth berth : berths) {
      HostPort address = berth.awaitReady();
      peers.add(plan.hopLatency().isZero() ? address : delayed(address));
    }
  }

  private HostPort delayed(HostPort target) throws CommandException {
    try {
      DelayingProxy proxy =
          DelayingProxy.start(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), target.port()),
              plan.hopLatency());
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
   * Ends a stage as a failure would; with standbys, another is started in its place.
   *
   * @throws IllegalArgumentException if none is called so
   */
  void kill(String relay) {
    Berth berth =
        berths.stream()
            .filter(place -> place.name().equals(relay))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no relay is called " + relay));
    berth.kill();
    if (plan.standby()) {
      restarts.execute(() -> restart(berth));
    }
  }

  private static void restart(Berth berth) {
    try {
      berth.restart();
    } catch (CommandException | ModelException | IOException | RuntimeException e) {
      log.warn("{} could not be started anew: {}", berth.name(), e.getMessage());
    } catch (InterruptedException e) {
      // The demo is over.
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    awaitRestarts();
    // All are told before any is waited for.
    berths.forEach(Berth::stop);
    berths.forEach(Berth::close);
    proxies.forEach(DelayingProxy::close);
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is running, and about to end.
    }
  }

  /** Nothing may be started behind the back of whoever clears up. */
  private void awaitRestarts() {
    restarts.shutdownNow();
    try {
      if (!restarts.awaitTermination(RESTART_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
        log.warn("a relay that is being started anew takes too long to wait for");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

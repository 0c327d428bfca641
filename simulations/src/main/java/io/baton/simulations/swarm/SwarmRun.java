package io.baton.simulations.swarm;

import static io.baton.simulations.swarm.Violation.require;

import io.baton.simulations.swarm.Violation.Kind;
import io.baton.simulations.world.ClientConfig;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.ComputeProfile;
import io.baton.simulations.world.Directory;
import io.baton.simulations.world.Draws;
import io.baton.simulations.world.HistoryHash;
import io.baton.simulations.world.LinkModel;
import io.baton.simulations.world.LinkProfile;
import io.baton.simulations.world.Node;
import io.baton.simulations.world.Protocol;
import io.baton.simulations.world.RelayConfig;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.Timings;
import io.baton.simulations.world.WireSize;
import io.baton.simulations.world.World;
import io.baton.simulations.world.WorldConfig;
import io.baton.simulations.world.WorldObserver;
import java.util.List;
import java.util.Optional;

/**
 * One run of the swarm: faults for a while, under the eyes of the {@link SafetyChecks}; then
 * everything is healed, and every session that lives has to end, and to leave nothing behind.
 */
public final class SwarmRun {

  /** Room for what clients bring: sessions that wait for each other's would wait for ever. */
  private static final long POOL_BYTES = 1 << 20;

  /** So little that most relays with a limit shed pushes: a step of one token takes some 400. */
  private static final long TOKEN_BYTES = 100;

  private static final long SECOND = 1_000_000_000L;

  /** Virtual time in which every session ends once everything is healed. */
  private static final long PATIENCE_NANOS = 300 * SECOND;

  /** Far more events than any run that makes progress takes. */
  private static final long MOST_EVENTS = 300_000;

  private final SwarmConfig config;
  private final FaultPlan faults;
  private final HistoryHash history = new HistoryHash();
  private final World world;

  private SwarmRun(
      SwarmConfig config,
      FaultPlan faults,
      Protocol protocol,
      List<? extends WorldObserver> observers,
      boolean hashing) {
    this.config = config;
    this.faults = faults;
    this.world =
        new World(worldConfig(config), protocol, faults, observer(config, observers, hashing));
    config.relays().forEach(this::addRelay);
    config.clients().forEach(this::addClient);
    faults.schedule(world);
  }

  private WorldObserver observer(
      SwarmConfig swarm, List<? extends WorldObserver> observers, boolean hashing) {
    SafetyChecks checks = new SafetyChecks(swarm.layers());
    if (observers.isEmpty() && !hashing) {
      return checks;
    }
    // Before the checks, so that what they object to has been seen.
    List<WorldObserver> all = new java.util.ArrayList<>(observers);
    all.add(history);
    all.add(checks);
    return WorldObserver.all(all);
  }

  /** Runs a seed of the swarm: configuration and faults are drawn from it. */
  public static SwarmOutcome ofSeed(long seed, Protocol protocol) {
    SwarmConfig config = SwarmConfig.draw(seed);
    return new SwarmRun(config, FaultPlan.drawn(config), protocol, List.of(), false).run();
  }

  /** The same, and tells observers what happens; the outcome has a history. */
  public static SwarmOutcome ofSeed(
      long seed, Protocol protocol, List<? extends WorldObserver> observers) {
    SwarmConfig config = SwarmConfig.draw(seed);
    return new SwarmRun(config, FaultPlan.drawn(config), protocol, observers, true).run();
  }

  /** Runs a configuration with exactly these faults. */
  static SwarmOutcome of(
      SwarmConfig config,
      List<Fault> faults,
      Protocol protocol,
      List<? extends WorldObserver> observers) {
    return new SwarmRun(config, FaultPlan.of(config, faults), protocol, observers, false).run();
  }

  private static WorldConfig worldConfig(SwarmConfig config) {
    return new WorldConfig(
        config.seed(),
        config.layers(),
        config.maxLength(),
        WireSize.PLAIN,
        links(config),
        new Timings(config.noticeNanos(), 0, 2 * config.link().latencyNanos()),
        Directory.ALL);
  }

  /** Each pair's link, and each direction of it, is a little different. */
  private static LinkModel links(SwarmConfig config) {
    LinkProfile middle = config.link();
    Draws draws = new Draws(config.seed()).split("links");
    return (Node from, Node to) -> {
      double factor = 0.5 + draws.fraction(from.index(), to.index());
      return new LinkProfile(
          (long) (middle.latencyNanos() * factor),
          middle.jitterNanos(),
          middle.bytesPerSecond(),
          0,
          0,
          0);
    };
  }

  private void addRelay(SwarmConfig.Relay relay) {
    world.addRelay(
        RelayConfig.of(relay.name(), relay.span(), ComputeProfile.ofToken(relay.computeNanos()))
            .withMaxSessions(relay.maxSessions())
            .withPool(
                relay.poolTokens() == 0 ? 0 : POOL_BYTES,
                (double) relay.poolTokens() * TOKEN_BYTES / POOL_BYTES)
            .withLimits(config.limits())
            .withLease(config.leaseNanos())
            .withSigns(config.signs()));
  }

  private void addClient(SwarmConfig.Client client) {
    world.addClient(
        ClientConfig.of(client.name(), config.route(), client.generation())
            .withThinking(client.thinkNanos())
            .withRetry(config.route().patience().maxBackoffNanos())
            .withLease(config.leaseNanos()),
        client.startNanos());
  }

  private SwarmOutcome run() {
    Optional<Violation> violation = Optional.empty();
    try {
      live();
      die();
    } catch (Violation e) {
      violation = Optional.of(e);
    } catch (RuntimeException e) {
      violation = Optional.of(new Violation(Kind.EXCEPTION, e.toString(), e));
    }
    return new SwarmOutcome(
        config, violation, faults.happened(), world.statistics().protocolEvents(), history.value());
  }

  private void live() {
    if (!runUntilFinished(config.faultyNanos())) {
      faults.heal(world);
      boolean finished = runUntilFinished(world.nowNanos() + PATIENCE_NANOS);
      require(finished, Kind.STUCK, () -> stuck());
    }
  }

  private boolean runUntilFinished(long limitNanos) {
    boolean finished =
        world.runUntil(
            () -> world.isFinished() || world.timeline().executed() > MOST_EVENTS, limitNanos);
    require(
        world.timeline().executed() <= MOST_EVENTS,
        Kind.ENDLESS,
        () -> "%d events, and %s".formatted(MOST_EVENTS, stuck()));
    return finished;
  }

  private String stuck() {
    StringBuilder text = new StringBuilder("not ended:");
    for (ClientNode client : world.clients()) {
      if (client.isUp() && !client.isFinished()) {
        text.append(
            " %s in phase %s of epoch %d with %d tokens"
                .formatted(
                    client,
                    client.state().phase(),
                    client.state().epoch(),
                    client.transcript().length()));
      }
    }
    return text.toString();
  }

  /** Once leases are over, nothing may be left. */
  private void die() {
    faults.heal(world);
    world.runTo(world.nowNanos() + 2 * config.leaseNanos() + 10 * SECOND);
    for (RelayNode relay : world.relays()) {
      require(
          relay.sessions().isEmpty() && relay.heldBytes() == 0 && relay.executorQueue() == 0,
          Kind.LEFT_OVER,
          () ->
              "%s is left with %d sessions, %d bytes and %d computations"
                  .formatted(
                      relay, relay.sessions().size(), relay.heldBytes(), relay.executorQueue()));
    }
    for (ClientNode client : world.clients()) {
      require(
          client.streams() == 0,
          Kind.LEFT_OVER,
          () -> "%s is left with %d streams".formatted(client, client.streams()));
    }
    require(
        world.network().inFlight() == 0 || world.timeline().pending() == 0,
        Kind.LEFT_OVER,
        () -> "%d messages are left".formatted(world.network().inFlight()));
  }
}

package io.baton.simulations.scenario;

import io.baton.session.model.RelayId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The chain of a scenario on real relays: faults of relays are their host's affair, those between
 * them that of the {@link RelayWays}. Used by one thread; its own thread ends delays and cuts.
 *
 * @param <E> what the host may fail with
 */
public final class RealChain<E extends Exception> implements ScenarioChain<E>, AutoCloseable {

  /** For the chain to come to rest; longer than a client looks for a relay before it gives up. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Between two looks at the session, which tells nobody when it is at rest. */
  private static final Duration LOOK = Duration.ofMillis(1);

  private final Roster roster;
  private final RelayHost<E> host;
  private final Map<String, RelayWays> ways;
  private final SessionView session;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("baton-scenario").unstarted(task));

  /**
   * @param ways to each of the relays, by name
   */
  public RealChain(
      Roster roster, RelayHost<E> host, Map<String, RelayWays> ways, SessionView session) {
    this.roster = roster;
    this.host = host;
    this.ways = Map.copyOf(ways);
    this.session = session;
  }

  @Override
  public void settle() throws InterruptedException {
    await(() -> session.isAtRest() || (session.route().isEmpty() && !roster.isComplete()));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(LOOK.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  @Override
  public String kill(int stage) throws E, InterruptedException {
    List<RelayId> before = session.route();
    String relay = roster.kill(stage, names(before));
    host.kill(relay);
    awaitGone(before, relay);
    return relay;
  }

  /** Waits until the client no longer has the relay, as it was, on its route. */
  private void awaitGone(List<RelayId> before, String relay) throws InterruptedException {
    for (RelayId id : before) {
      if (id.name().equals(relay)) {
        await(() -> !session.route().contains(id));
      }
    }
  }

  @Override
  public String restart(int stage) throws E, InterruptedException {
    String relay = roster.restart(stage);
    host.restart(relay);
    return relay;
  }

  @Override
  public String pause(int stage, Duration length) throws E, InterruptedException {
    String relay = roster.serving(stage, names(session.route()));
    host.pause(relay, length);
    return relay;
  }

  @Override
  public String delay(Link link, Duration by, Optional<Duration> length) {
    String relay = roster.serving(link.to(), names(session.route()));
    ways(relay).delay(link, by);
    length.ifPresent(time -> after(time, () -> ways(relay).delay(link, Duration.ZERO)));
    return relay;
  }

  @Override
  public String cut(Link link, Optional<Duration> length) throws InterruptedException {
    List<RelayId> before = session.route();
    String relay = roster.serving(link.to(), names(before));
    ways(relay).cut(link);
    length.ifPresent(time -> after(time, () -> ways(relay).mend(link)));
    if (link.isOfClient()) {
      if (length.isEmpty()) {
        roster.cutOff(relay);
      }
      awaitGone(before, relay);
    }
    return relay;
  }

  private void after(Duration length, Runnable action) {
    var _ = timer.schedule(action, length.toNanos(), TimeUnit.NANOSECONDS);
  }

  private RelayWays ways(String relay) {
    RelayWays found = ways.get(relay);
    if (found == null) {
      throw new IllegalArgumentException("no way leads to " + relay);
    }
    return found;
  }

  private static List<String> names(List<RelayId> route) {
    return route.stream().map(RelayId::name).toList();
  }

  /** What has not ended yet stays as it is. */
  @Override
  public void close() {
    timer.shutdownNow();
  }
}

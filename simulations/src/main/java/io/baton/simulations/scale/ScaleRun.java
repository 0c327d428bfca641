package io.baton.simulations.scale;

import io.baton.session.model.LayerSpan;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteStats;
import io.baton.simulations.world.ClientConfig;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.ComputeProfile;
import io.baton.simulations.world.Draws;
import io.baton.simulations.world.Generation;
import io.baton.simulations.world.LinkModel;
import io.baton.simulations.world.LinkProfile;
import io.baton.simulations.world.Mischief;
import io.baton.simulations.world.OraclePayloads;
import io.baton.simulations.world.Protocol;
import io.baton.simulations.world.RelayConfig;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.World;
import io.baton.simulations.world.WorldConfig;
import java.lang.management.ManagementFactory;
import java.util.function.DoubleConsumer;

/**
 * One fleet, run from the first session to the end of the last lease. Sessions begin within {@value
 * #RAMP_SECONDS} seconds and think a second between two tokens, so that all of them are open at
 * once; relays crash at even intervals, which one being drawn. Every session's outputs are checked
 * against the oracle. Runs on the calling thread.
 */
public final class ScaleRun {

  private static final long SECOND = 1_000_000_000L;
  private static final long MILLISECOND = 1_000_000L;
  private static final int RAMP_SECONDS = 5;
  private static final long LEASE_NANOS = 15 * SECOND;

  /** Virtual time after which sessions that are not done count as hanging. */
  private static final long LIMIT_NANOS = 3600 * SECOND;

  private final ScaleConfig config;
  private final Draws draws;
  private final ScaleObserver observer;
  private final Orphans orphans;
  private final World world;
  private long crashes;
  private long struck;
  private long died;
  private long liveBytes;

  private ScaleRun(ScaleConfig config) {
    this.config = config;
    this.draws = new Draws(config.seed());
    this.observer = new ScaleObserver(new LayerSpan(0, config.stages()));
    this.orphans = new Orphans(observer);
    LinkProfile link = new LinkProfile(10 * MILLISECOND, 2 * MILLISECOND, 0, 0, 0, 0);
    int maxLength = ScaleConfig.PROMPT_TOKENS + config.tokens();
    WorldConfig world =
        WorldConfig.of(config.seed(), config.stages(), maxLength, LinkModel.uniform(link))
            .withDirectory(new Neighbourhood(config.stages(), draws.split("directory")));
    this.world = new World(world, Protocol.PRODUCTION, Mischief.NONE, observer);
  }

  /**
   * Runs a fleet.
   *
   * @param progress is told the part of all sessions that are done, every virtual second
   * @throws IllegalStateException if a session got a wrong token, or has not ended in an hour of
   *     virtual time
   */
  public static ScaleResult run(ScaleConfig config, DoubleConsumer progress) {
    return new ScaleRun(config).run(progress);
  }

  private ScaleResult run(DoubleConsumer progress) {
    addRelays();
    addClients();
    long busyUntil = (RAMP_SECONDS + config.tokens()) * SECOND;
    scheduleCrashes(busyUntil);
    everySecond(progress);
    world.at(busyUntil * 3 / 4, this::measureHeap);
    long began = System.nanoTime();
    if (!world.runUntilFinished(LIMIT_NANOS)) {
      throw new IllegalStateException(
          "%d of %d sessions have not ended in an hour"
              .formatted(config.sessions() - observer.finished - died, config.sessions()));
    }
    long ended = world.nowNanos();
    world.runTo(ended + LEASE_NANOS + SECOND);
    return result(System.nanoTime() - began, ended);
  }

  private void addRelays() {
    for (int i = 0; i < config.relays(); i++) {
      int stage = i % config.stages();
      world.addRelay(
          RelayConfig.of(
                  "relay" + i,
                  new LayerSpan(stage, stage + 1),
                  ComputeProfile.ofToken(MILLISECOND / 2))
              .withLease(LEASE_NANOS));
    }
  }

  private void addClients() {
    Draws starts = draws.split("starts");
    Draws deaths = draws.split("deaths");
    RouteConfig route =
        RouteConfig.of(
                config.stages(), OraclePayloads.ROW, ScaleConfig.PROMPT_TOKENS + config.tokens())
            .withStandby(config.standby());
    for (int i = 0; i < config.sessions(); i++) {
      ClientNode client =
          world.addClient(
              ClientConfig.of(
                      "client" + i,
                      route,
                      Generation.of(i, ScaleConfig.PROMPT_TOKENS, config.tokens()))
                  .withThinking(SECOND)
                  .withLease(LEASE_NANOS),
              (long) (starts.fraction(i, 0) * RAMP_SECONDS * SECOND));
      orphans.add(client);
      if (deaths.fraction(i, 0) < config.deaths()) {
        long when = (long) (deaths.fraction(i, 1) * config.tokens() * SECOND);
        world.at(RAMP_SECONDS * SECOND + when, () -> die(client));
      }
    }
  }

  private void die(ClientNode client) {
    if (client.isUp() && !client.isFinished()) {
      died++;
      client.die();
    }
  }

  private void scheduleCrashes(long until) {
    double aSecond = config.churn() * config.relays() / 60;
    Draws victims = draws.split("victims");
    long count = (long) (aSecond * until / SECOND);
    for (long i = 0; i < count; i++) {
      RelayNode victim = world.relays().get((int) ((victims.bits(i) >>> 1) % config.relays()));
      world.at((long) ((i + 1) / aSecond * SECOND), () -> crash(victim));
    }
  }

  private void crash(RelayNode victim) {
    if (!victim.isUp()) {
      return;
    }
    crashes++;
    struck += victim.sessions().stream().filter(session -> !orphans.isOrphan(session)).count();
    victim.crash();
    world.at(world.nowNanos() + ScaleConfig.DOWN_SECONDS * SECOND, victim::restart);
  }

  private void everySecond(DoubleConsumer progress) {
    world.at(
        world.nowNanos() + SECOND,
        () -> {
          orphans.count(world);
          progress.accept((double) (observer.finished + died) / config.sessions());
          if (!world.isFinished()
              || world.relays().stream().anyMatch(r -> !r.sessions().isEmpty())) {
            everySecond(progress);
          }
        });
  }

  private void measureHeap() {
    System.gc();
    liveBytes = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private ScaleResult result(long wallNanos, long virtualNanos) {
    RouteStats all = RouteStats.ZERO;
    for (ClientNode client : world.clients()) {
      all = all.plus(client.state().stats());
    }
    return new ScaleResult(
        config,
        world.statistics().protocolEvents(),
        wallNanos,
        virtualNanos,
        liveBytes,
        observer.finished,
        died,
        crashes,
        struck,
        all.reroutes(),
        observer.relaysChanged,
        all.takeovers(),
        all.replayedTokens(),
        observer.wholeRoutesTokens,
        orphans.peak(),
        (orphans.longestNanos() + SECOND - 1) / SECOND,
        world.relays().stream().mapToLong(relay -> relay.sessions().size()).sum());
  }
}

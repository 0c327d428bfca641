package io.baton.simulations.world;

import io.baton.session.model.LayerSpan;
import io.baton.session.stage.StageConfig;

/**
 * A relay with its executor.
 *
 * @param maxSessions it refuses more
 * @param poolBytes what its sessions may make it keep in all, by their footprints; 0 for no limit
 * @param pushShare the part of it up to which pushes are taken
 * @param limits of each session
 * @param leaseNanos how long a session stays without a word from its client
 * @param idleNanos how long it stays without a step
 * @param signs how it tells a slow executor from one that hangs
 */
public record RelayConfig(
    String name,
    LayerSpan span,
    ComputeProfile compute,
    int maxSessions,
    long poolBytes,
    double pushShare,
    StageConfig.Limits limits,
    long leaseNanos,
    long idleNanos,
    Signs signs) {

  /**
   * Of life.
   *
   * @param tickNanos how often it says that it works
   * @param stallTicks without progress after which its executor hangs
   * @param reports whether the executor says how far a step has come
   */
  public record Signs(long tickNanos, int stallTicks, boolean reports) {
    public static final Signs DEFAULT = new Signs(1_000_000_000L, 30, true);
  }

  private static final long LEASE_NANOS = 30_000_000_000L;

  private static final long IDLE_NANOS = 600_000_000_000L;

  public static RelayConfig of(String name, LayerSpan span, ComputeProfile compute) {
    return new RelayConfig(
        name,
        span,
        compute,
        Integer.MAX_VALUE,
        0,
        1,
        StageConfig.Limits.DEFAULT,
        LEASE_NANOS,
        IDLE_NANOS,
        Signs.DEFAULT);
  }

  public RelayConfig withMaxSessions(int sessions) {
    return new RelayConfig(
        name, span, compute, sessions, poolBytes, pushShare, limits, leaseNanos, idleNanos, signs);
  }

  public RelayConfig withPool(long bytes, double share) {
    return new RelayConfig(
        name, span, compute, maxSessions, bytes, share, limits, leaseNanos, idleNanos, signs);
  }

  public RelayConfig withLimits(StageConfig.Limits other) {
    return new RelayConfig(
        name,
        span,
        compute,
        maxSessions,
        poolBytes,
        pushShare,
        other,
        leaseNanos,
        idleNanos,
        signs);
  }

  public RelayConfig withLease(long nanos) {
    return new RelayConfig(
        name, span, compute, maxSessions, poolBytes, pushShare, limits, nanos, idleNanos, signs);
  }

  public RelayConfig withIdle(long nanos) {
    return new RelayConfig(
        name, span, compute, maxSessions, poolBytes, pushShare, limits, leaseNanos, nanos, signs);
  }

  public RelayConfig withSigns(Signs other) {
    return new RelayConfig(
        name,
        span,
        compute,
        maxSessions,
        poolBytes,
        pushShare,
        limits,
        leaseNanos,
        idleNanos,
        other);
  }
}

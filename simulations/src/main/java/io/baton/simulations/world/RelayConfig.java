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
    long idleNanos) {

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
        IDLE_NANOS);
  }

  public RelayConfig withMaxSessions(int sessions) {
    return new RelayConfig(
        name, span, compute, sessions, poolBytes, pushShare, limits, leaseNanos, idleNanos);
  }

  public RelayConfig withPool(long bytes, double share) {
    return new RelayConfig(
        name, span, compute, maxSessions, bytes, share, limits, leaseNanos, idleNanos);
  }

  public RelayConfig withLimits(StageConfig.Limits other) {
    return new RelayConfig(
        name, span, compute, maxSessions, poolBytes, pushShare, other, leaseNanos, idleNanos);
  }

  public RelayConfig withLease(long nanos) {
    return new RelayConfig(
        name, span, compute, maxSessions, poolBytes, pushShare, limits, nanos, idleNanos);
  }

  public RelayConfig withIdle(long nanos) {
    return new RelayConfig(
        name, span, compute, maxSessions, poolBytes, pushShare, limits, leaseNanos, nanos);
  }
}

package io.baton.relay;

import io.baton.session.stage.StageConfig;
import io.baton.transport.exchange.LinkConfig;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.PoolConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a relay runs.
 *
 * @param name what clients and peers call it
 * @param listen where clients and peers reach it
 * @param executorSocket where a stage executor of another process attaches; empty if none may
 * @param limits what it may be made to hold
 * @param dataPlane where tensors lie, and how they travel
 */
public record RelayConfig(
    String name,
    Endpoint listen,
    Optional<Endpoint> executorSocket,
    Limits limits,
    DataPlane dataPlane) {

  /**
   * Bounds of a relay.
   *
   * @param sessions the most at a time
   * @param lease the longest that a session is kept without a word from its client; also what a
   *     client gets that asks for none
   * @param payloadBytes of payloads that are being received, altogether
   * @param stage bounds of each session
   */
  public record Limits(int sessions, Duration lease, long payloadBytes, StageConfig.Limits stage) {

    public static final Limits DEFAULT =
        new Limits(256, Duration.ofSeconds(60), 256L << 20, StageConfig.Limits.DEFAULT);

    /**
     * @throws IllegalArgumentException if a bound is not positive
     */
    public Limits {
      if (sessions < 1 || payloadBytes < 1 || !lease.isPositive()) {
        throw new IllegalArgumentException(
            "%d sessions, a lease of %s, %d bytes of payloads"
                .formatted(sessions, lease, payloadBytes));
      }
    }
  }

  /**
   * The memory that tensors are in, and the ways that they go.
   *
   * @param poolBytes of the shared pool
   * @param poolDirectory a file system in memory
   * @param pushShare of the pool that pushes may fill, from 0 to 1
   * @param historyShare of the pool that chunks may fill that everybody is done with, from 0 to 1
   * @param lanes by which bytes may travel, the best first
   * @param device whether an accelerator of this host, if there is one, is to know the pool; it
   *     takes some of its memory
   */
  public record DataPlane(
      long poolBytes,
      Path poolDirectory,
      double pushShare,
      double historyShare,
      List<LaneKind> lanes,
      boolean device) {

    private static final double DEFAULT_HISTORY_SHARE = 0.25;

    public static final DataPlane DEFAULT =
        new DataPlane(
            64L << 20,
            PoolConfig.DEFAULT_DIRECTORY,
            PoolConfig.DEFAULT_PUSH_SHARE,
            DEFAULT_HISTORY_SHARE,
            LinkConfig.ALL_LANES,
            true);

    /**
     * @throws IllegalArgumentException if there is no lane, or a share is none
     */
    public DataPlane {
      lanes = List.copyOf(lanes);
      if (lanes.isEmpty()) {
        throw new IllegalArgumentException("no lane");
      }
      if (!(historyShare >= 0 && historyShare <= 1)) {
        throw new IllegalArgumentException("a share for history of " + historyShare);
      }
    }

    public DataPlane withPoolBytes(long other) {
      return new DataPlane(other, poolDirectory, pushShare, historyShare, lanes, device);
    }

    public DataPlane withPoolDirectory(Path other) {
      return new DataPlane(poolBytes, other, pushShare, historyShare, lanes, device);
    }

    public DataPlane withPushShare(double other) {
      return new DataPlane(poolBytes, poolDirectory, other, historyShare, lanes, device);
    }

    public DataPlane withLanes(List<LaneKind> other) {
      return new DataPlane(poolBytes, poolDirectory, pushShare, historyShare, other, device);
    }

    public DataPlane withHistoryShare(double other) {
      return new DataPlane(poolBytes, poolDirectory, pushShare, other, lanes, device);
    }

    public DataPlane withDevice(boolean other) {
      return new DataPlane(poolBytes, poolDirectory, pushShare, historyShare, lanes, other);
    }

    PoolConfig pool(String relay) {
      return PoolConfig.of(relay, poolBytes).withDirectory(poolDirectory).withPushShare(pushShare);
    }
  }

  public static RelayConfig of(String name, Endpoint listen) {
    return new RelayConfig(name, listen, Optional.empty(), Limits.DEFAULT, DataPlane.DEFAULT);
  }

  public RelayConfig withExecutorSocket(Endpoint socket) {
    return new RelayConfig(name, listen, Optional.of(socket), limits, dataPlane);
  }

  public RelayConfig withLimits(Limits limits) {
    return new RelayConfig(name, listen, executorSocket, limits, dataPlane);
  }

  public RelayConfig withDataPlane(DataPlane dataPlane) {
    return new RelayConfig(name, listen, executorSocket, limits, dataPlane);
  }
}

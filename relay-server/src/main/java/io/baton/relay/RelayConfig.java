package io.baton.relay;

import io.baton.session.FairShare;
import io.baton.session.stage.OpeningRules;
import io.baton.session.stage.StageConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.peer.PeerConfig;
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
 * @param processSocket where processes of this host attach: a stage executor, senders and readers;
 *     empty if none may
 * @param limits what it may be made to hold
 * @param dataPlane where tensors lie, and how they travel
 */
public record RelayConfig(
    String name,
    Endpoint listen,
    Optional<Endpoint.Unix> processSocket,
    Limits limits,
    DataPlane dataPlane) {

  /**
   * Bounds of a relay.
   *
   * @param sessions the most at a time
   * @param clientShare the part of what all clients may have together that one of them gets at
   *     most, if it is alone: of sessions, streams, memory and lanes; more than 0, and 1 for all
   * @param lease the longest that a session is kept without a word from its client; also what a
   *     client gets that asks for none
   * @param idle the longest that a session is kept without a step
   * @param stall how long the stage executor may have something to do, and neither answer nor get
   *     further, before it counts as one that hangs
   * @param payloadBytes of payloads that are being received, altogether
   * @param sessionBytes that all sessions together may make it keep
   * @param stage bounds of each session
   */
  public record Limits(
      int sessions,
      double clientShare,
      Duration lease,
      Duration idle,
      Duration stall,
      long payloadBytes,
      long sessionBytes,
      StageConfig.Limits stage) {

    private static final int MIN_STREAMS = 64;

    public static final Limits DEFAULT =
        new Limits(
            256,
            0.8,
            Duration.ofSeconds(60),
            Duration.ofMinutes(10),
            Duration.ofSeconds(30),
            256L << 20,
            512L << 20,
            StageConfig.Limits.DEFAULT);

    /**
     * @throws IllegalArgumentException if a bound is not positive, or the share is none
     */
    public Limits {
      if (sessions < 1
          || payloadBytes < 1
          || sessionBytes < 1
          || !lease.isPositive()
          || !idle.isPositive()
          || !stall.isPositive()) {
        throw new IllegalArgumentException(
            "%d sessions, a lease of %s, idle for %s, stalled for %s, %d bytes of payloads, %d of sessions"
                .formatted(sessions, lease, idle, stall, payloadBytes, sessionBytes));
      }
      if (!(clientShare > 0 && clientShare <= 1)) {
        throw new IllegalArgumentException("a share for each client of " + clientShare);
      }
    }

    public Limits withSessions(int other) {
      return new Limits(other, clientShare, lease, idle, stall, payloadBytes, sessionBytes, stage);
    }

    public Limits withClientShare(double other) {
      return new Limits(sessions, other, lease, idle, stall, payloadBytes, sessionBytes, stage);
    }

    public Limits withLease(Duration other) {
      return new Limits(
          sessions, clientShare, other, idle, stall, payloadBytes, sessionBytes, stage);
    }

    public Limits withIdle(Duration other) {
      return new Limits(
          sessions, clientShare, lease, other, stall, payloadBytes, sessionBytes, stage);
    }

    public Limits withStall(Duration other) {
      return new Limits(
          sessions, clientShare, lease, idle, other, payloadBytes, sessionBytes, stage);
    }

    public Limits withPayloadBytes(long other) {
      return new Limits(sessions, clientShare, lease, idle, stall, other, sessionBytes, stage);
    }

    public Limits withSessionBytes(long other) {
      return new Limits(sessions, clientShare, lease, idle, stall, payloadBytes, other, stage);
    }

    public Limits withStage(StageConfig.Limits other) {
      return new Limits(
          sessions, clientShare, lease, idle, stall, payloadBytes, sessionBytes, other);
    }

    /** Of clients: for each session one that works, and one that replaces it. */
    int streams() {
      return Math.max(MIN_STREAMS, 2 * sessions);
    }

    FairShare share() {
      return FairShare.of(clientShare);
    }

    OpeningRules opening() {
      return new OpeningRules(sessions, share());
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
            PeerConfig.DEFAULT_LANES,
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

  public RelayConfig withProcessSocket(Endpoint.Unix socket) {
    return new RelayConfig(name, listen, Optional.of(socket), limits, dataPlane);
  }

  public RelayConfig withLimits(Limits limits) {
    return new RelayConfig(name, listen, processSocket, limits, dataPlane);
  }

  public RelayConfig withDataPlane(DataPlane dataPlane) {
    return new RelayConfig(name, listen, processSocket, limits, dataPlane);
  }
}

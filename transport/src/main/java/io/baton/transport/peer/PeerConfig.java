package io.baton.transport.peer;

import io.baton.transport.LaneKind;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.stream.KeptStreamConfig;
import io.grpc.ChannelCredentials;
import java.util.List;

/**
 * How links to peers behave.
 *
 * @param lanes by which bytes may travel, the best first
 * @param partBytes of a body in one frame, on the lane {@link LaneKind#GRPC}
 */
public record PeerConfig(
    ChannelCredentials credentials,
    List<LaneKind> lanes,
    int partBytes,
    KeptStreamConfig stream,
    KeepAlive keepAlive) {

  /** UCX has to be asked for: it is for relays that trust everybody who can reach them. */
  public static final List<LaneKind> DEFAULT_LANES = List.of(LaneKind.LOCAL, LaneKind.GRPC);

  private static final int DEFAULT_PART_BYTES = 256 << 10;
  private static final int MAX_PART_BYTES = 2 << 20;

  /**
   * @throws IllegalArgumentException if there is no lane, or a part is too small or too large for a
   *     message of gRPC
   */
  public PeerConfig {
    lanes = List.copyOf(lanes);
    if (lanes.isEmpty() || lanes.stream().distinct().count() < lanes.size()) {
      throw new IllegalArgumentException("lanes " + lanes);
    }
    if (partBytes < 1 || partBytes > MAX_PART_BYTES) {
      throw new IllegalArgumentException("parts of %d bytes".formatted(partBytes));
    }
  }

  /** Everything but the credentials by default. */
  public static PeerConfig withDefaults(ChannelCredentials credentials) {
    return new PeerConfig(
        credentials,
        DEFAULT_LANES,
        DEFAULT_PART_BYTES,
        KeptStreamConfig.DEFAULT,
        KeepAlive.DEFAULT);
  }

  public PeerConfig withLanes(List<LaneKind> other) {
    return new PeerConfig(credentials, other, partBytes, stream, keepAlive);
  }
}

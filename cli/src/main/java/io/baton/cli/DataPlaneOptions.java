package io.baton.cli;

import io.baton.relay.RelayConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.peer.PeerConfig;
import io.baton.transport.pinned.ByteText;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command with a relay takes: where tensors lie, and by which ways they go. */
final class DataPlaneOptions {

  private static final List<LaneKind> TRUSTING_LANES =
      List.of(LaneKind.LOCAL, LaneKind.UCX, LaneKind.GRPC);

  @Option(
      names = "--pool-size",
      paramLabel = "SIZE",
      converter = ByteSizeConverter.class,
      description =
          "Shared memory for what it relays, such as 64MiB or 2GiB: taken at once, and locked where"
              + " the limits allow (default: 64MiB, or a quarter of the room that there is, if that"
              + " is less).")
  private @Nullable Long poolBytes;

  @Option(
      names = "--lanes",
      split = ",",
      paramLabel = "LANE",
      converter = LaneKindConverter.class,
      description =
          "How bytes may travel to other relays, the best first: local (shared memory of one host),"
              + " ucx (which believes everybody who reaches it), grpc, which is always there"
              + " (default: local,grpc; with --insecure local,ucx,grpc).")
  private @Nullable List<LaneKind> lanes;

  @Option(
      names = "--push-share",
      paramLabel = "SHARE",
      defaultValue = "0.5",
      converter = ShareConverter.class,
      description =
          "The part of the pool that pushes may fill before they are shed, as in 0.5 or 50%%"
              + " (default: ${DEFAULT-VALUE}).")
  private double pushShare;

  @Option(
      names = "--no-device",
      description =
          "Do not make the pool known to a CUDA device, if there is one; it takes some of the"
              + " device's memory.")
  private boolean noDevice;

  /**
   * As told.
   *
   * @param trusting whether everybody who can reach the relay is trusted, as UCX does unless told
   *     otherwise
   * @throws CommandException if the pool is too small, or a lane stands twice
   * @throws PoolException if there is no room for any pool
   */
  RelayConfig.DataPlane dataPlane(boolean trusting) throws CommandException, PoolException {
    return RelayConfig.DataPlane.DEFAULT
        .withPoolBytes(poolBytes())
        .withPushShare(pushShare)
        .withLanes(lanesInOrder(trusting))
        .withDevice(!noDevice);
  }

  private long poolBytes() throws CommandException, PoolException {
    if (poolBytes == null) {
      return DefaultPools.bytes(1);
    }
    if (poolBytes < PoolConfig.MIN_BYTES) {
      throw new CommandException(
          ExitCode.USAGE,
          "--pool-size takes a size from %s up, not %s"
              .formatted(ByteText.of(PoolConfig.MIN_BYTES), ByteText.of(poolBytes)));
    }
    return poolBytes;
  }

  private List<LaneKind> lanesInOrder(boolean trusting) throws CommandException {
    List<LaneKind> named = lanes;
    if (named == null) {
      return trusting ? TRUSTING_LANES : PeerConfig.DEFAULT_LANES;
    }
    Set<LaneKind> seen = EnumSet.noneOf(LaneKind.class);
    for (LaneKind lane : named) {
      if (!seen.add(lane)) {
        throw new CommandException(
            ExitCode.USAGE, "--lanes names %s twice".formatted(LaneKindConverter.name(lane)));
      }
    }
    List<LaneKind> order = new ArrayList<>(named);
    if (seen.add(LaneKind.GRPC)) {
      order.add(LaneKind.GRPC);
    }
    return order;
  }
}

package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.DataAddress;
import io.baton.transport.LaneKind;
import io.baton.transport.ucx.UcxHub;
import java.util.List;
import java.util.Optional;

/**
 * By which lane the bytes of one connection travel: the sender's favourite among those that work.
 */
final class Lanes {

  private static final Lane GRPC = new GrpcLane();
  private static final Lane LOCAL = new LocalLane();
  private static final Lane UCX = new UcxLane();

  private Lanes() {}

  static Lane of(LaneKind kind) {
    return switch (kind) {
      case GRPC -> GRPC;
      case LOCAL -> LOCAL;
      case UCX -> UCX;
    };
  }

  static io.baton.proto.v1.LaneKind toWire(LaneKind lane) {
    return switch (lane) {
      case GRPC -> io.baton.proto.v1.LaneKind.LANE_KIND_GRPC;
      case LOCAL -> io.baton.proto.v1.LaneKind.LANE_KIND_LOCAL;
      case UCX -> io.baton.proto.v1.LaneKind.LANE_KIND_UCX;
    };
  }

  static LaneKind fromWire(io.baton.proto.v1.LaneKind wire) throws MalformedFrameException {
    return known(wire).orElseThrow(() -> new MalformedFrameException("lane", "missing or unknown"));
  }

  /** Lanes that this end does not know are passed over. */
  static List<LaneKind> fromWire(List<io.baton.proto.v1.LaneKind> wire) {
    return wire.stream().flatMap(lane -> known(lane).stream()).toList();
  }

  private static Optional<LaneKind> known(io.baton.proto.v1.LaneKind wire) {
    return switch (wire) {
      case LANE_KIND_GRPC -> Optional.of(LaneKind.GRPC);
      case LANE_KIND_LOCAL -> Optional.of(LaneKind.LOCAL);
      case LANE_KIND_UCX -> Optional.of(LaneKind.UCX);
      case LANE_KIND_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
    };
  }

  /** What whoever opens a connection says: where bytes are taken from, and nothing to send to. */
  static DataAddress ofSender(PeerHost host) {
    return DataAddress.newBuilder()
        .setPool(
            ExchangeCodec.toWire(new PoolAddress(host.pool().path().toString(), host.pool().id())))
        .build();
  }

  /** What whoever was asked answers. */
  static DataAddress ofReceiver(PeerHost host) {
    DataAddress.Builder address = ofSender(host).toBuilder();
    host.workingUcx().ifPresent(ucx -> address.setUcx(ByteString.copyFrom(ucx.address())));
    return address.build();
  }

  /** The first of the wanted lanes that is allowed here and works; gRPC if none does. */
  static Intake choose(
      List<LaneKind> wanted,
      List<LaneKind> allowed,
      DataAddress sender,
      PeerHost here,
      UcxHub.Target arrivals) {
    return wanted.stream()
        .filter(allowed::contains)
        .flatMap(lane -> of(lane).accept(sender, here, arrivals).stream())
        .findFirst()
        .orElse(Intake.OF_FRAMES);
  }
}

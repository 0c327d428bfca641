package io.baton.transport.peer;

import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.PeerWelcome;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.ucx.UcxHub;
import java.util.Optional;
import java.util.function.Consumer;

/** In frames of the stream: what always works, and what the others fall back on. */
final class GrpcLane implements Lane {

  /** Everything goes on the stream. */
  static final Outlet OUTLET = () -> Outlet.Way.FRAMED;

  @Override
  public LaneKind kind() {
    return LaneKind.GRPC;
  }

  @Override
  public boolean isAtHand(PeerHost here) {
    return true;
  }

  @Override
  public Optional<Intake> accept(DataAddress sender, PeerHost here, UcxHub.Target arrivals) {
    return Optional.of(Intake.OF_FRAMES);
  }

  @Override
  public Outlet open(PeerWelcome answer, RemoteHost at, PeerHost here, Consumer<String> onLost) {
    return OUTLET;
  }
}

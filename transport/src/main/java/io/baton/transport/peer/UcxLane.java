package io.baton.transport.peer;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerWelcome;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxWay;
import java.net.InetAddress;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * By UCX, out of one pool into the other. It takes frames as well, ahead of what waits in the
 * stream; until something has got through, and whenever it does not, all goes on the stream.
 */
final class UcxLane implements Lane {

  @Override
  public LaneKind kind() {
    return LaneKind.UCX;
  }

  @Override
  public boolean isAtHand(PeerHost here) {
    return here.workingUcx().isPresent();
  }

  @Override
  public Optional<Intake> accept(DataAddress sender, PeerHost here, UcxHub.Target arrivals) {
    return here.workingUcx().map(hub -> intake(hub, hub.enter(arrivals)));
  }

  private static Intake intake(UcxHub hub, long key) {
    return new Intake(LaneKind.UCX, Optional.empty(), key, () -> hub.leave(key));
  }

  /** An address is believed of whoever was asked, and of the host where it was asked. */
  @Override
  public Outlet open(PeerWelcome answer, RemoteHost at, PeerHost here, Consumer<String> onLost)
      throws MalformedFrameException {
    UcxHub hub =
        here.ucx().orElseThrow(() -> new MalformedFrameException("lane", "there is no UCX here"));
    InetAddress there =
        at.get().orElseThrow(() -> new MalformedFrameException("lane", "UCX needs a network"));
    UcxWay way =
        hub.way(
            answer.getData().getUcx().toByteArray(),
            there,
            failure -> onLost.accept("UCX: " + failure));
    return new Beside(way, answer.getKey());
  }

  private record Beside(UcxWay to, long key) implements Outlet {

    @Override
    public Way way() {
      return to.isReady() ? Way.BESIDE : Way.FRAMED;
    }

    @Override
    public Optional<String> trouble() {
      return to.trouble();
    }

    @Override
    public boolean say(PeerFrame frame) {
      return to.frame(key, frame);
    }

    @Override
    public boolean carry(long number, Slot slot) {
      return to.body(key, number, slot);
    }

    @Override
    public void drop(long number) {
      to.drop(key, number);
    }

    @Override
    public void close() {
      to.close();
    }
  }
}

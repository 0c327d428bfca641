package io.baton.transport.peer;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.PeerWelcome;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.ucx.UcxHub;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A way for bytes between two relays: how it is agreed on, and its two ends. Another way is another
 * class like those that there are, named in {@link Lanes}, and another rig in the tests.
 */
interface Lane {

  LaneKind kind();

  /** Whether this relay can send by it now. */
  boolean isAtHand(PeerHost here);

  /**
   * The receiving end on a connection that a peer has opened; empty if bytes of that peer cannot
   * come this way.
   *
   * @param arrivals takes what comes beside the connection's stream
   */
  Optional<Intake> accept(DataAddress sender, PeerHost here, UcxHub.Target arrivals);

  /**
   * The sending end on a connection on which the peer has chosen this way.
   *
   * @param at where the peer was asked
   * @param onLost told if what was sent may not have arrived, so that the connection has to end
   * @throws MalformedFrameException if the peer's answer cannot be so
   */
  Outlet open(PeerWelcome answer, RemoteHost at, PeerHost here, Consumer<String> onLost)
      throws MalformedFrameException;
}

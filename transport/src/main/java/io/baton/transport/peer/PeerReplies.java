package io.baton.transport.peer;

import io.baton.proto.codec.FailureCodec;
import io.baton.proto.v1.Granted;
import io.baton.proto.v1.ParcelRefused;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.Released;
import io.baton.proto.v1.Taken;
import io.baton.proto.v1.Waiting;
import io.baton.session.exchange.Failure;
import java.util.List;

/** What is answered to a peer, in words of the wire. */
final class PeerReplies {

  private PeerReplies() {}

  static PeerReply waiting(long number, String detail) {
    return PeerReply.newBuilder()
        .setWaiting(Waiting.newBuilder().setNumber(number).setDetail(detail))
        .build();
  }

  static PeerReply granted(long number) {
    return PeerReply.newBuilder().setGranted(Granted.newBuilder().setNumber(number)).build();
  }

  static PeerReply taken(long number) {
    return PeerReply.newBuilder().setTaken(Taken.newBuilder().setNumber(number)).build();
  }

  static PeerReply refused(long number, Failure failure) {
    return PeerReply.newBuilder()
        .setRefused(
            ParcelRefused.newBuilder().setNumber(number).setFailure(FailureCodec.toWire(failure)))
        .build();
  }

  static PeerReply released(List<Long> numbers) {
    return PeerReply.newBuilder().setReleased(Released.newBuilder().addAllNumbers(numbers)).build();
  }
}

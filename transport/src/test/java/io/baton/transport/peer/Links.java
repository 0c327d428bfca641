package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeSet;

/** Listeners and receivers that do nothing, and offers for tests. */
final class Links {

  /** For links that only push. */
  static final PeerListener NO_CHUNKS =
      new PeerListener() {
        @Override
        public void onReady(PeerConnection connection) {}

        @Override
        public void onRoom(PeerConnection connection) {}

        @Override
        public void onLost(PeerConnection connection, String why) {}

        @Override
        public void onAnswer(PeerConnection connection, PeerAnswer answer) {}
      };

  private Links() {}

  /** An offer whose bytes are to be had otherwise. */
  static Offer offer(long number, long bytes) {
    return new Offer(
        number,
        new DataId("g", "d" + number),
        0,
        OptionalInt.empty(),
        new TreeSet<>(List.of(0)),
        new Content.OfObject(bytes),
        List.of(),
        new Body.ToGrant());
  }

  static Offer inline(long number, byte[] bytes) {
    return offer(number, bytes.length).with(new Body.Inline(ByteString.copyFrom(bytes)));
  }
}

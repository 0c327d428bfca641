package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PushHead;
import io.baton.transport.Room;
import io.baton.transport.Share;
import io.baton.transport.payload.ArrivingBytes;
import java.util.Optional;

/** A push whose bytes follow its head. Used under the lock of its {@link InboundSteps}. */
final class ArrivingStep {

  final PushHead head;
  final Share share;
  final ArrivingBytes bytes;

  /** That its bytes come beside the stream, and are being written. */
  boolean landing;

  private final Room room;
  private final long headBytes;

  /**
   * @param headBytes taken from the room for the head, which is kept as well
   */
  ArrivingStep(PushHead head, long headBytes, Share share, Room room) {
    this.head = head;
    this.headBytes = headBytes;
    this.share = share;
    this.room = room;
    this.bytes = new ArrivingBytes(head.payload().bytes(), Optional.of(share), room);
  }

  /**
   * Takes the part that is next.
   *
   * @return whether all have come by it
   * @throws MalformedFrameException if it is another
   */
  boolean add(long offset, ByteString data) throws MalformedFrameException {
    long all = head.payload().bytes();
    long before = bytes.received();
    if (landing || data.isEmpty() || offset != before || data.size() > all - before) {
      throw new MalformedFrameException(
          "body.data",
          "%d bytes at %d, after %d of %d".formatted(data.size(), offset, before, all));
    }
    bytes.add(data);
    return bytes.received() == all;
  }

  /** Gives its room back. Once, by whoever has taken it from the others that arrive. */
  void letGo() {
    bytes.letGo();
    room.giveBack(headBytes);
  }
}

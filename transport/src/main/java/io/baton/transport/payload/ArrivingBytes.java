package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.transport.CopiedBytes;
import io.baton.transport.Room;
import io.baton.transport.Share;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a payload that come in pieces. Its announcement costs nothing: room is taken, and
 * memory, as the bytes come, never twice as much as has come. What nobody wants, or there is no
 * room for, is counted and thrown away. Not safe for use by several threads.
 */
public final class ArrivingBytes {

  /** A payload below this gets its memory at once, and a larger one that much to begin with. */
  private static final int FIRST_BYTES = 64 << 10;

  private final long announced;
  private final Room room;
  private Optional<Share> share;
  private @Nullable ByteBuffer buffer;
  private long taken;
  private boolean full;
  private long received;

  /**
   * @param share of the room that may be used for it; empty if nobody wants it
   */
  public ArrivingBytes(long announced, Optional<Share> share, Room room) {
    this.announced = announced;
    this.share = share;
    this.room = room;
  }

  /** How many have come. */
  public long received() {
    return received;
  }

  public boolean isWanted() {
    return share.isPresent();
  }

  /** Takes a piece that is not longer than what is missing. */
  public void add(ByteString data) {
    received += data.size();
    if (full || share.isEmpty()) {
      return;
    }
    ByteBuffer into = buffer;
    if (into == null || into.remaining() < data.size()) {
      into = grown(into, share.get());
      buffer = into;
    }
    if (into == null) {
      full = true;
      letGo();
    } else {
      CopiedBytes.add(data.size());
      data.copyTo(into);
    }
  }

  /** With room for what has come, and for as much again; null if there is none. */
  private @Nullable ByteBuffer grown(@Nullable ByteBuffer from, Share part) {
    long capacity = Math.min(announced, Math.max(FIRST_BYTES, 2 * received));
    long more = capacity - taken;
    if (!room.tryTake(more, part)) {
      return null;
    }
    // From here on it is given back when the payload is let go, also if there is no memory.
    taken = capacity;
    ByteBuffer larger = ByteBuffer.allocate(Math.toIntExact(capacity));
    if (from == null) {
      return larger;
    }
    CopiedBytes.add(from.position());
    return larger.put(from.flip());
  }

  /** All of them, if there was room; to be let go of all the same. */
  public Optional<ByteBuffer> whole() {
    return Optional.ofNullable(buffer).map(ByteBuffer::flip);
  }

  /** Nobody wants it any more. */
  public void discard() {
    share = Optional.empty();
    letGo();
  }

  /** Gives the room back. Idempotent. */
  public void letGo() {
    buffer = null;
    room.giveBack(taken);
    taken = 0;
  }
}

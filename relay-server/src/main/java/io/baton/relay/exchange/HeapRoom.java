package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Failure;
import io.baton.transport.Budget;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/**
 * Room for what chunks take outside of the pool: the bytes of small ones, and what is said of each.
 * Without a bound on it, whoever may send could say much about chunks that have no bytes. To be
 * used in the loop alone.
 */
final class HeapRoom {

  /** What the records of a chunk take, about. */
  static final int RECORD_BYTES = 256;

  private final Budget bytes;
  private final LongUnaryOperator makeRoom;

  /** What one chunk takes. */
  record Piece(HeapRoom room, long bytes) {

    /** To be called once. */
    void release() {
      room.bytes.giveBack(bytes);
    }

    /** As much again, if there is room. */
    Optional<Piece> another() {
      return room.take(bytes);
    }
  }

  /**
   * @param makeRoom lets go of so many bytes of what is kept only for the case that somebody asks
   *     again, as far as there are any, and answers how many
   */
  HeapRoom(long capacity, LongUnaryOperator makeRoom) {
    this.bytes = new Budget(capacity);
    this.makeRoom = makeRoom;
  }

  Optional<Piece> take(DataId id, List<String> nextPeers, ByteString inline) {
    return take(RECORD_BYTES + saidBytes(id, nextPeers, inline));
  }

  /** What of a chunk takes as much room as there are bytes or letters of it. */
  static long saidBytes(DataId id, List<String> nextPeers, ByteString inline) {
    long said = (long) id.group().length() + id.id().length();
    for (String peer : nextPeers) {
      said += peer.length();
    }
    return said + inline.size();
  }

  private Optional<Piece> take(long wanted) {
    while (!bytes.tryTake(wanted)) {
      if (makeRoom.applyAsLong(wanted) == 0) {
        return Optional.empty();
      }
    }
    return Optional.of(new Piece(this, wanted));
  }

  long used() {
    return bytes.used();
  }

  /** Why there is nothing to be had. */
  Failure full() {
    return new Failure(
        Failure.Reason.RESOURCE_EXHAUSTED,
        "small chunks, and what is said of others, take %d of %d bytes already"
            .formatted(bytes.used(), bytes.capacity()));
  }
}

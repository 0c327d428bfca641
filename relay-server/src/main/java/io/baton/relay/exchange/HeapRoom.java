package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Failure;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/**
 * Room for what chunks and data take outside of the pool: the bytes of small ones, what is said of
 * each, and what is remembered. Without a bound on it, whoever may send could say much about chunks
 * that have no bytes, and whoever may receive wait for many that never come. To be used in the loop
 * alone.
 */
final class HeapRoom {

  /** What the records of a chunk take, about. */
  static final int RECORD_BYTES = 768;

  private final long capacity;
  private final LongUnaryOperator makeRoom;
  private long used;

  /** What one chunk takes. */
  record Piece(HeapRoom room, long bytes) {

    /** To be called once. */
    void release() {
      room.charge(-bytes);
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
    this.capacity = capacity;
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
    return Character.BYTES * said + inline.size();
  }

  /** Leaves a quarter, so that chunks which nobody takes keep nobody from waiting for others. */
  private Optional<Piece> take(long wanted) {
    if (!makeRoom(wanted + capacity / 4)) {
      return Optional.empty();
    }
    charge(wanted);
    return Optional.of(new Piece(this, wanted));
  }

  /** Lets go of what nobody needs until so much is free, or there is no more of it. */
  boolean makeRoom(long wanted) {
    long missing = wanted - (capacity - used);
    while (missing > 0) {
      if (makeRoom.applyAsLong(missing) == 0) {
        return false;
      }
      missing = wanted - (capacity - used);
    }
    return true;
  }

  /**
   * What is remembered takes so much more, or less. It is taken whether there is room or not: room
   * is to be made before anything grows, and what was made was an estimate.
   *
   * @throws IllegalStateException if more comes back than was taken
   */
  void charge(long bytes) {
    used += bytes;
    if (used < 0) {
      throw new IllegalStateException("more given back than was taken");
    }
  }

  long used() {
    return used;
  }

  long capacity() {
    return capacity;
  }

  /** Why there is nothing to be had. */
  Failure full() {
    return new Failure(
        Failure.Reason.RESOURCE_EXHAUSTED,
        "small chunks, what is said of others and what waits take %d of the heap's %d bytes for them"
            .formatted(used, capacity));
  }
}

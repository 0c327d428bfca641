package io.baton.session.exchange;

import io.baton.session.PersistentIntMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A datum at the relay of its readers.
 *
 * @param chunks those that are here, and those that were and are gone
 * @param here how many of them are here
 * @param highest the highest number that has come, or -1
 * @param forgotten all chunks of a smaller number are gone
 * @param total the number of chunks, once the sender has said it
 * @param closing that of a sender which came after every chunk was done: of what is sent anew, if
 *     anything is
 * @param senders how far its senders have come
 * @param waiting requests to receive what is not here, by their numbers, oldest first
 * @param lastWordNanos when something last happened
 */
public record DataState(
    DataId id,
    DataLimits limits,
    PersistentIntMap<ChunkState> chunks,
    int here,
    int highest,
    int forgotten,
    OptionalInt total,
    DataInput.@Nullable Closed closing,
    Senders senders,
    Map<Long, DataInput.Receive> waiting,
    long lastWordNanos) {

  /** What the records of a datum take of the heap, about, its id and what waits for it aside. */
  private static final int RECORD_BYTES = 640;

  /** The same of a chunk that is gone, before one that has not come. */
  private static final int GONE_BYTES = 400;

  /** The same of a request that waits. */
  private static final int WAITING_BYTES = 320;

  /** The same of each relay that has sent any of it. */
  private static final int SENDER_BYTES = 64;

  public DataState {
    waiting =
        waiting.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(waiting));
  }

  /** Nothing is known of it. */
  public static DataState initial(DataId id, DataLimits limits, long nowNanos) {
    return new DataState(
        id,
        limits,
        PersistentIntMap.empty(),
        0,
        -1,
        0,
        OptionalInt.empty(),
        null,
        Senders.NONE,
        Map.of(),
        nowNanos);
  }

  /** Requests that wait. */
  public Collection<DataInput.Receive> waitingRequests() {
    return waiting.values();
  }

  /** Numbers of the chunks that are here. */
  public List<Integer> chunksHere() {
    List<Integer> numbers = new ArrayList<>(here);
    chunks.forEach(
        (index, chunk) -> {
          if (chunk instanceof ChunkState.Here) {
            numbers.add(index);
          }
        });
    return numbers;
  }

  /** The standing of a chunk, if it is here. */
  public @Nullable Standing standing(int index) {
    return chunks.get(index) instanceof ChunkState.Here here ? here.standing() : null;
  }

  /**
   * Whether this very chunk has come before.
   *
   * @param taken from the relay that sends it
   */
  public Taken.Verdict verdict(int index, Origin origin, Taken taken) {
    ChunkState chunk = chunks.get(index);
    return chunk != null && chunk.origin().equals(origin)
        ? Taken.Verdict.TAKEN
        : taken.verdict(origin.transfer());
  }

  /** True if nothing is worth remembering. */
  boolean isBlank() {
    return highest < 0 && total.isEmpty() && waiting.isEmpty();
  }

  /** What it takes of the heap, about; what its chunks take that are here is not in it. */
  public long heapBytes() {
    return bytesOfNew(id)
        + (long) GONE_BYTES * (chunks.size() - here)
        + (long) WAITING_BYTES * waiting.size()
        + (long) SENDER_BYTES * senders.size();
  }

  /** What a datum takes of which nothing is known yet, and one more that waits. */
  public static long bytesOfRequest(DataId id) {
    return bytesOfNew(id) + WAITING_BYTES;
  }

  private static long bytesOfNew(DataId id) {
    return RECORD_BYTES + Character.BYTES * (long) (id.group().length() + id.id().length());
  }

  /**
   * True if nothing is lost with the memory of it but the answer {@link Failure.Reason#GONE}: no
   * chunk is here, nobody waits for one, and none is known to come yet.
   */
  public boolean isOver() {
    return isIdle()
        && closing == null
        && (total.isEmpty() || forgotten + chunks.size() == total.getAsInt());
  }

  /** True if it is time to forget it. */
  public boolean isForgettable(long nowNanos) {
    return isIdle() && nowNanos - lastWordNanos >= limits.memoryNanos();
  }

  /** True if no chunk is here and nobody waits for one: it is over, or has not begun. */
  public boolean isIdle() {
    return waiting.isEmpty() && here == 0;
  }

  /** When {@link DataInput.Tick} is due. */
  public OptionalLong nextDeadlineNanos() {
    if (isIdle()) {
      return OptionalLong.of(lastWordNanos + limits.memoryNanos());
    }
    OptionalLong next = OptionalLong.empty();
    for (DataInput.Receive request : waiting.values()) {
      if (next.isEmpty() || request.deadlineNanos() - next.getAsLong() < 0) {
        next = OptionalLong.of(request.deadlineNanos());
      }
    }
    return next;
  }
}

package io.baton.session.exchange;

import io.baton.session.PersistentIntMap;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
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

  public DataState {
    waiting = Collections.unmodifiableMap(new LinkedHashMap<>(waiting));
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

  /** The standing of a chunk, if it is here. */
  public @Nullable Standing standing(int index) {
    return chunks.get(index) instanceof ChunkState.Here here ? here.standing() : null;
  }

  /** True if this very chunk has come before. */
  public boolean hasCome(int index, Origin origin) {
    ChunkState chunk = chunks.get(index);
    return chunk != null && chunk.origin().equals(origin);
  }

  /** True if nothing is worth remembering. */
  boolean isBlank() {
    return highest < 0 && total.isEmpty() && waiting.isEmpty();
  }

  /** True if no chunk is here and nobody waits for one. */
  boolean isIdle() {
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

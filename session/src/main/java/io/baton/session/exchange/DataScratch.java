package io.baton.session.exchange;

import io.baton.session.PersistentIntMap;
import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A datum while it is being changed by one input. */
final class DataScratch {

  final DataId id;
  final DataLimits limits;
  final long nowNanos;
  final Map<Long, DataInput.Receive> waiting;
  PersistentIntMap<ChunkState> chunks;
  int here;
  int highest;
  int forgotten;
  OptionalInt total;
  DataInput.@Nullable Closed closing;
  Senders senders;
  private boolean crowded;
  private final long lastWordNanos;
  private final List<DataEffect> effects = new ArrayList<>();

  DataScratch(DataState state, long nowNanos) {
    this.id = state.id();
    this.limits = state.limits();
    this.nowNanos = nowNanos;
    this.waiting = new LinkedHashMap<>(state.waiting());
    this.chunks = state.chunks();
    this.here = state.here();
    this.highest = state.highest();
    this.forgotten = state.forgotten();
    this.total = state.total();
    this.closing = state.closing();
    this.senders = state.senders();
    this.lastWordNanos = state.lastWordNanos();
  }

  Transition<DataState, DataEffect> finish(boolean isWord) {
    DataState next =
        new DataState(
            id,
            limits,
            chunks,
            here,
            highest,
            forgotten,
            total,
            closing,
            senders,
            waiting,
            isWord ? nowNanos : lastWordNanos);
    if (next.isBlank() || next.isForgettable(nowNanos) || (crowded && next.isOver())) {
      emit(new DataEffect.Forget());
    }
    return new Transition<>(next, effects);
  }

  void crowd() {
    crowded = true;
  }

  void emit(DataEffect effect) {
    effects.add(effect);
  }

  /** True if a chunk of that number is here, or was. */
  boolean knows(int index) {
    return index < forgotten || chunks.get(index) != null;
  }

  /** Where the chunk of that number came from, if that is remembered. */
  @Nullable Origin origin(int index) {
    ChunkState chunk = chunks.get(index);
    return chunk == null ? null : chunk.origin();
  }

  /** A chunk that was not known is here. */
  void add(int index, ChunkState.Here chunk) {
    chunks = chunks.put(index, chunk);
    senders = senders.having(chunk.origin());
    here++;
    highest = Math.max(highest, index);
    emit(new DataEffect.Keep(index));
    emit(new DataEffect.Stand(index, chunk.standing()));
  }

  /** Changes a chunk if it is here, and says so if its standing is another then. */
  void update(int index, UnaryOperator<ChunkState.Here> change) {
    if (chunks.get(index) instanceof ChunkState.Here before) {
      ChunkState.Here after = change.apply(before);
      chunks = chunks.put(index, after);
      if (after.standing() != before.standing()) {
        emit(new DataEffect.Stand(index, after.standing()));
      }
    }
  }

  /** To be called when the reader holds the chunk. */
  void deliver(DataInput.Receive request) {
    emit(new DataEffect.Deliver(request.request(), request.reader(), request.index()));
  }

  void fail(DataInput.Receive request, Failure.Reason reason, String message) {
    emit(new DataEffect.Fail(request.request(), new Failure(reason, message)));
  }

  /** The memory of a chunk has been given away. */
  void drop(int index) {
    if (!(chunks.get(index) instanceof ChunkState.Here chunk)) {
      return;
    }
    chunks = chunks.put(index, new ChunkState.Gone(chunk.origin()));
    here--;
    while (chunks.get(forgotten) instanceof ChunkState.Gone) {
      chunks = chunks.remove(forgotten);
      forgotten++;
    }
  }

  /** How many chunks have come. */
  int come() {
    return forgotten + chunks.size();
  }

  /** True if every chunk of the datum has been here and is needed by nobody. */
  boolean isFinished() {
    if (total.isEmpty() || come() < total.getAsInt()) {
      return false;
    }
    boolean[] finished = {true};
    chunks.forEach(
        (_, chunk) ->
            finished[0] &=
                chunk instanceof ChunkState.Gone
                    || (chunk instanceof ChunkState.Here here && here.standing() == Standing.DONE));
    return finished[0];
  }

  /** Forgets what the datum was, so that it can be sent anew. */
  void beginAnew() {
    chunks.forEach(
        (index, chunk) -> {
          if (chunk instanceof ChunkState.Here) {
            emit(new DataEffect.Discard(index));
          }
        });
    chunks = PersistentIntMap.empty();
    here = 0;
    highest = -1;
    forgotten = 0;
    total = OptionalInt.empty();
    closing = null;
    senders = senders.anew();
  }
}

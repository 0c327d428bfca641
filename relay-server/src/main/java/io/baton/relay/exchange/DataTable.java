package io.baton.relay.exchange;

import io.baton.session.Transition;
import io.baton.session.exchange.DataEffect;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.DataLimits;
import io.baton.session.exchange.DataMachine;
import io.baton.session.exchange.DataState;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Origin;
import io.baton.session.exchange.Standing;
import io.baton.transport.pinned.ChunkIndex;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All data that have chunks or waiting readers here: feeds the {@link DataMachine} of each and
 * carries out the effects. To be used in the loop alone.
 */
final class DataTable {

  /** Hears what becomes of what was asked for. */
  interface Answers {
    void deliver(long request, int index, StoredChunk chunk);

    void endOfStream(long request, int total);

    void fail(long request, Failure failure);
  }

  /** Hears whether what was sent is kept. */
  interface Receipt {
    void taken();

    void refused(Failure failure);
  }

  /** A chunk's key in the index. */
  record ChunkKey(DataId id, int index) {}

  private static final class Entry {
    DataState state;
    Deadlines.@Nullable Due due;
    long dueNanos;

    Entry(DataState state) {
      this.state = state;
    }
  }

  private static final int MAX_DATA = 1 << 20;

  private final ChunkIndex<ChunkKey, StoredChunk> index;
  private final Deadlines deadlines;
  private final LongSupplier nanoTime;
  private final Answers answers;
  private final Map<DataId, Entry> data = new HashMap<>();

  DataTable(
      ChunkIndex<ChunkKey, StoredChunk> index,
      Deadlines deadlines,
      LongSupplier nanoTime,
      Answers answers) {
    this.index = index;
    this.deadlines = deadlines;
    this.nanoTime = nanoTime;
    this.answers = answers;
  }

  int size() {
    return data.size();
  }

  /** True if this very chunk has been taken before, so that its bytes need not come again. */
  boolean hasCome(DataId id, int index, Origin origin) {
    Entry entry = data.get(id);
    return entry != null && entry.state.hasCome(index, origin);
  }

  /** A chunk is here; its reference is the table's from now on. */
  void arrived(DataId id, DataInput.Arrived arrived, StoredChunk chunk, Receipt receipt) {
    if (isFull(id)) {
      chunk.release();
      receipt.refused(full());
      return;
    }
    for (DataEffect effect : next(id, arrived)) {
      switch (effect) {
        case DataEffect.Keep(int number) -> {
          index.put(new ChunkKey(id, number), chunk, Standing.UNCLAIMED);
          receipt.taken();
        }
        case DataEffect.KnowAlready _ -> {
          chunk.release();
          receipt.taken();
        }
        case DataEffect.Refuse(Failure failure) -> {
          chunk.release();
          receipt.refused(failure);
        }
        default -> carryOut(id, effect);
      }
    }
  }

  /** The number of chunks is known. */
  void closed(DataId id, DataInput.Closed closed, Receipt receipt) {
    if (isFull(id)) {
      receipt.refused(full());
      return;
    }
    for (DataEffect effect : next(id, closed)) {
      switch (effect) {
        case DataEffect.ClosingKnown() -> receipt.taken();
        case DataEffect.Refuse(Failure failure) -> receipt.refused(failure);
        default -> carryOut(id, effect);
      }
    }
  }

  void receive(DataId id, DataInput.Receive receive) {
    if (isFull(id)) {
      answers.fail(receive.request(), full());
    } else {
      feed(id, receive);
    }
  }

  void markDone(DataId id, DataInput.MarkDone done) {
    feedIfKnown(id, done);
  }

  void letGo(DataId id, DataInput.LetGo unwanted) {
    feedIfKnown(id, unwanted);
  }

  void cancel(DataId id, long request) {
    feedIfKnown(id, new DataInput.Cancel(request));
  }

  void readerGone(String group, long registration) {
    List<DataId> ids = data.keySet().stream().filter(id -> id.group().equals(group)).toList();
    ids.forEach(id -> feedIfKnown(id, new DataInput.ReaderGone(registration)));
  }

  /**
   * The index has let go of a chunk. To be said at once, before anything else is done: in between a
   * reader could be promised the chunk, or another come in its place that would be taken for it.
   */
  void dropped(ChunkKey key) {
    feedIfKnown(key.id(), new DataInput.Dropped(key.index()));
  }

  /** The chunk, if another relay keeps its bytes. */
  Optional<StoredChunk.Foreign> foreign(ChunkKey key) {
    return index.get(key).map(chunk -> chunk instanceof StoredChunk.Foreign its ? its : null);
  }

  /**
   * The relay that keeps a chunk's bytes is gone: the chunk is kept as a copy, or, if there is
   * none, is gone too, unless a reader holds it.
   */
  void rescue(ChunkKey key, Function<StoredChunk.Foreign, @Nullable StoredChunk> copier) {
    Entry entry = data.get(key.id());
    Standing standing = entry == null ? null : entry.state.standing(key.index());
    if (standing == null || !(index.get(key).orElse(null) instanceof StoredChunk.Foreign foreign)) {
      return;
    }
    StoredChunk copy = copier.apply(foreign);
    if (copy != null) {
      index.put(key, copy, standing);
    } else if (standing != Standing.IN_USE) {
      index.remove(key);
      dropped(key);
    }
  }

  void clear() {
    data.clear();
    index.clear();
  }

  private boolean isFull(DataId id) {
    return data.size() >= MAX_DATA && !data.containsKey(id);
  }

  private static Failure full() {
    return new Failure(
        Failure.Reason.RESOURCE_EXHAUSTED,
        "the relay knows of %d data already".formatted(MAX_DATA));
  }

  private void feedIfKnown(DataId id, DataInput input) {
    if (data.containsKey(id)) {
      feed(id, input);
    }
  }

  private void feed(DataId id, DataInput input) {
    next(id, input).forEach(effect -> carryOut(id, effect));
  }

  private List<DataEffect> next(DataId id, DataInput input) {
    long now = nanoTime.getAsLong();
    Entry entry =
        data.computeIfAbsent(id, _ -> new Entry(DataState.initial(id, DataLimits.DEFAULT, now)));
    Transition<DataState, DataEffect> next = DataMachine.step(entry.state, input, now);
    entry.state = next.state();
    schedule(id, entry);
    return next.effects();
  }

  private void carryOut(DataId id, DataEffect effect) {
    switch (effect) {
      case DataEffect.Deliver(long request, var _, int number) -> deliver(id, request, number);
      case DataEffect.EndOfStream(long request, int total) -> answers.endOfStream(request, total);
      case DataEffect.Fail(long request, Failure failure) -> answers.fail(request, failure);
      case DataEffect.Stand(int number, var standing) -> stand(new ChunkKey(id, number), standing);
      case DataEffect.Discard(int number) -> index.remove(new ChunkKey(id, number));
      case DataEffect.Forget() -> forget(id);
      case DataEffect.Keep _, DataEffect.KnowAlready _, DataEffect.ClosingKnown _ -> {}
      case DataEffect.Refuse _ -> {}
    }
  }

  private void deliver(DataId id, long request, int number) {
    index
        .standing(new ChunkKey(id, number), Standing.IN_USE)
        .ifPresentOrElse(
            chunk -> answers.deliver(request, number, chunk),
            () ->
                answers.fail(
                    request,
                    new Failure(
                        Failure.Reason.GONE,
                        "chunk %d of %s was let go at this moment".formatted(number, id))));
  }

  private void stand(ChunkKey key, Standing standing) {
    StoredChunk chunk = index.standing(key, standing).orElse(null);
    if (standing == Standing.DONE && chunk instanceof StoredChunk.Foreign) {
      // It takes up another relay's room, which is not this one's to keep a history in.
      index.remove(key);
      dropped(key);
    }
  }

  private void forget(DataId id) {
    Entry entry = data.remove(id);
    if (entry != null && entry.due != null) {
      deadlines.cancel(entry.due);
    }
  }

  private void schedule(DataId id, Entry entry) {
    OptionalLong next = entry.state.nextDeadlineNanos();
    if (entry.due != null) {
      if (next.isPresent() && entry.dueNanos - next.getAsLong() <= 0) {
        // Rings too early, looks again, and goes on: cheaper than to move it with every word.
        return;
      }
      deadlines.cancel(entry.due);
      entry.due = null;
    }
    if (next.isPresent()) {
      entry.dueNanos = next.getAsLong();
      entry.due =
          deadlines.at(
              entry.dueNanos,
              () -> {
                entry.due = null;
                feedIfKnown(id, new DataInput.Tick());
              });
    }
  }
}

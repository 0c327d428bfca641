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
import io.baton.session.exchange.Reader;
import io.baton.session.exchange.Standing;
import io.baton.session.exchange.Taken;
import io.baton.transport.Deadlines;
import io.baton.transport.TimerWheel.Timer;
import io.baton.transport.pinned.ChunkIndex;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All data that have chunks or waiting readers here, and those that are over and not forgotten:
 * feeds the {@link DataMachine} of each and carries out the effects. What is over is forgotten
 * after a while, and the oldest when there are many; what all of it takes is charged to the room on
 * the heap, and who asks for more than there is gets nothing. To be used in the loop alone.
 *
 * <p>A bug in the middle of what is to be done for a datum would leave its machine and the index at
 * odds for good. It is abandoned then, alone: its chunks are let go, and whoever waits is told.
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
    @Nullable Timer due;
    long dueNanos;
    long charged;
    @Nullable Resting resting;

    Entry(DataState state) {
      this.state = state;
    }
  }

  /** Data of which nothing is here and nothing waited for, the one of the oldest word first. */
  private static final class Resting {
    final LinkedHashMap<DataId, Entry> entries = new LinkedHashMap<>();
    long charged;

    void add(DataId id, Entry entry) {
      entries.put(id, entry);
      charged += entry.charged;
      entry.resting = this;
    }

    void remove(DataId id, Entry entry) {
      entries.remove(id);
      charged -= entry.charged;
      entry.resting = null;
    }
  }

  /** Of so many data it is remembered that they are over. */
  static final int REMEMBERED = 8192;

  /** Of so many relays it is remembered what was taken from them. */
  private static final int SENDERS = 128;

  private final ChunkIndex<ChunkKey, StoredChunk> index;
  private final HeapRoom heap;
  private final Deadlines deadlines;
  private final LongSupplier nanoTime;
  private final Answers answers;
  private final Map<DataId, Entry> data = new HashMap<>();
  private final Resting over = new Resting();
  private final Resting unfinished = new Resting();
  private final Map<Long, Set<ChunkKey>> held = new HashMap<>();
  private final LinkedHashMap<Long, Taken> senders = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param heap what all of this takes is charged to; it may let go of {@link #forgetOldest}
   */
  DataTable(
      ChunkIndex<ChunkKey, StoredChunk> index,
      HeapRoom heap,
      Deadlines deadlines,
      LongSupplier nanoTime,
      Answers answers) {
    this.index = index;
    this.heap = heap;
    this.deadlines = deadlines;
    this.nanoTime = nanoTime;
    this.answers = answers;
  }

  int size() {
    return data.size();
  }

  /** What is remembered of what is over: no chunk of it is here, and nobody waits for one. */
  long rememberedBytes() {
    long marks = senders.values().stream().mapToLong(Taken::heapBytes).sum();
    return over.charged + unfinished.charged + marks;
  }

  /** Whether this very chunk has been taken before, so that its bytes need not come again. */
  Taken.Verdict verdict(DataId id, int index, Origin origin) {
    Entry entry = data.get(id);
    Taken taken = takenFrom(origin);
    return entry == null
        ? taken.verdict(origin.transfer())
        : entry.state.verdict(index, origin, taken);
  }

  /** A chunk is here; its reference is the table's from now on. */
  void arrived(DataId id, DataInput.Arrived arrived, StoredChunk chunk, Receipt receipt) {
    Coming coming = new Coming(id, arrived.origin(), chunk, receipt);
    if (hasRoomForNew(id)) {
      feed(id, arrived, takenFrom(arrived.origin()), coming);
    } else {
      coming.refuse(heap.full());
    }
  }

  /** The number of chunks is known. */
  void closed(DataId id, DataInput.Closed closed, Receipt receipt) {
    Coming coming = new Coming(id, closed.origin(), null, receipt);
    if (hasRoomForNew(id)) {
      feed(id, closed, takenFrom(closed.origin()), coming);
    } else {
      coming.refuse(heap.full());
    }
  }

  /** What a sender has said: whatever becomes of it, its chunk has one owner, and it is told. */
  private final class Coming {
    private final DataId id;
    private final Origin origin;
    private final Receipt receipt;
    private @Nullable StoredChunk chunk;
    private boolean told;

    Coming(DataId id, Origin origin, @Nullable StoredChunk chunk, Receipt receipt) {
      this.id = id;
      this.origin = origin;
      this.chunk = chunk;
      this.receipt = receipt;
    }

    void keep(ChunkKey key) {
      StoredChunk kept = Objects.requireNonNull(chunk, "there is no chunk to keep");
      chunk = null;
      try {
        index.put(key, kept, Standing.UNCLAIMED);
      } catch (RuntimeException e) {
        if (!index.remove(key)) {
          kept.release();
        }
        throw e;
      }
      know();
    }

    void know() {
      remember(origin);
      take();
    }

    void take() {
      release();
      told = true;
      Bugs.contain(id, receipt::taken);
    }

    void refuse(Failure failure) {
      release();
      if (!told) {
        told = true;
        Bugs.contain(id, () -> receipt.refused(failure));
      }
    }

    private void release() {
      if (chunk != null) {
        StoredChunk unwanted = chunk;
        chunk = null;
        unwanted.release();
      }
    }
  }

  void receive(DataId id, DataInput.Receive receive) {
    Entry entry = data.get(id);
    boolean isHere = entry != null && entry.state.standing(receive.index()) != null;
    if (isHere || heap.makeRoom(DataState.bytesOfRequest(id))) {
      feed(id, receive);
    } else {
      answers.fail(receive.request(), heap.full());
    }
  }

  void markDone(DataId id, DataInput.MarkDone done) {
    noLongerHeld(done.reader(), new ChunkKey(id, done.index()));
    feedIfKnown(id, done);
  }

  void letGo(DataId id, DataInput.LetGo unwanted) {
    noLongerHeld(unwanted.reader(), new ChunkKey(id, unwanted.index()));
    feedIfKnown(id, unwanted);
  }

  void cancel(DataId id, long request) {
    feedIfKnown(id, new DataInput.Cancel(request));
  }

  /** What it asked for has been cancelled before. */
  void readerGone(long registration) {
    Set<ChunkKey> its = held.remove(registration);
    if (its != null) {
      its.stream()
          .map(ChunkKey::id)
          .distinct()
          .forEach(id -> feedIfKnown(id, new DataInput.ReaderGone(registration)));
    }
  }

  /** Forgets what has been over for long; to be called every second or so. */
  void maintain() {
    forgetWhatIsOld(over);
    forgetWhatIsOld(unfinished);
  }

  private void forgetWhatIsOld(Resting resting) {
    long now = nanoTime.getAsLong();
    Map.Entry<DataId, Entry> oldest = resting.entries.firstEntry();
    while (oldest != null && oldest.getValue().state.isForgettable(now)) {
      feed(oldest.getKey(), new DataInput.Tick());
      oldest = resting.entries.firstEntry();
    }
  }

  /**
   * Forgets the datum that has been over for longest, if there is one.
   *
   * @return what it took of the heap
   */
  long forgetOldest() {
    Map.Entry<DataId, Entry> oldest = over.entries.firstEntry();
    if (oldest == null) {
      return 0;
    }
    long charged = oldest.getValue().charged;
    DataId id = oldest.getKey();
    feedAlone(id, new DataInput.Crowded(), Taken.NOTHING, null);
    return charged;
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
    List.copyOf(data.keySet()).forEach(this::forget);
    index.clear();
    held.clear();
    senders.values().forEach(taken -> heap.charge(-taken.heapBytes()));
    senders.clear();
  }

  private boolean hasRoomForNew(DataId id) {
    return data.containsKey(id) || heap.makeRoom(DataState.bytesOfRequest(id));
  }

  private Taken takenFrom(Origin origin) {
    Taken taken = senders.get(origin.relay());
    return taken == null ? Taken.NOTHING : taken;
  }

  private void remember(Origin origin) {
    Taken before = senders.get(origin.relay());
    Taken after = (before == null ? Taken.NOTHING : before).with(origin.transfer());
    senders.put(origin.relay(), after);
    heap.charge(after.heapBytes() - (before == null ? 0 : before.heapBytes()));
    if (senders.size() > SENDERS) {
      heap.charge(-senders.pollFirstEntry().getValue().heapBytes());
    }
  }

  private void noLongerHeld(Reader reader, ChunkKey key) {
    Set<ChunkKey> its = held.get(reader.registration());
    if (its != null && its.remove(key) && its.isEmpty()) {
      held.remove(reader.registration());
    }
  }

  private void feedIfKnown(DataId id, DataInput input) {
    if (data.containsKey(id)) {
      feed(id, input);
    }
  }

  private void feed(DataId id, DataInput input) {
    feed(id, input, Taken.NOTHING, null);
  }

  private void feed(DataId id, DataInput input, Taken taken, @Nullable Coming coming) {
    feedAlone(id, input, taken, coming);
    forgetWhatIsTooMuch();
  }

  private void feedAlone(DataId id, DataInput input, Taken taken, @Nullable Coming coming) {
    Entry known = data.get(id);
    Transition<DataState, DataEffect> next;
    try {
      long now = nanoTime.getAsLong();
      DataState before =
          known == null ? DataState.initial(id, DataLimits.DEFAULT, now) : known.state;
      next = DataMachine.step(before, input, taken, now);
    } catch (RuntimeException e) {
      if (known == null || coming != null || input instanceof DataInput.Receive) {
        // Nothing has become of it, and whoever said it is told so.
        end(id, e, asked(input), coming);
      } else {
        abandon(id, known.state, List.of(), null, e);
      }
      return;
    }
    int done = 0;
    try {
      Entry entry = known == null ? new Entry(next.state()) : known;
      data.put(id, entry);
      settle(id, entry, next.state());
      schedule(id, entry);
      for (DataEffect effect : next.effects()) {
        carryOut(id, effect, coming);
        done++;
      }
    } catch (RuntimeException e) {
      abandon(id, next.state(), next.effects().subList(done, next.effects().size()), coming, e);
    }
  }

  private void abandon(
      DataId id,
      DataState state,
      List<DataEffect> left,
      @Nullable Coming coming,
      RuntimeException bug) {
    Bugs.contain(id, () -> forget(id));
    held.values().forEach(keys -> keys.removeIf(key -> key.id().equals(id)));
    held.values().removeIf(Set::isEmpty);
    state
        .chunksHere()
        .forEach(number -> Bugs.contain(id, () -> index.remove(new ChunkKey(id, number))));
    Set<Long> unanswered = new HashSet<>();
    state.waitingRequests().forEach(waits -> unanswered.add(waits.request()));
    left.forEach(effect -> unanswered.addAll(answered(effect)));
    end(id, bug, unanswered, coming);
  }

  private void end(DataId id, RuntimeException bug, Set<Long> unanswered, @Nullable Coming coming) {
    Bugs.log(id, bug);
    Failure failure =
        new Failure(Failure.Reason.UNAVAILABLE, "%s: an error in the relay: %s".formatted(id, bug));
    unanswered.forEach(request -> fail(id, request, failure));
    if (coming != null) {
      Bugs.contain(id, () -> coming.refuse(failure));
    }
  }

  private static Set<Long> asked(DataInput input) {
    return input instanceof DataInput.Receive receive ? Set.of(receive.request()) : Set.of();
  }

  private static Set<Long> answered(DataEffect effect) {
    return switch (effect) {
      case DataEffect.Deliver(long request, _, _) -> Set.of(request);
      case DataEffect.EndOfStream(long request, _) -> Set.of(request);
      case DataEffect.Fail(long request, _) -> Set.of(request);
      case DataEffect.Stand _, DataEffect.Discard _, DataEffect.Forget _ -> Set.of();
      case DataEffect.Keep _, DataEffect.KnowAlready _, DataEffect.ClosingKnown _ -> Set.of();
      case DataEffect.Refuse _ -> Set.of();
    };
  }

  private void fail(DataId id, long request, Failure failure) {
    Bugs.contain(id, () -> answers.fail(request, failure));
  }

  private void settle(DataId id, Entry entry, DataState next) {
    if (entry.resting != null) {
      entry.resting.remove(id, entry);
    }
    entry.state = next;
    charge(entry, next.heapBytes());
    if (next.isOver()) {
      over.add(id, entry);
    } else if (next.isIdle()) {
      unfinished.add(id, entry);
    }
  }

  private void charge(Entry entry, long bytes) {
    heap.charge(bytes - entry.charged);
    entry.charged = bytes;
  }

  /** Once the effects of what has made it so many are carried out. */
  private void forgetWhatIsTooMuch() {
    while (over.entries.size() > REMEMBERED || over.charged > heap.capacity() / 2) {
      var _ = forgetOldest();
    }
  }

  private void carryOut(DataId id, DataEffect effect, @Nullable Coming coming) {
    switch (effect) {
      case DataEffect.Deliver(long request, var reader, int number) ->
          deliver(new ChunkKey(id, number), request, reader);
      case DataEffect.EndOfStream(long request, int total) ->
          Bugs.contain(id, () -> answers.endOfStream(request, total));
      case DataEffect.Fail(long request, Failure failure) -> fail(id, request, failure);
      case DataEffect.Stand(int number, var standing) -> stand(new ChunkKey(id, number), standing);
      case DataEffect.Discard(int number) -> index.remove(new ChunkKey(id, number));
      case DataEffect.Forget() -> forget(id);
      case DataEffect.Keep(int number) -> said(coming).keep(new ChunkKey(id, number));
      case DataEffect.KnowAlready _ -> said(coming).take();
      case DataEffect.ClosingKnown() -> said(coming).know();
      case DataEffect.Refuse(Failure failure) -> said(coming).refuse(failure);
    }
  }

  /** Only what a sender has said is kept, known or refused. */
  private static Coming said(@Nullable Coming coming) {
    return Objects.requireNonNull(coming, "nobody has said anything");
  }

  private void deliver(ChunkKey key, long request, Reader reader) {
    StoredChunk chunk = index.standing(key, Standing.IN_USE).orElse(null);
    if (chunk == null) {
      fail(
          key.id(),
          request,
          new Failure(
              Failure.Reason.GONE,
              "chunk %d of %s was let go at this moment".formatted(key.index(), key.id())));
      return;
    }
    held.computeIfAbsent(reader.registration(), _ -> new HashSet<>()).add(key);
    Bugs.contain(key.id(), () -> answers.deliver(request, key.index(), chunk));
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
    if (entry == null) {
      return;
    }
    if (entry.due != null) {
      deadlines.cancel(entry.due);
    }
    if (entry.resting != null) {
      entry.resting.remove(id, entry);
    }
    charge(entry, 0);
  }

  private void schedule(DataId id, Entry entry) {
    // What rests is looked after by itself: it needs no timer.
    OptionalLong next =
        entry.resting == null ? entry.state.nextDeadlineNanos() : OptionalLong.empty();
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

package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Origin;
import io.baton.session.exchange.Taken;
import io.baton.transport.peer.Body;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.Inbound;
import io.baton.transport.peer.Offer;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What other relays offer to the readers of this one. To be used in the loop alone. */
final class Offers {

  /** For a body to begin or to go on, once there is a slot for it. */
  static final Duration BODY_PATIENCE = Duration.ofMinutes(2);

  private static final Failure STUCK =
      new Failure(
          Failure.Reason.DEADLINE_EXCEEDED,
          "there was room for the body, and nothing of it came for %d s"
              .formatted(BODY_PATIENCE.toSeconds()));

  private record OfferKey(Inbound from, long transfer) {
    @Override
    public String toString() {
      return "transfer %d of %s".formatted(transfer, from.remote());
    }
  }

  /** An offer that waits for room, or, with a slot, for its body. */
  private static final class Open {
    final Offer offer;
    final HeapRoom.Piece heap;
    RoomQueue.@Nullable Request request;
    @Nullable Slot slot;
    private long written;
    private long movedAtNanos;

    Open(Offer offer, HeapRoom.Piece heap) {
      this.offer = offer;
      this.heap = heap;
    }

    /** Whether it has a slot and nothing has been written there for long. */
    boolean isStuck(long writtenByNow, long nowNanos) {
      if (writtenByNow > written) {
        written = writtenByNow;
        movedAtNanos = nowNanos;
      }
      return slot != null && nowNanos - movedAtNanos >= BODY_PATIENCE.toNanos();
    }
  }

  private final DataTable data;
  private final RoomQueue room;
  private final HeapRoom heap;
  private final LongSupplier nanoTime;
  private final Consumer<Slot> releaser;
  private final Executor copies;
  private final Consumer<Runnable> loop;
  private final Map<OfferKey, Open> open = new HashMap<>();
  private final Map<Inbound, Map<Long, DataTable.ChunkKey>> foreign = new HashMap<>();
  private final Set<Inbound> lost = new HashSet<>();
  private final Map<Inbound, Integer> copying = new HashMap<>();

  /**
   * @param copies runs what copies bodies, outside of the loop
   * @param loop runs what follows from that, in the loop
   */
  Offers(
      DataTable data,
      RoomQueue room,
      HeapRoom heap,
      LongSupplier nanoTime,
      Consumer<Slot> releaser,
      Executor copies,
      Consumer<Runnable> loop) {
    this.data = data;
    this.room = room;
    this.heap = heap;
    this.nanoTime = nanoTime;
    this.releaser = releaser;
    this.copies = copies;
    this.loop = loop;
  }

  void onOffer(Inbound from, Offer offer) {
    guarded(new OfferKey(from, offer.transfer()), () -> take(from, offer));
  }

  /** A bug with one offer ends that offer, alone, and gives back what is its. */
  private void guarded(OfferKey key, Runnable task) {
    Bugs.contain(
        key,
        task,
        bug -> {
          onWithdraw(key.from(), key.transfer());
          key.from()
              .refused(
                  key.transfer(),
                  new Failure(Failure.Reason.UNAVAILABLE, "an error in the relay: " + bug));
        });
  }

  private void take(Inbound from, Offer offer) {
    if (from.isOver()) {
      // Whatever is begun for it now would never end.
      return;
    }
    Origin origin = new Origin(from.origin(), offer.transfer());
    if (isOfAnother(from, offer)) {
      from.refused(
          offer.transfer(),
          new Failure(
              Failure.Reason.INVALID_ARGUMENT,
              "transfer %d is of another chunk".formatted(offer.transfer())));
      return;
    }
    switch (data.verdict(offer.id(), offer.index(), origin)) {
      case TAKEN -> {
        from.taken(offer.transfer());
        return;
      }
      case TOO_OLD -> {
        from.refused(
            offer.transfer(), Taken.tooOld("chunk %d of %s".formatted(offer.index(), offer.id())));
        return;
      }
      case NEW -> {}
    }
    if (open.containsKey(new OfferKey(from, offer.transfer()))) {
      return;
    }
    ByteString inline = offer.body() instanceof Body.Inline(var bytes) ? bytes : ByteString.EMPTY;
    HeapRoom.Piece piece = heap.take(offer.id(), offer.nextPeers(), inline).orElse(null);
    if (piece == null) {
      from.refused(offer.transfer(), heap.full());
      return;
    }
    switch (offer.body()) {
      case Body.Inline _ ->
          arrive(from, offer, new StoredChunk.Inline(label(offer, piece), inline));
      case Body.Shared(SlotHandle handle) -> shared(from, offer, label(offer, piece), handle);
      case Body.ToGrant() -> ask(from, offer, piece);
    }
  }

  private static StoredChunk.Label label(Offer offer, HeapRoom.Piece piece) {
    return new StoredChunk.Label(
        offer.content(), offer.count(), offer.nextPeers(), offer.id().group(), piece);
  }

  void onClosing(Inbound from, Closing closing) {
    if (from.isOver()) {
      return;
    }
    Origin origin = new Origin(from.origin(), closing.transfer());
    guarded(
        new OfferKey(from, closing.transfer()),
        () ->
            data.closed(
                closing.id(),
                new DataInput.Closed(closing.count(), origin),
                receipt(from, closing.transfer())));
  }

  void onBody(Inbound from, long transfer) {
    OfferKey key = new OfferKey(from, transfer);
    Open whole = open.remove(key);
    if (whole == null || whole.slot == null) {
      return;
    }
    Slot slot = whole.slot;
    guarded(key, () -> arrive(from, whole.offer, pooled(label(whole.offer, whole.heap), slot)));
  }

  void onWithdraw(Inbound from, long transfer) {
    // The peer may have heard of its grant, or have withdrawn before there was one.
    from.revoke(transfer);
    Open withdrawn = open.remove(new OfferKey(from, transfer));
    if (withdrawn != null) {
      letGo(withdrawn);
    }
  }

  /** Takes back the slots of bodies that peers have promised and do not send. */
  void maintain() {
    long now = nanoTime.getAsLong();
    for (OfferKey key : List.copyOf(open.keySet())) {
      guarded(key, () -> takeBackIfStuck(key, now));
    }
  }

  private void takeBackIfStuck(OfferKey key, long now) {
    Inbound from = key.from();
    Open stuck = open.get(key);
    if (stuck != null
        && stuck.isStuck(from.written(key.transfer()), now)
        && from.revoke(key.transfer())) {
      open.remove(key);
      letGo(stuck);
      from.refused(key.transfer(), STUCK);
    }
  }

  /** Copies what that peer shared, as far as there is room. */
  void onLost(Inbound from) {
    lost.add(from);
    open.keySet().stream()
        .filter(key -> key.from().equals(from))
        .toList()
        .forEach(key -> letGo(Objects.requireNonNull(open.remove(key))));
    for (DataTable.ChunkKey key : List.copyOf(foreign.getOrDefault(from, Map.of()).values())) {
      data.foreign(key).ifPresent(chunk -> rescue(key, chunk));
    }
    closePoolIfUnused(from);
  }

  /**
   * Makes room at once, and copies outside of the loop, which large bodies would stop for all. What
   * becomes of the chunk meanwhile is found out when its copy is there.
   */
  private void rescue(DataTable.ChunkKey key, StoredChunk.Foreign chunk) {
    HeapRoom.Piece piece = chunk.label().heap().another().orElse(null);
    Slot slot = piece == null ? null : room.now(chunk.bytes(), chunk.label().group()).orElse(null);
    if (piece == null || slot == null) {
      if (piece != null) {
        piece.release();
      }
      data.rescue(key, _ -> null);
      return;
    }
    copying.merge(chunk.from(), 1, Integer::sum);
    copies.execute(
        () -> {
          boolean whole = copy(chunk, slot);
          loop.accept(() -> copied(key, chunk, slot, piece, whole));
        });
  }

  private static boolean copy(StoredChunk.Foreign chunk, Slot into) {
    try {
      chunk.pool().copy(chunk.handle(), into.memory());
      return true;
    } catch (StaleHandleException | IllegalStateException e) {
      // Gone before it could be copied, the same as if there had been no time to; or this relay is.
      return false;
    }
  }

  private void copied(
      DataTable.ChunkKey key,
      StoredChunk.Foreign chunk,
      Slot slot,
      HeapRoom.Piece piece,
      boolean whole) {
    boolean isWanted =
        data.foreign(key)
            .filter(now -> now.from().equals(chunk.from()) && now.transfer() == chunk.transfer())
            .isPresent();
    if (isWanted && whole) {
      data.rescue(key, _ -> pooled(chunk.label().with(piece), slot));
    } else {
      releaser.accept(slot);
      piece.release();
      if (isWanted) {
        data.rescue(key, _ -> null);
      }
    }
    copying.computeIfPresent(chunk.from(), (_, count) -> count == 1 ? null : count - 1);
    closePoolIfUnused(chunk.from());
  }

  void close() {
    open.values().forEach(this::letGo);
    open.clear();
    foreign.clear();
  }

  private void ask(Inbound from, Offer offer, HeapRoom.Piece piece) {
    OfferKey key = new OfferKey(from, offer.transfer());
    Open asking = new Open(offer, piece);
    open.put(key, asking);
    RoomQueue.Outcome outcome =
        room.ask(
            offer.content().bytes(),
            0,
            offer.id().group(),
            slot -> {
              asking.slot = slot;
              guarded(
                  key,
                  () -> {
                    asking.movedAtNanos = nanoTime.getAsLong();
                    from.grant(offer.transfer(), slot);
                  });
            });
    switch (outcome) {
      case RoomQueue.Outcome.Served() -> {}
      case RoomQueue.Outcome.Waits(var request) -> {
        asking.request = request;
        from.waiting(offer.transfer(), room.occupancy());
      }
      case RoomQueue.Outcome.Refused(Failure failure) -> {
        open.remove(key);
        piece.release();
        from.refused(offer.transfer(), failure);
      }
    }
  }

  private void shared(Inbound from, Offer offer, StoredChunk.Label label, SlotHandle handle) {
    PoolMapping pool = from.pool().orElseThrow();
    Map<Long, DataTable.ChunkKey> its = foreign.computeIfAbsent(from, _ -> new HashMap<>());
    Optional<Failure> objection = objection(offer, pool, handle);
    if (objection.isPresent()) {
      label.heap().release();
      from.refused(offer.transfer(), objection.get());
      return;
    }
    DataTable.ChunkKey key = new DataTable.ChunkKey(offer.id(), offer.index());
    its.put(offer.transfer(), key);
    arrive(
        from,
        offer,
        new StoredChunk.Foreign(
            label,
            from,
            offer.transfer(),
            pool,
            handle,
            () -> {
              its.remove(offer.transfer());
              closePoolIfUnused(from);
            }));
  }

  private boolean isOfAnother(Inbound from, Offer offer) {
    DataTable.ChunkKey key = foreign.getOrDefault(from, Map.of()).get(offer.transfer());
    return key != null && !key.equals(new DataTable.ChunkKey(offer.id(), offer.index()));
  }

  private static Optional<Failure> objection(Offer offer, PoolMapping pool, SlotHandle handle) {
    try {
      var _ = pool.view(handle, offer.content().bytes());
      return Optional.empty();
    } catch (StaleHandleException e) {
      return Optional.of(new Failure(Failure.Reason.GONE, String.valueOf(e.getMessage())));
    }
  }

  /**
   * The pool of a peer that is gone is needed while a reader holds a chunk in it, or it is copied.
   */
  private void closePoolIfUnused(Inbound from) {
    if (lost.contains(from)
        && !copying.containsKey(from)
        && foreign.getOrDefault(from, Map.of()).isEmpty()) {
      lost.remove(from);
      foreign.remove(from);
      from.pool().ifPresent(PoolMapping::close);
    }
  }

  private StoredChunk pooled(StoredChunk.Label label, Slot slot) {
    StoredChunk chunk = new StoredChunk.Pooled(label, new SlotShares(slot, releaser));
    releaser.accept(slot);
    return chunk;
  }

  private void arrive(Inbound from, Offer offer, StoredChunk chunk) {
    Origin origin = new Origin(from.origin(), offer.transfer());
    data.arrived(
        offer.id(),
        new DataInput.Arrived(offer.index(), offer.count(), origin, offer.ranks()),
        chunk,
        receipt(from, offer.transfer()));
  }

  private static DataTable.Receipt receipt(Inbound from, long transfer) {
    return new DataTable.Receipt() {
      @Override
      public void taken() {
        from.taken(transfer);
      }

      @Override
      public void refused(Failure failure) {
        from.refused(transfer, failure);
      }
    };
  }

  private void letGo(Open withdrawn) {
    withdrawn.heap.release();
    if (withdrawn.request != null) {
      room.withdraw(withdrawn.request);
    }
    if (withdrawn.slot != null) {
      releaser.accept(withdrawn.slot);
    }
  }
}

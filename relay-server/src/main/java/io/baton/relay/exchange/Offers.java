package io.baton.relay.exchange;

import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Origin;
import io.baton.transport.Budget;
import io.baton.transport.exchange.Body;
import io.baton.transport.exchange.Closing;
import io.baton.transport.exchange.Inbound;
import io.baton.transport.exchange.Offer;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What other relays offer to the readers of this one. To be used in the loop alone. */
final class Offers {

  private record OfferKey(Inbound from, long transfer) {}

  /** An offer that waits for room, or, with a slot, for its body. */
  private static final class Open {
    final Offer offer;
    RoomQueue.@Nullable Request request;
    @Nullable Slot slot;

    Open(Offer offer) {
      this.offer = offer;
    }
  }

  private final DataTable data;
  private final RoomQueue room;
  private final Budget inlineBytes;
  private final Consumer<Slot> releaser;
  private final Map<OfferKey, Open> open = new HashMap<>();
  private final Map<Inbound, Map<Long, DataTable.ChunkKey>> foreign = new HashMap<>();
  private final Set<Inbound> lost = new HashSet<>();

  Offers(DataTable data, RoomQueue room, Budget inlineBytes, Consumer<Slot> releaser) {
    this.data = data;
    this.room = room;
    this.inlineBytes = inlineBytes;
    this.releaser = releaser;
  }

  void onOffer(Inbound from, Offer offer) {
    Origin origin = new Origin(from.remote().incarnation(), offer.transfer());
    if (data.hasCome(offer.id(), offer.index(), origin)) {
      from.taken(offer.transfer());
      return;
    }
    StoredChunk.Label label =
        new StoredChunk.Label(
            offer.content(), offer.count(), offer.nextPeers(), offer.id().group());
    switch (offer.body()) {
      case Body.Inline(var bytes) -> {
        if (inlineBytes.tryTake(bytes.size())) {
          arrive(from, offer, new StoredChunk.Inline(label, bytes, inlineBytes));
        } else {
          from.refused(
              offer.transfer(),
              new Failure(
                  Failure.Reason.RESOURCE_EXHAUSTED,
                  "%d bytes of small chunks are kept already".formatted(inlineBytes.used())));
        }
      }
      case Body.Shared(SlotHandle handle) -> shared(from, offer, label, handle);
      case Body.ToGrant() -> ask(from, offer);
    }
  }

  void onClosing(Inbound from, Closing closing) {
    Origin origin = new Origin(from.remote().incarnation(), closing.transfer());
    data.closed(
        closing.id(),
        new DataInput.Closed(closing.count(), origin),
        receipt(from, closing.transfer()));
  }

  void onBody(Inbound from, long transfer) {
    Open whole = open.remove(new OfferKey(from, transfer));
    if (whole == null || whole.slot == null) {
      return;
    }
    Offer offer = whole.offer;
    StoredChunk.Label label =
        new StoredChunk.Label(
            offer.content(), offer.count(), offer.nextPeers(), offer.id().group());
    arrive(from, offer, pooled(label, whole.slot));
  }

  void onWithdraw(Inbound from, long transfer) {
    Open withdrawn = open.remove(new OfferKey(from, transfer));
    if (withdrawn != null) {
      letGo(withdrawn);
    }
  }

  /** Copies what that peer shared, as far as there is room. */
  void onLost(Inbound from) {
    lost.add(from);
    open.entrySet()
        .removeIf(
            entry -> {
              boolean its = entry.getKey().from().equals(from);
              if (its) {
                letGo(entry.getValue());
              }
              return its;
            });
    for (DataTable.ChunkKey key : List.copyOf(foreign.getOrDefault(from, Map.of()).values())) {
      data.rescue(key, this::copy);
    }
    closePoolIfUnused(from);
  }

  void close() {
    open.values().forEach(this::letGo);
    open.clear();
    foreign.clear();
  }

  private void ask(Inbound from, Offer offer) {
    OfferKey key = new OfferKey(from, offer.transfer());
    Open asking = new Open(offer);
    if (open.putIfAbsent(key, asking) != null) {
      return;
    }
    RoomQueue.Outcome outcome =
        room.ask(
            offer.content().bytes(),
            0,
            offer.id().group(),
            slot -> {
              asking.slot = slot;
              from.grant(offer.transfer(), slot);
            });
    switch (outcome) {
      case RoomQueue.Outcome.Served() -> {}
      case RoomQueue.Outcome.Waits(var request) -> {
        asking.request = request;
        from.waiting(offer.transfer(), room.occupancy());
      }
      case RoomQueue.Outcome.Refused(Failure failure) -> {
        open.remove(key);
        from.refused(offer.transfer(), failure);
      }
    }
  }

  private void shared(Inbound from, Offer offer, StoredChunk.Label label, SlotHandle handle) {
    PoolMapping pool = from.pool().orElseThrow();
    try {
      var _ = pool.view(handle, offer.content().bytes());
    } catch (StaleHandleException e) {
      from.refused(
          offer.transfer(), new Failure(Failure.Reason.GONE, String.valueOf(e.getMessage())));
      return;
    }
    DataTable.ChunkKey key = new DataTable.ChunkKey(offer.id(), offer.index());
    Map<Long, DataTable.ChunkKey> its = foreign.computeIfAbsent(from, _ -> new HashMap<>());
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

  /** The same in this relay's own pool; null if there is no room for it, or it is gone. */
  private @Nullable StoredChunk copy(StoredChunk.Foreign chunk) {
    Slot slot = room.now(chunk.bytes(), chunk.label().group()).orElse(null);
    if (slot == null) {
      return null;
    }
    try {
      slot.memory().copyFrom(chunk.pool().view(chunk.handle(), chunk.bytes()));
      if (chunk.pool().isCurrent(chunk.handle())) {
        return pooled(chunk.label(), slot);
      }
    } catch (StaleHandleException e) {
      // Gone before it could be copied: the same as if there had been no time to.
    }
    releaser.accept(slot);
    return null;
  }

  /** The pool of a peer that is gone is needed for as long as a reader holds a chunk in it. */
  private void closePoolIfUnused(Inbound from) {
    if (lost.contains(from) && foreign.getOrDefault(from, Map.of()).isEmpty()) {
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
    Origin origin = new Origin(from.remote().incarnation(), offer.transfer());
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
    if (withdrawn.request != null) {
      room.withdraw(withdrawn.request);
    }
    if (withdrawn.slot != null) {
      releaser.accept(withdrawn.slot);
    }
  }
}

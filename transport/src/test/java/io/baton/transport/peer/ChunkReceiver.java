package io.baton.transport.peer;

import io.baton.session.exchange.Failure;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.StaleHandleException;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Takes every chunk that is offered and keeps a copy of its bytes, unless told to wait. */
final class ChunkReceiver implements OfferReceiver {

  private record Key(Inbound from, long number) {}

  private final PinnedPool pool;
  private final Map<Key, Slot> granted = new ConcurrentHashMap<>();
  final Map<Long, byte[]> taken = new ConcurrentHashMap<>();
  final List<Offer> offers = new CopyOnWriteArrayList<>();
  final List<Long> origins = new CopyOnWriteArrayList<>();
  final List<Closing> closings = new CopyOnWriteArrayList<>();
  final List<Long> withdrawn = new CopyOnWriteArrayList<>();
  final List<String> losses = new CopyOnWriteArrayList<>();
  private volatile boolean busy;

  ChunkReceiver(PinnedPool pool) {
    this.pool = pool;
  }

  /** Lets what is offered from now on wait. */
  void waitWith(boolean all) {
    busy = all;
  }

  /** Slots that were granted and are not written. */
  int open() {
    return granted.size();
  }

  @Override
  public void onOffer(Inbound from, Offer offer) {
    offers.add(offer);
    origins.add(from.origin());
    if (busy) {
      from.waiting(offer.transfer(), "busy");
      return;
    }
    switch (offer.body()) {
      case Body.Inline(var bytes) -> take(from, offer.transfer(), bytes.toByteArray());
      case Body.Shared(var handle) -> {
        try {
          int bytes = (int) offer.content().bytes();
          byte[] copy = from.pool().orElseThrow().copy(handle, bytes);
          from.released(offer.transfer(), bytes);
          take(from, offer.transfer(), copy);
        } catch (StaleHandleException e) {
          from.refused(offer.transfer(), new Failure(Failure.Reason.GONE, e.toString()));
        }
      }
      case Body.ToGrant() ->
          pool.allocate(offer.content().bytes(), PoolUse.FILLING, "g")
              .ifPresentOrElse(
                  slot -> {
                    granted.put(new Key(from, offer.transfer()), slot);
                    from.grant(offer.transfer(), slot);
                  },
                  () -> from.waiting(offer.transfer(), "no room"));
    }
  }

  private void take(Inbound from, long number, byte[] bytes) {
    taken.put(number, bytes);
    from.taken(number);
  }

  @Override
  public void onClosing(Inbound from, Closing closing) {
    closings.add(closing);
    from.taken(closing.transfer());
  }

  @Override
  public void onWithdraw(Inbound from, long transfer) {
    withdrawn.add(transfer);
    from.revoke(transfer);
    letGo(new Key(from, transfer));
  }

  @Override
  public void onBody(Inbound from, long transfer) {
    Slot slot = granted.remove(new Key(from, transfer));
    if (slot != null) {
      byte[] bytes = slot.memory().toArray(ValueLayout.JAVA_BYTE);
      slot.release();
      take(from, transfer, bytes);
    }
  }

  @Override
  public void onLost(Inbound from, String why) {
    losses.add(why);
    granted.keySet().stream().filter(key -> key.from().equals(from)).forEach(this::letGo);
    from.pool().ifPresent(PoolMapping::close);
  }

  private void letGo(Key key) {
    Slot slot = granted.remove(key);
    if (slot != null) {
      slot.release();
    }
  }
}

package io.baton.benchmarks.node;

import io.baton.proto.codec.PushHead;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.transport.LaneKind;
import io.baton.transport.Share;
import io.baton.transport.peer.Body;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.DropReason;
import io.baton.transport.peer.Inbound;
import io.baton.transport.peer.Offer;
import io.baton.transport.peer.OfferReceiver;
import io.baton.transport.peer.PeerAnswer;
import io.baton.transport.peer.PeerConnection;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.peer.PeerListener;
import io.baton.transport.peer.PushReceiver;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What two relays do between them: chunks lie in pools, are offered, granted room, sent and taken.
 * As in a relay, what is to be done next is done on the thread that tells of something.
 */
final class LinkNode implements Node {

  private static final DataId DATA = new DataId("bench", "bench");

  private final boolean isShared;
  private final LinkParty party;
  private final PinnedPool pool;
  private final Map<Long, Slot> outgoing = new ConcurrentHashMap<>();
  private final Map<Long, Slot> incoming = new ConcurrentHashMap<>();
  private final CompletableFuture<PeerConnection> linked = new CompletableFuture<>();
  private final AtomicLong transfers = new AtomicLong();
  private final Latencies latencies = new Latencies();
  private volatile Workload workload = new Workload(Message.MIN_BYTES, 1, false);
  private volatile @Nullable Going going;

  LinkNode(Settings settings) throws Exception {
    isShared = LaneKind.valueOf(settings.get("lane")) == LaneKind.LOCAL;
    party = new LinkParty(settings, new NoPushes(), new Receiving());
    pool = party.pool();
  }

  @Override
  public String address() {
    return party.address();
  }

  @Override
  public void connect(String address) throws Exception {
    PeerLink opened = party.open(address, new Sending());
    linked.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    party.awaitLane(opened);
  }

  @Override
  public void begin(Workload next) {
    workload = next;
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    Going begun = new Going(time, most, () -> offer(transfers.incrementAndGet()));
    going = begun;
    return begun.send(workload.inFlight(), PATIENCE);
  }

  @Override
  public Latencies latencies() {
    return latencies;
  }

  @Override
  public String report() {
    return party.report();
  }

  @Override
  public void close() {
    party.close();
  }

  private void offer(long transfer) {
    Slot slot =
        pool.allocate(workload.bytes(), PoolUse.FILLING, "bench")
            .orElseThrow(() -> new IllegalStateException("the pool has no room"));
    outgoing.put(transfer, slot);
    Message.write(slot.memory(), transfer, workload.whole());
    Offer offer =
        new Offer(
            transfer,
            DATA,
            0,
            OptionalInt.empty(),
            new TreeSet<>(List.of(0)),
            new Content.OfObject(workload.bytes()),
            List.of(),
            new Body.ToGrant());
    PeerConnection to = linked.getNow(null);
    if (to == null || !to.offer(offer, slot)) {
      throw new IllegalStateException("a message was not sent");
    }
  }

  private void release(long transfer) {
    Slot slot = outgoing.remove(transfer);
    if (slot != null) {
      slot.release();
    }
  }

  private final class Sending implements PeerListener {

    @Override
    public void onReady(PeerConnection opened) {
      linked.complete(opened);
    }

    @Override
    public void onRoom(PeerConnection opened) {}

    @Override
    public void onLost(PeerConnection lost, String why) {
      // As when the other process ends, after all has been measured.
    }

    @Override
    public void onAnswer(PeerConnection from, PeerAnswer answer) {
      switch (answer) {
        case PeerAnswer.Granted(long transfer) -> {
          Slot slot = outgoing.get(transfer);
          if (slot != null) {
            from.body(transfer, slot);
          }
        }
        case PeerAnswer.Taken(long transfer) -> {
          if (!isShared) {
            release(transfer);
          }
          Going current = going;
          if (current != null) {
            current.arrived();
          }
        }
        case PeerAnswer.Released(List<Long> transfers) -> transfers.forEach(LinkNode.this::release);
        case PeerAnswer.Waiting waiting -> fail(waiting);
        case PeerAnswer.Refused refused -> fail(refused);
      }
    }

    private void fail(PeerAnswer answer) {
      Going current = going;
      if (current != null) {
        current.fail(new IllegalStateException(answer.toString()));
      }
    }
  }

  private static final class NoPushes implements PushReceiver {

    @Override
    public Optional<Share> wants(RelayId from, PushHead head) {
      return Optional.empty();
    }

    @Override
    public void onPush(RelayId from, Push push) {}

    @Override
    public void onDropped(DropReason reason, String detail) {}
  }

  private final class Receiving implements OfferReceiver {

    @Override
    public void onOffer(Inbound from, Offer offer) {
      long bytes = offer.content().bytes();
      if (offer.body() instanceof Body.Shared(SlotHandle shared)) {
        try {
          look(from.pool().orElseThrow().view(shared, bytes));
        } catch (StaleHandleException e) {
          latencies.fail(new IllegalStateException(e.getMessage(), e));
        }
        from.taken(offer.transfer());
        from.released(offer.transfer(), bytes);
        return;
      }
      Optional<Slot> slot = pool.allocate(bytes, PoolUse.UNCLAIMED, "bench");
      if (slot.isEmpty()) {
        from.waiting(offer.transfer(), "the pool has no room");
        return;
      }
      incoming.put(offer.transfer(), slot.get());
      from.grant(offer.transfer(), slot.get());
    }

    private void look(MemorySegment body) {
      try {
        latencies.add(Message.sentNanos(body, workload.whole()));
      } catch (IllegalStateException e) {
        latencies.fail(e);
      }
    }

    @Override
    public void onClosing(Inbound from, Closing closing) {}

    @Override
    public void onWithdraw(Inbound from, long transfer) {}

    @Override
    public void onBody(Inbound from, long transfer) {
      Slot slot = incoming.remove(transfer);
      if (slot != null) {
        look(slot.memory());
        slot.release();
        from.taken(transfer);
      }
    }

    @Override
    public void onLost(Inbound from, String why) {}
  }
}

package io.baton.benchmarks.node;

import io.baton.proto.codec.PushHead;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.session.model.Ticket;
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
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.verification.PayloadDigester;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What two relays do between them for sessions: pushes go from one, and the other answers each by a
 * push without bytes, by which the first paces itself. If wanted, chunks go beside them, one after
 * another without a pause.
 */
final class PushNode implements Node {

  private static final DataId DATA = new DataId("bench", "beside");
  private static final Ticket TICKET = new Ticket(new byte[16]);

  private final LinkParty party;
  private final int besideBytes;
  private final CompletableFuture<PeerConnection> linked = new CompletableFuture<>();
  private final Map<Long, Slot> incoming = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicBoolean besideIsUnderWay = new AtomicBoolean();
  private final Latencies latencies = new Latencies();
  private volatile @Nullable Slot beside;
  private volatile Workload workload = new Workload(Message.MIN_BYTES, 1, false);
  private volatile @Nullable PeerLink link;
  private volatile @Nullable Going going;

  PushNode(Settings settings) throws Exception {
    besideBytes = Math.toIntExact(settings.bytes("beside"));
    party = new LinkParty(settings, new Arriving(), new Chunks());
  }

  @Override
  public String address() {
    return party.address();
  }

  @Override
  public void connect(String address) throws Exception {
    PeerLink opened = party.open(address, new Answers());
    link = opened;
    linked.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    party.awaitLane(opened);
  }

  @Override
  public void begin(Workload next) {
    workload = next;
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    Going begun = new Going(time, most, this::push);
    going = begun;
    try {
      offerBeside();
      return begun.send(workload.inFlight(), PATIENCE);
    } finally {
      going = null;
    }
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

  private void push() {
    byte[] bytes = new byte[workload.bytes()];
    Message.write(MemorySegment.ofArray(bytes), numbers.incrementAndGet(), workload.whole());
    push(bytes);
  }

  private void push(byte[] bytes) {
    Payload payload =
        new PayloadDigester(Digest.Algorithm.XXH3_128)
            .payload(Tensor.wrap(TensorSpec.of(DType.U8, bytes.length), bytes));
    Step step = new Step(new StepId(1, numbers.incrementAndGet()), 0, bytes.length);
    PeerLink to = link;
    if (to == null
        || !to.push(
            new Push(new SessionId(1, 1), TICKET, step, List.of(), payload), StageRole.ACTIVE)) {
      throw new IllegalStateException("a push was shed");
    }
  }

  /** The next chunk, unless there is one under way, or none is wanted. */
  private void offerBeside() {
    PeerConnection to = linked.getNow(null);
    if (besideBytes == 0 || to == null || !besideIsUnderWay.compareAndSet(false, true)) {
      return;
    }
    Slot slot = beside;
    if (slot == null) {
      slot =
          party
              .pool()
              .allocate(besideBytes, PoolUse.FILLING, "bench")
              .orElseThrow(() -> new IllegalStateException("the pool has no room"));
      beside = slot;
    }
    Offer offer =
        new Offer(
            numbers.incrementAndGet(),
            DATA,
            0,
            OptionalInt.empty(),
            new TreeSet<>(List.of(0)),
            new Content.OfObject(besideBytes),
            List.of(),
            new Body.ToGrant());
    if (!to.offer(offer, slot)) {
      throw new IllegalStateException("a chunk was not offered");
    }
  }

  private final class Arriving implements PushReceiver {

    @Override
    public Optional<Share> wants(RelayId from, PushHead head) {
      return Optional.of(Share.ALL);
    }

    @Override
    public void onPush(RelayId from, Push push) {
      Going current = going;
      if (push.payload().bytes() > 0) {
        try {
          MemorySegment body = MemorySegment.ofBuffer(push.payload().activations().data());
          latencies.add(Message.sentNanos(body, workload.whole()));
          push(new byte[0]);
        } catch (IllegalStateException e) {
          latencies.fail(e);
        }
      } else if (current != null) {
        current.arrived();
      }
    }

    @Override
    public void onDropped(DropReason reason, String detail) {
      latencies.fail(new IllegalStateException("%s: %s".formatted(reason, detail)));
    }
  }

  private final class Answers implements PeerListener {

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
      Slot slot = beside;
      switch (answer) {
        case PeerAnswer.Granted(long number) when slot != null -> from.body(number, slot);
        case PeerAnswer.Taken _ -> {
          besideIsUnderWay.set(false);
          if (going != null) {
            offerBeside();
          }
        }
        case PeerAnswer.Refused refused ->
            latencies.fail(new IllegalStateException(refused.toString()));
        default -> {}
      }
    }
  }

  private final class Chunks implements OfferReceiver {

    @Override
    public void onOffer(Inbound from, Offer offer) {
      if (offer.body() instanceof Body.Shared) {
        from.taken(offer.transfer());
        from.released(offer.transfer(), offer.content().bytes());
        return;
      }
      Slot slot =
          party
              .pool()
              .allocate(offer.content().bytes(), PoolUse.UNCLAIMED, "bench")
              .orElseThrow(() -> new IllegalStateException("the pool has no room"));
      incoming.put(offer.transfer(), slot);
      from.grant(offer.transfer(), slot);
    }

    @Override
    public void onClosing(Inbound from, Closing closing) {}

    @Override
    public void onWithdraw(Inbound from, long transfer) {}

    @Override
    public void onBody(Inbound from, long transfer) {
      Slot slot = incoming.remove(transfer);
      if (slot != null) {
        slot.release();
        from.taken(transfer);
      }
    }

    @Override
    public void onLost(Inbound from, String why) {}
  }
}

package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.ExchangeStatus;
import io.baton.proto.v1.ProcessReply;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Member;
import io.baton.session.exchange.Origin;
import io.baton.session.exchange.Reader;
import io.baton.session.model.RelayId;
import io.baton.transport.Deadlines;
import io.baton.transport.OutOfMemory;
import io.baton.transport.peer.Body;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.Inbound;
import io.baton.transport.peer.Offer;
import io.baton.transport.peer.OfferReceiver;
import io.baton.transport.peer.OriginKey;
import io.baton.transport.peer.PeerAnswer;
import io.baton.transport.peer.PeerConnection;
import io.baton.transport.peer.PeerHost;
import io.baton.transport.peer.PeerLinks;
import io.baton.transport.peer.PeerListener;
import io.baton.transport.pinned.ChunkIndex;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.Slot;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a relay that moves chunks: takes them from the senders of this host and from other
 * relays, keeps them in the pool, and hands them to the readers of this host.
 *
 * <p>Everything that happens goes through one loop, on whichever thread brought it. Of the bytes of
 * tensors it touches no more than what a connection takes just now; those of a peer that is lost
 * are copied outside of it.
 */
public final class Exchange implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Exchange.class);

  /** Of small chunks, and of what is said and remembered of all, on the heap; at most a quarter. */
  private static final long HEAP_BYTES = Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 4);

  /** So much of it is made free at once, since looking for what to let go costs more than that. */
  private static final long HEAP_BATCH_BYTES = HEAP_BYTES / 256;

  /** Of what is being said to other relays, on the heap; less where the heap is small. */
  private static final long SAID_BYTES = Math.min(128L << 20, Runtime.getRuntime().maxMemory() / 4);

  /** How often those who wait for room are looked after, whatever else happens. */
  private static final Duration SERVE_EVERY = Duration.ofMillis(50);

  /** How often what has been kept for too long is let go. */
  private static final Duration MAINTAIN_EVERY = Duration.ofSeconds(1);

  private final RelayId self;
  private final long ownOrigin = OriginKey.unique();
  private final PinnedPool pool;
  private final SynchronizationContext loop;
  private final Deadlines deadlines;
  private final ChunkIndex<DataTable.ChunkKey, StoredChunk> index;
  private final DataTable data;
  private final RoomQueue room;
  private final PeerLinks links;
  private final Traffic traffic;
  private final Quarantine quarantine;
  private final Sendings sendings;
  private final Offers offers;
  private final Gatherings gatherings;
  private final HeapRoom heap;
  private final SendRoom said;
  private final Map<Long, Consumer<ReceiveAnswer>> requests = new HashMap<>();
  private final Set<Sidecar> sidecars = new HashSet<>();
  private final Map<String, TreeMap<Integer, Seat>> senders = new HashMap<>();
  private volatile Set<String> ownAddresses = Set.of();
  private long nextTransfer = 1;
  private long nextRequest = 1;
  private long nextRegistration = 1;
  private boolean serving;
  private boolean serveScheduled;
  private boolean closed;

  /**
   * A rank of a sending group that is taken.
   *
   * @param process as it calls itself
   */
  record Seat(String process, Instant since) {}

  /** What a reader is told. */
  sealed interface ReceiveAnswer {
    record Chunk(StoredChunk chunk) implements ReceiveAnswer {}

    record End(int count) implements ReceiveAnswer {}

    record Failed(Failure failure) implements ReceiveAnswer {}
  }

  /**
   * Ready to be served.
   *
   * @param host whose pool and UCX engine are closed after this
   * @param links makes the relay's links to others, whose connections the listener hears of
   */
  public Exchange(
      PeerHost host, ChunkIndexConfig history, Function<PeerListener, PeerLinks> links) {
    this.self = host.self();
    this.pool = host.pool();
    this.loop = new SynchronizationContext((_, error) -> crashed(error));
    this.deadlines = new Deadlines(host.timer(), System::nanoTime, loop::execute);
    this.index = new ChunkIndex<>(history, System::nanoTime, (key, _) -> dropped(key));
    this.heap = new HeapRoom(HEAP_BYTES, this::makeHeapRoom);
    this.data = new DataTable(index, heap, deadlines, System::nanoTime, new ReaderAnswers());
    this.room = new RoomQueue(pool, index::makeRoom);
    this.links = links.apply(new Answers());
    this.traffic = new Traffic(this.links);
    this.quarantine = new Quarantine(deadlines, System::nanoTime, this::release);
    this.said = new SendRoom(SAID_BYTES);
    this.sendings =
        new Sendings(traffic, said, deadlines, System::nanoTime, quarantine, this::release);
    this.offers =
        new Offers(
            data, room, heap, System::nanoTime, this::release, Exchange::copyLater, loop::execute);
    this.gatherings = new Gatherings(room, deadlines, this::release, this::sendGathered);
    loop.execute(this::maintainLater);
  }

  /** The links to other relays, for pushes as for chunks; closed after this. */
  public PeerLinks links() {
    return links;
  }

  /** Takes the chunks of other relays. */
  public OfferReceiver offerReceiver() {
    return new PeersOffers();
  }

  /**
   * A process of this host has come.
   *
   * @param name what it calls itself
   * @param speech says something to it, or ends its connection
   * @param ending ends its connection
   */
  public Sidecar sidecar(String name, Consumer<ProcessReply> speech, Sidecar.Ending ending) {
    Sidecar sidecar = new Sidecar(this, name, new SidecarReplies(speech), ending);
    loop.execute(() -> sidecars.add(sidecar));
    return sidecar;
  }

  /** Addresses under which senders may name this relay itself. */
  public void knownAs(Set<String> addresses) {
    ownAddresses = Set.copyOf(addresses);
  }

  /** How it is; told in the loop. */
  public CompletableFuture<ExchangeStatus> status() {
    CompletableFuture<ExchangeStatus> status = new CompletableFuture<>();
    loop.execute(
        () ->
            status.complete(
                ExchangeStatus.newBuilder()
                    .setProcesses(sidecars.size())
                    .setSenders(senders.values().stream().mapToInt(Map::size).sum())
                    .setReaders(sidecars.stream().mapToInt(Sidecar::readers).sum())
                    .setData(data.size())
                    .setWaitingForRoom(room.size())
                    .setSending(sendings.size())
                    .setHeapBytes(heap.used() - data.rememberedBytes() + said.used())
                    .setRememberedBytes(data.rememberedBytes())
                    .build()));
    return status;
  }

  /** Ends everything: whoever waits is told, every slot is given back. Idempotent. */
  @Override
  public void close() {
    loop.execute(
        () -> {
          if (closed) {
            return;
          }
          closed = true;
          gatherings.close();
          sendings.close();
          offers.close();
          data.clear();
          deadlines.clear();
        });
  }

  // ---- for the streams of this host's processes, in the loop

  RelayId self() {
    return self;
  }

  PinnedPool pool() {
    return pool;
  }

  /** The process is here no more. */
  void gone(Sidecar sidecar) {
    sidecars.remove(sidecar);
  }

  void inLoop(Runnable task) {
    loop.execute(task);
  }

  long newRegistration() {
    return nextRegistration++;
  }

  Deadlines deadlines() {
    return deadlines;
  }

  RoomQueue room() {
    return room;
  }

  /** What holds the memory of what is for these: whoever does not take it fills his own share. */
  static String holder(List<Destination> destinations) {
    return holderOf(destinations.stream().map(Destination::group).toList());
  }

  static String holderOf(List<String> groups) {
    return groups.stream().sorted().distinct().collect(Collectors.joining("+"));
  }

  /** A reader asks for a chunk; the answer comes once, in the loop, unless it leaves or cancels. */
  long receive(
      DataId id, Reader reader, int chunk, long deadlineNanos, Consumer<ReceiveAnswer> answer) {
    long request = nextRequest++;
    requests.put(request, answer);
    data.receive(id, new DataInput.Receive(request, reader, chunk, deadlineNanos));
    return request;
  }

  void cancelReceive(DataId id, long request) {
    requests.remove(request);
    data.cancel(id, request);
  }

  void markDone(DataId id, Reader reader, int chunk) {
    data.markDone(id, new DataInput.MarkDone(reader, chunk));
    serveSoon();
  }

  void letGo(DataId id, Reader reader, int chunk) {
    data.letGo(id, new DataInput.LetGo(reader, chunk));
    serveSoon();
  }

  /** What it asked for has been cancelled. */
  void readerGone(long registration) {
    data.readerGone(registration);
    serveSoon();
  }

  /**
   * Sends a chunk.
   *
   * @param slot where its bytes are, whose reference goes with it; null if they are {@code inline}
   */
  void send(
      ChunkHeader chunk,
      @Nullable Slot slot,
      ByteString inline,
      long deadlineNanos,
      Consumer<Optional<Failure>> onFinished) {
    SlotShares shares = slot == null ? null : new SlotShares(slot, this::release);
    List<Sendings.Target> targets = new ArrayList<>();
    for (Destination destination : chunk.destinations()) {
      membersByRelay(destination)
          .forEach(
              (relay, ranks) ->
                  targets.add(target(chunk, destination.group(), relay, ranks, shares, inline)));
    }
    sendings.start(
        "chunk %d of %s".formatted(chunk.index(), chunk.dataId()),
        targets,
        slot,
        deadlineNanos,
        onFinished);
  }

  /** Tells everybody how many chunks a datum has. */
  void closeStream(
      String dataId,
      int count,
      List<Destination> destinations,
      long deadlineNanos,
      Consumer<Optional<Failure>> onFinished) {
    List<Sendings.Target> targets = new ArrayList<>();
    for (Destination destination : destinations) {
      DataId id = new DataId(destination.group(), dataId);
      for (String relay : membersByRelay(destination).keySet()) {
        long transfer = nextTransfer++;
        String name = name(destination.group(), relay);
        if (relay.isEmpty()) {
          DataInput.Closed input = new DataInput.Closed(count, new Origin(ownOrigin, transfer));
          targets.add(new Sendings.Target.Here(name, receipt -> data.closed(id, input, receipt)));
        } else {
          targets.add(
              new Sendings.Target.There(
                  name, relay, new Sendings.Message.OfClosing(new Closing(transfer, id, count))));
        }
      }
    }
    sendings.start("the end of " + dataId, targets, null, deadlineNanos, onFinished);
  }

  /** Registers a member of a sending group; answers who has its rank, if another has. */
  Optional<Seat> registerSender(String group, int rank, String process) {
    Seat seat = new Seat(process, Instant.now().truncatedTo(ChronoUnit.SECONDS));
    return Optional.ofNullable(
        senders.computeIfAbsent(group, _ -> new TreeMap<>()).putIfAbsent(rank, seat));
  }

  void senderGone(String group, int rank) {
    TreeMap<Integer, Seat> members = senders.get(group);
    if (members != null) {
      members.remove(rank);
      if (members.isEmpty()) {
        senders.remove(group);
      }
    }
    gatherings.memberGone(group, rank);
  }

  /** Ranks of a sending group's members that are registered. */
  SortedSet<Integer> membersOf(String group) {
    return new TreeSet<>(senders.getOrDefault(group, new TreeMap<>()).keySet());
  }

  Gatherings gatherings() {
    return gatherings;
  }

  /** Gives a reference back, and the room, if it was the last, to whoever waits for some. */
  void release(Slot slot) {
    slot.release();
    serveSoon();
  }

  /** Whoever was lost may still write there, or read: nobody else gets it for some seconds. */
  void keepFromOthers(Slot slot) {
    quarantine.keep(slot);
  }

  /** To be called when somebody has begun to wait for room. */
  void serveLater() {
    if (serveScheduled || room.isEmpty() || closed) {
      return;
    }
    serveScheduled = true;
    deadlines.at(
        System.nanoTime() + SERVE_EVERY.toNanos(),
        () -> {
          serveScheduled = false;
          try {
            room.serve();
          } finally {
            serveLater();
          }
        });
  }

  // ---- within

  private long makeHeapRoom(long wanted) {
    long made =
        index.makeRoom(Math.max(wanted, HEAP_BATCH_BYTES), chunk -> chunk.label().heap().bytes());
    return made > 0 ? made : data.forgetOldest();
  }

  private void maintainLater() {
    deadlines.at(
        System.nanoTime() + MAINTAIN_EVERY.toNanos(),
        () -> {
          if (!closed) {
            maintainLater();
            index.maintain();
            data.maintain();
            traffic.maintain();
            offers.maintain();
            serveSoon();
          }
        });
  }

  private void serveSoon() {
    if (serving || room.isEmpty() || closed) {
      return;
    }
    serving = true;
    loop.execute(
        () -> {
          serving = false;
          room.serve();
        });
  }

  private void sendGathered(
      ChunkHeader header, Slot slot, long deadlineNanos, Gatherings.ResultTaker result) {
    send(header, slot, ByteString.EMPTY, deadlineNanos, result::accept);
  }

  /** The empty relay is this one. */
  private Map<String, SortedSet<Integer>> membersByRelay(Destination destination) {
    Map<String, SortedSet<Integer>> byRelay = new TreeMap<>();
    for (Member member : destination.members()) {
      String relay = member.relay().filter(address -> !ownAddresses.contains(address)).orElse("");
      byRelay.computeIfAbsent(relay, _ -> new TreeSet<>()).add(member.rank());
    }
    return byRelay;
  }

  private static String name(String group, String relay) {
    return relay.isEmpty() ? group : group + " at " + relay;
  }

  private Sendings.Target target(
      ChunkHeader chunk,
      String group,
      String relay,
      SortedSet<Integer> ranks,
      @Nullable SlotShares shares,
      ByteString inline) {
    long transfer = nextTransfer++;
    DataId id = new DataId(group, chunk.dataId());
    String name = name(group, relay);
    if (!relay.isEmpty()) {
      Body body = shares == null ? new Body.Inline(inline) : new Body.ToGrant();
      Offer offer =
          new Offer(
              transfer,
              id,
              chunk.index(),
              chunk.count(),
              ranks,
              chunk.content(),
              chunk.nextPeers(),
              body);
      return new Sendings.Target.There(name, relay, new Sendings.Message.OfChunk(offer));
    }
    DataInput.Arrived arrived =
        new DataInput.Arrived(chunk.index(), chunk.count(), new Origin(ownOrigin, transfer), ranks);
    return new Sendings.Target.Here(
        name,
        receipt ->
            heap.take(id, chunk.nextPeers(), inline)
                .ifPresentOrElse(
                    piece -> {
                      StoredChunk.Label label =
                          new StoredChunk.Label(
                              chunk.content(), chunk.count(), chunk.nextPeers(), group, piece);
                      data.arrived(
                          id,
                          arrived,
                          shares == null
                              ? new StoredChunk.Inline(label, inline)
                              : new StoredChunk.Pooled(label, shares),
                          receipt);
                    },
                    () -> receipt.refused(heap.full())));
  }

  /** There is one task for each chunk that a lost peer shared, and each ends by itself. */
  private static void copyLater(Runnable task) {
    Thread.ofVirtual().name("baton-copy").start(task);
  }

  private void dropped(DataTable.ChunkKey key) {
    data.dropped(key);
    serveSoon();
  }

  /**
   * A bug outside of what is done for one sending, datum, offer, gathering or process, each of
   * which ends alone if there is one: nothing is half done here, and all else goes on.
   */
  private void crashed(Throwable error) {
    log.error("an error in the relay's exchange that should not be", error);
    OutOfMemory.report(error);
  }

  private final class ReaderAnswers implements DataTable.Answers {

    @Override
    public void deliver(long request, int chunk, StoredChunk stored) {
      answer(request, new ReceiveAnswer.Chunk(stored));
    }

    @Override
    public void endOfStream(long request, int total) {
      answer(request, new ReceiveAnswer.End(total));
    }

    @Override
    public void fail(long request, Failure failure) {
      answer(request, new ReceiveAnswer.Failed(failure));
    }

    private void answer(long request, ReceiveAnswer answer) {
      Consumer<ReceiveAnswer> waiting = requests.remove(request);
      if (waiting != null) {
        waiting.accept(answer);
      }
    }
  }

  private final class Answers implements PeerListener {

    @Override
    public void onReady(PeerConnection connection) {
      loop.execute(() -> sendings.onReady(connection));
    }

    @Override
    public void onRoom(PeerConnection connection) {
      loop.execute(() -> sendings.onRoom(connection));
    }

    @Override
    public void onLost(PeerConnection connection, String why) {
      loop.execute(() -> sendings.onLost(connection, why));
    }

    @Override
    public void onAnswer(PeerConnection connection, PeerAnswer answer) {
      loop.execute(() -> sendings.onAnswer(connection, answer));
    }
  }

  private final class PeersOffers implements OfferReceiver {

    @Override
    public void onOffer(Inbound from, Offer offer) {
      loop.execute(
          () -> {
            offers.onOffer(from, offer);
            serveLater();
          });
    }

    @Override
    public void onClosing(Inbound from, Closing closing) {
      loop.execute(() -> offers.onClosing(from, closing));
    }

    @Override
    public void onWithdraw(Inbound from, long transfer) {
      loop.execute(() -> offers.onWithdraw(from, transfer));
    }

    @Override
    public void onBody(Inbound from, long transfer) {
      loop.execute(() -> offers.onBody(from, transfer));
    }

    @Override
    public void onLost(Inbound from, String why) {
      loop.execute(() -> offers.onLost(from));
    }
  }
}

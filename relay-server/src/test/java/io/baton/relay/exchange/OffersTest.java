package io.baton.relay.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Taken;
import io.baton.transport.Deadlines;
import io.baton.transport.peer.Body;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.Offer;
import io.baton.transport.pinned.ChunkIndex;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes in an order that two threads can bring about, or from a peer that is wrong. */
class OffersTest {

  private static final int BYTES = 1000;
  private static final long HISTORY = 1 << 20;

  @TempDir private Path directory;
  private PinnedPool pool;
  private ChunkIndex<DataTable.ChunkKey, StoredChunk> index;
  private DataTable data;
  private HeapRoom heap;
  private RoomQueue room;
  private Offers offers;
  private final List<Runnable> copies = new ArrayList<>();
  private int dones;
  private long nowNanos;

  @BeforeEach
  void open() throws Exception {
    pool = PinnedPool.create(PoolConfig.of("here", 1 << 20).withDirectory(directory));
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    timer.shutdown();
    index =
        new ChunkIndex<>(
            new ChunkIndexConfig(HISTORY, Duration.ofMinutes(1), Duration.ofMinutes(1)),
            System::nanoTime,
            (key, _) -> data.dropped(key));
    heap =
        new HeapRoom(
            64 * BYTES,
            wanted -> {
              long made = index.makeRoom(wanted);
              return made > 0 ? made : data.forgetOldest();
            });
    data =
        new DataTable(
            index,
            heap,
            new Deadlines(timer, System::nanoTime, Runnable::run),
            System::nanoTime,
            new DataTable.Answers() {
              @Override
              public void deliver(long request, int chunk, StoredChunk stored) {
                dones++;
              }

              @Override
              public void endOfStream(long request, int total) {}

              @Override
              public void fail(long request, Failure failure) {}
            });
    room = new RoomQueue(pool, index::makeRoom);
    offers =
        new Offers(data, room, heap, () -> nowNanos, Slot::release, copies::add, Runnable::run);
  }

  private void pass(Duration time) {
    nowNanos += time.toNanos();
    offers.maintain();
  }

  @AfterEach
  void nothingIsLeft() {
    offers.close();
    data.clear();
    assertThat(pool.usage().total().slots()).isZero();
    assertThat(heap.used()).isZero();
    pool.close();
  }

  private static Offer offer(long transfer, String id, Body body) {
    return offer(transfer, id, BYTES, body);
  }

  private static Offer offer(long transfer, String id, int bytes, Body body) {
    return new Offer(
        transfer,
        new DataId("g", id),
        0,
        OptionalInt.of(1),
        new TreeSet<>(List.of(0)),
        new Content.OfObject(bytes),
        List.of(),
        body);
  }

  @Test
  void withdrawal_thatIsHeardBeforeTheGrantIsMade_leavesNoMemory() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    // On its own thread the connection hears the withdrawal first, when nothing is granted yet.
    peer.revoke(1);
    offers.onOffer(peer, offer(1, "a", new Body.ToGrant()));
    offers.onWithdraw(peer, 1);
    assertThat(peer.granted).isEmpty();
    assertThat(pool.usage().total().slots()).isZero();
  }

  @Test
  void offer_ofAConnectionThatIsLost_leavesNothing() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    peer.over = true;
    offers.onLost(peer);
    // It was under way on another thread when the connection was lost.
    offers.onOffer(peer, offer(1, "a", new Body.ToGrant()));
    offers.onClosing(peer, new Closing(2, new DataId("g", "b"), 1));
    assertThat(peer.said).isEmpty();
    assertThat(pool.usage().total().slots()).isZero();
    assertThat(data.size()).isZero();
  }

  @Test
  void transfer_thatIsSharedAlready_isNotTakenForAnotherChunk() throws Exception {
    try (PinnedPool theirs =
            PinnedPool.create(PoolConfig.of("there", 1 << 20).withDirectory(directory));
        PoolMapping mapped =
            PoolMapping.open(theirs.path(), theirs.id(), PoolMapping.Access.READ)) {
      Slot slot = theirs.allocate(BYTES, PoolUse.IN_USE, "g").orElseThrow();
      FakeInbound peer = new FakeInbound(Optional.of(mapped));
      Body shared = new Body.Shared(slot.handle());
      offers.onOffer(peer, offer(1, "a", shared));
      offers.onOffer(peer, offer(1, "b", shared));
      offers.onOffer(peer, offer(1, "a", shared));
      assertThat(peer.said).containsExactly("taken 1", "refused 1 INVALID_ARGUMENT", "taken 1");
      data.clear();
      assertThat(peer.said).endsWith("released 1");
      slot.release();
    }
  }

  private static final byte[] CONTENT = "content".repeat(100).getBytes(StandardCharsets.UTF_8);

  private interface Shared {
    void with(FakeInbound peer, PinnedPool theirs, PoolMapping mapped) throws Exception;
  }

  /** A chunk of a peer that has just been lost, which stays in that peer's pool as yet. */
  private void afterTheLossOfTheOwner(Shared test) throws Exception {
    try (PinnedPool theirs =
            PinnedPool.create(PoolConfig.of("there", 1 << 20).withDirectory(directory));
        PoolMapping mapped =
            PoolMapping.open(theirs.path(), theirs.id(), PoolMapping.Access.READ)) {
      Slot slot = theirs.allocate(CONTENT.length, PoolUse.IN_USE, "g").orElseThrow();
      slot.memory().copyFrom(MemorySegment.ofArray(CONTENT));
      FakeInbound peer = new FakeInbound(Optional.of(mapped));
      offers.onOffer(peer, offer(1, "a", CONTENT.length, new Body.Shared(slot.handle())));
      offers.onLost(peer);
      assertThat(copies).hasSize(1);
      test.with(peer, theirs, mapped);
      // Nothing is left of it: its pool is closed, and what it shared cannot be looked at.
      assertThatIllegalStateException().isThrownBy(() -> mapped.view(slot.handle(), 1));
      slot.release();
    }
  }

  private static final DataTable.ChunkKey KEY = new DataTable.ChunkKey(new DataId("g", "a"), 0);

  @Test
  void sharedChunk_whoseOwnerIsLost_isCopiedOutsideOfTheLoop() throws Exception {
    afterTheLossOfTheOwner(
        (_, _, _) -> {
          assertThat(index.get(KEY).orElseThrow()).isInstanceOf(StoredChunk.Foreign.class);
          copies.getFirst().run();
          StoredChunk.Pooled copy = (StoredChunk.Pooled) index.get(KEY).orElseThrow();
          assertThat(copy.slot().memory().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(CONTENT);
        });
  }

  @Test
  void sharedChunk_thatIsDoneBeforeItIsCopied_leavesNothing() throws Exception {
    afterTheLossOfTheOwner(
        (_, _, mapped) -> {
          done(KEY.id(), 1);
          assertThat(index.get(KEY)).isEmpty();
          // It is being copied still.
          assertThat(mapped.memory().byteSize()).isPositive();
          copies.getFirst().run();
          assertThat(pool.usage().total().slots()).isZero();
        });
  }

  @Test
  void sharedChunk_thatCannotBeCopiedAnyMore_isGone() throws Exception {
    afterTheLossOfTheOwner(
        (_, _, _) -> {
          // As when this relay is closed meanwhile.
          pool.close();
          copies.getFirst().run();
          assertThat(index.get(KEY)).isEmpty();
        });
  }

  @Test
  void offer_ofWhichNobodyKnowsWhetherItWasTaken_isRefused() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    Body body = new Body.Inline(ByteString.copyFrom(new byte[BYTES]));
    offers.onOffer(peer, offer(2L + Taken.WINDOW + Long.SIZE, "a", body));
    peer.said.clear();
    offers.onOffer(peer, offer(1, "b", body));
    assertThat(peer.said).containsExactly("refused 1 UNAVAILABLE");
    assertThat(index.size()).isEqualTo(1);
  }

  /** History gives way to what is new, on the heap as in the pool. */
  @Test
  void smallChunks_thatEverybodyIsDoneWith_keepNoneFromComing() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    for (int i = 1; i <= 100; i++) {
      Offer offer = offer(i, "id" + i, new Body.Inline(ByteString.copyFrom(new byte[BYTES])));
      offers.onOffer(peer, offer);
      done(offer.id(), i);
    }
    assertThat(peer.said).hasSize(100).allMatch(said -> said.startsWith("taken"));
    assertThat(dones).isEqualTo(100);
    assertThat(index.size()).isBetween(5L, 32L);
  }

  private void done(DataId id, long request) {
    var reader = new io.baton.session.exchange.Reader(1, 0);
    data.receive(
        id,
        new io.baton.session.exchange.DataInput.Receive(
            request, reader, 0, System.nanoTime() + 1_000_000_000L));
    data.markDone(id, new io.baton.session.exchange.DataInput.MarkDone(reader, 0));
  }

  @Test
  void smallChunks_thatNobodyIsDoneWith_areRefusedWhenThereIsNoRoom() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    for (int i = 1; i <= 50; i++) {
      offers.onOffer(
          peer, offer(i, "id" + i, new Body.Inline(ByteString.copyFrom(new byte[BYTES]))));
    }
    assertThat(peer.said).contains("taken 1", "refused 50 RESOURCE_EXHAUSTED");
  }

  @Test
  void body_thatDoesNotCome_givesItsRoomBackAndIsRefused() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    offers.onOffer(peer, offer(1, "a", new Body.ToGrant()));
    pass(Offers.BODY_PATIENCE.minusNanos(1));
    assertThat(peer.granted).containsOnlyKeys(1L);

    pass(Duration.ofNanos(1));

    assertThat(peer.granted).isEmpty();
    assertThat(peer.said).containsExactly("refused 1 DEADLINE_EXCEEDED");
    assertThat(pool.usage().total().slots()).isZero();
    // What comes of it now means nothing.
    offers.onBody(peer, 1);
    assertThat(data.size()).isZero();
  }

  @Test
  void body_thatComesSlowly_isWaitedForUntilItStops() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    offers.onOffer(peer, offer(1, "a", new Body.ToGrant()));
    for (long bytes = 1; bytes <= 5; bytes++) {
      peer.written.put(1L, bytes);
      pass(Offers.BODY_PATIENCE);
    }
    assertThat(peer.granted).containsOnlyKeys(1L);

    pass(Offers.BODY_PATIENCE);
    assertThat(peer.granted).isEmpty();
  }

  @Test
  void body_thatIsOnItsWayByItself_isNotTakenBack() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    offers.onOffer(peer, offer(1, "a", new Body.ToGrant()));
    // It comes by UCX: nothing of it is told before it is there, whole.
    Slot landing = Objects.requireNonNull(peer.granted.remove(1L));

    pass(Offers.BODY_PATIENCE);
    assertThat(peer.said).isEmpty();

    landing.release();
    offers.onBody(peer, 1);
    assertThat(peer.said).containsExactly("taken 1");
  }

  @Test
  void offer_thatWaitedForRoom_hasAllTheTimeForItsBody() {
    FakeInbound peer = new FakeInbound(Optional.empty());
    offers.onOffer(peer, offer(1, "a", 600_000, new Body.ToGrant()));
    offers.onOffer(peer, offer(2, "b", 600_000, new Body.ToGrant()));
    pass(Offers.BODY_PATIENCE);
    assertThat(peer.said).containsExactly("waiting 2", "refused 1 DEADLINE_EXCEEDED");

    room.serve();
    pass(Offers.BODY_PATIENCE.minusNanos(1));
    assertThat(peer.granted).containsOnlyKeys(2L);

    pass(Duration.ofNanos(1));
    assertThat(peer.granted).isEmpty();
  }
}

package io.baton.relay.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Reader;
import io.baton.transport.Deadlines;
import io.baton.transport.peer.Body;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.Offer;
import io.baton.transport.pinned.ChunkIndex;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An error that should not be, at each call out of the exchange's tables in turn: whatever it
 * strikes, nothing is left behind, everybody is answered, and what comes after goes well.
 */
class BugsTest {

  private static final int BYTES = 4096;
  private static final int POOL_BYTES = 1 << 16;
  private static final Reader FIRST = new Reader(1, 0);
  private static final Reader SECOND = new Reader(2, 1);

  /** Strikes at one call. */
  private static final class Bug {
    private final int at;
    private int calls;
    private boolean struck;
    private boolean over;

    Bug(int at) {
      this.at = at;
    }

    void call() {
      if (++calls == at && !over) {
        struck = true;
        throw new IllegalStateException("a bug at call " + at);
      }
    }

    boolean hasStruck() {
      return struck;
    }
  }

  @TempDir private Path directory;

  @Test
  void history_withAnErrorAtAnyCall_leavesNothingAndGoesOn() throws Exception {
    int at = 1;
    while (true) {
      try (World world = new World(new Bug(at), directory.resolve("bug-" + at))) {
        world.play();
        world.goOn();
        world.leave();
        if (!world.bug.hasStruck()) {
          break;
        }
      }
      at++;
    }
    assertThat(at).as("calls at which it struck").isGreaterThan(60);
  }

  private static DataId id(String id) {
    return new DataId("g", id);
  }

  /** The tables of an exchange, and everybody around them. */
  private static final class World implements AutoCloseable {

    final Bug bug;
    private final PinnedPool pool;
    private final ChunkIndex<DataTable.ChunkKey, StoredChunk> index;
    private final HeapRoom heap;
    private final DataTable data;
    private final RoomQueue room;
    private final Offers offers;
    private final Gatherings gatherings;
    private final Map<Long, Integer> answered = new TreeMap<>();
    private final List<Long> delivered = new ArrayList<>();
    private final List<Optional<Failure>> sent = new ArrayList<>();
    private long requests;

    /** Of a reader that goes and waits for no answer. */
    private long leaving;

    private long nowNanos;

    World(Bug bug, Path directory) throws Exception {
      this.bug = bug;
      Files.createDirectory(directory);
      pool = PinnedPool.create(PoolConfig.of("here", POOL_BYTES).withDirectory(directory));
      ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
      timer.shutdown();
      index =
          new ChunkIndex<>(
              new ChunkIndexConfig(1 << 20, Duration.ofMinutes(1), Duration.ofMinutes(1)),
              this::time,
              (key, _) -> this.data().dropped(key));
      heap = new HeapRoom(20 * BYTES, this::makeHeapRoom);
      Deadlines deadlines = new Deadlines(timer, () -> nowNanos, Runnable::run);
      data = new DataTable(index, heap, deadlines, this::time, new Answers());
      room = new RoomQueue(pool, index::makeRoom);
      offers =
          new Offers(data, room, heap, this::time, this::release, Runnable::run, Runnable::run);
      gatherings = new Gatherings(room, deadlines, this::release, this::send);
    }

    private DataTable data() {
      return data;
    }

    private long makeHeapRoom(long wanted) {
      bug.call();
      long made = index.makeRoom(wanted, chunk -> chunk.label().heap().bytes());
      return made > 0 ? made : data.forgetOldest();
    }

    private long time() {
      bug.call();
      return nowNanos;
    }

    private void release(Slot slot) {
      slot.release();
    }

    /** As the sendings do: the slot is given back whatever happens. */
    private void send(
        ChunkHeader header, Slot slot, long deadlineNanos, Gatherings.ResultTaker result) {
      slot.release();
      result.accept(Optional.empty());
    }

    private final class Answers implements DataTable.Answers {
      @Override
      public void deliver(long request, int chunk, StoredChunk stored) {
        answered.merge(request, 1, Integer::sum);
        delivered.add(request);
        bug.call();
      }

      @Override
      public void endOfStream(long request, int total) {
        answered.merge(request, 1, Integer::sum);
        bug.call();
      }

      @Override
      public void fail(long request, Failure failure) {
        answered.merge(request, 1, Integer::sum);
        bug.call();
      }
    }

    private long receive(Reader reader, String id, int index) {
      long request = ++requests;
      data.receive(id(id), new DataInput.Receive(request, reader, index, nowNanos + 1_000_000));
      return request;
    }

    private void done(Reader reader, String id) {
      data.markDone(id(id), new DataInput.MarkDone(reader, 0));
    }

    /** Everything that there is, with somebody who waits at each place. */
    void play() {
      Peer peer = new Peer(bug);
      offers.onOffer(peer, offer(1, "pooled", new Body.ToGrant()));
      receive(FIRST, "pooled", 0);
      receive(SECOND, "pooled", 0);
      leaving = receive(SECOND, "pooled", 1);
      peer.write(1, offers);
      done(FIRST, "pooled");
      offers.onOffer(peer, offer(2, "small", new Body.Inline(ByteString.copyFromUtf8("small"))));
      receive(FIRST, "small", 0);
      long second = receive(FIRST, "small", 1);
      offers.onClosing(peer, new Closing(3, id("small"), 1));
      if (!peer.answersTo(3).contains("taken 3")) {
        // It waits on, for the closing to be said again.
        data.cancel(id("small"), second);
        answered.putIfAbsent(second, 1);
      }
      done(FIRST, "small");
      Optional<Slot> most = pool.allocate(POOL_BYTES - 2 * BYTES, PoolUse.COMMAND, "others");
      for (long i = 4; i < 12; i++) {
        offers.onOffer(peer, offer(i, "crowd-" + i, new Body.ToGrant()));
      }
      offers.onWithdraw(peer, 4);
      most.ifPresent(Slot::release);
      serve();
      peer.write(5, offers);
      gather();
      data.readerGone(SECOND.registration());
      nowNanos += Duration.ofMinutes(3).toNanos();
      tolerating(data::maintain);
      tolerating(offers::maintain);
      peer.lose(offers);
    }

    private void serve() {
      // What is not served for an error is served with the next round, as it is every 50 ms.
      tolerating(room::serve);
      tolerating(room::serve);
    }

    private void tolerating(Runnable task) {
      try {
        task.run();
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageStartingWith("a bug");
      }
    }

    private void gather() {
      ChunkHeader header =
          new ChunkHeader(
              "gathered",
              0,
              OptionalInt.of(1),
              new Content.OfObject(BYTES),
              List.of(Destination.here("g")),
              List.of());
      for (int rank = 0; rank < 2; rank++) {
        Member member = new Member(rank);
        gatherings.join(
            "writers",
            rank,
            new TreeSet<>(List.of(0, 1)),
            new TreeSet<>(List.of(0, 1)),
            true,
            0,
            header,
            nowNanos + 1_000_000,
            member);
      }
      serve();
      for (int rank = 0; rank < 2; rank++) {
        gatherings.written("writers", "gathered", 0, rank, rank);
      }
      gatherings.memberGone("writers", 1);
      gatherings.memberGone("writers", 0);
    }

    private final class Member implements Gatherings.Participant {
      private final int rank;

      Member(int rank) {
        this.rank = rank;
      }

      @Override
      public void write(int part, Slot slot, long from, long to) {
        assertThat(from).isLessThanOrEqualTo(to);
        bug.call();
      }

      @Override
      public void finish(Optional<Failure> failure) {
        sent.add(failure);
        bug.call();
      }

      @Override
      public void whenQuiet(Runnable task) {
        task.run();
      }

      @Override
      public String toString() {
        return "rank " + rank;
      }
    }

    /** After it: another peer, another datum, and the one that was struck. */
    void goOn() {
      bug.over = true;
      Peer peer = new Peer(new Bug(0));
      long number = 100;
      for (String id : List.of("another", "pooled", "small")) {
        number++;
        offers.onOffer(peer, offer(number, id, new Body.ToGrant()));
        peer.write(number, offers);
        assertThat(peer.answersTo(number)).as("%s is answered", id).hasSize(1);
      }
      int before = delivered.size();
      receive(FIRST, "another", 0);
      assertThat(delivered).hasSize(before + 1);
      peer.lose(offers);
    }

    void leave() {
      for (Reader reader : List.of(FIRST, SECOND)) {
        data.readerGone(reader.registration());
      }
      nowNanos += Duration.ofHours(1).toNanos();
      for (long request = 1; request <= requests; request++) {
        if (request != leaving) {
          assertThat(answered).as("requests that were answered").containsKey(request);
        }
      }
      assertThat(answered.values()).as("how often").allMatch(times -> times <= 1);
      assertThat(sent).as("what writers were told that did not leave first").hasSizeBetween(1, 2);
      assertThat(room.size()).as("who waits for room").isZero();
      gatherings.close();
      offers.close();
      data.clear();
      assertThat(index.size()).as("chunks").isZero();
      assertThat(data.size()).as("data").isZero();
      assertThat(pool.usage().total().slots()).as("slots").isZero();
      assertThat(heap.used()).as("bytes of the heap").isZero();
    }

    @Override
    public void close() {
      pool.close();
    }
  }

  private static Offer offer(long transfer, String id, Body body) {
    int bytes = body instanceof Body.Inline(var small) ? small.size() : BYTES;
    return new Offer(
        transfer,
        id(id),
        0,
        OptionalInt.empty(),
        new TreeSet<>(List.of(0, 1)),
        new Content.OfObject(bytes),
        List.of(),
        body);
  }

  /** At which an error happens, too. */
  private static final class Peer extends FakeInbound {

    private final Bug bug;

    Peer(Bug bug) {
      super(Optional.empty());
      this.bug = bug;
    }

    void write(long transfer, Offers offers) {
      Slot slot = granted.remove(transfer);
      if (slot != null) {
        offers.onBody(this, transfer);
        slot.release();
      }
    }

    void lose(Offers offers) {
      over = true;
      granted.values().forEach(Slot::release);
      granted.clear();
      offers.onLost(this);
    }

    /** Whether it was taken or refused. */
    List<String> answersTo(long transfer) {
      return said.stream()
          .filter(
              word ->
                  word.equals("taken " + transfer) || word.startsWith("refused " + transfer + " "))
          .toList();
    }

    @Override
    public long origin() {
      return System.identityHashCode(this);
    }

    @Override
    public void waiting(long transfer, String detail) {
      super.waiting(transfer, detail);
      bug.call();
    }

    @Override
    public void grant(long transfer, Slot into) {
      bug.call();
      super.grant(transfer, into);
    }

    @Override
    public void taken(long transfer) {
      super.taken(transfer);
      bug.call();
    }

    @Override
    public void refused(long transfer, Failure failure) {
      super.refused(transfer, failure);
      bug.call();
    }

    @Override
    public void released(long transfer, long bytes) {
      super.released(transfer, bytes);
      bug.call();
    }
  }
}

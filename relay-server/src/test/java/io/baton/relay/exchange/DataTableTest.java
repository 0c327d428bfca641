package io.baton.relay.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.DataLimits;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Origin;
import io.baton.session.exchange.Reader;
import io.baton.session.exchange.Taken;
import io.baton.transport.Deadlines;
import io.baton.transport.pinned.ChunkIndex;
import io.baton.transport.pinned.ChunkIndexConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;

/** What the index lets go of by itself, and what the table makes of it. */
class DataTableTest {

  private static final Duration HISTORY_FOR = Duration.ofSeconds(10);
  private static final int BYTES = 640;
  private static final long CAPACITY = 16 << 20;
  private static final DataId ID = new DataId("group", "datum");
  private static final DataId OTHER = new DataId("group", "other");
  private static final Reader READER = new Reader(1, 0);

  private final List<String> said = new ArrayList<>();
  private final HeapRoom heap = new HeapRoom(CAPACITY, this::makeRoom);
  private final ChunkIndex<DataTable.ChunkKey, StoredChunk> index =
      new ChunkIndex<>(
          new ChunkIndexConfig(BYTES, Duration.ofSeconds(5), HISTORY_FOR),
          () -> this.now,
          (key, _) -> this.table.dropped(key));
  private final Deadlines deadlines = new Deadlines(stopped(), () -> this.now, Runnable::run);
  private final DataTable table = new DataTable(index, heap, deadlines, () -> this.now, answers());
  private long now;
  private long requests;

  @Test
  void history_thatAgesWhenItIsAskedForIsGoneAndMayBeSentAnew() {
    arrive(ID, 1);
    receive(ID);
    table.markDone(ID, new DataInput.MarkDone(READER, 0));
    now += HISTORY_FOR.toNanos() + 1;
    receive(ID);
    arrive(ID, 2);
    receive(ID);
    assertThat(said).containsExactly("taken", "delivered", "GONE", "taken", "delivered");
    assertThat(index.size()).isEqualTo(1);
  }

  @Test
  void history_thatGivesWayToAnotherMayBeSentAnewAtOnce() {
    pass(ID, 1);
    pass(OTHER, 2);
    arrive(ID, 3);
    arrive(OTHER, 4);
    receive(ID);
    receive(OTHER);
    assertThat(said.subList(4, said.size()))
        .containsExactly("taken", "taken", "delivered", "delivered");
    assertThat(index.size()).isEqualTo(2);
    assertThat(heap.used()).isGreaterThan(2L * BYTES);
  }

  // ---- many ids

  @Test
  void idsThatAreOver_leaveNoRecordOfEachAndNoTimer() {
    for (int i = 1; i <= 30_000; i++) {
      pass(i);
    }
    assertThat(said).hasSize(60_000).doesNotContain("RESOURCE_EXHAUSTED");
    assertThat(table.size()).isBetween(DataTable.REMEMBERED, DataTable.REMEMBERED + 2);
    assertThat(deadlines.size()).isZero();
    assertThat(heap.used()).isLessThan(8 << 20);
    table.clear();
    assertThat(heap.used()).isZero();
  }

  @Test
  void idsThatAreOver_areGoneAtOnceForTheLastEightThousand() {
    for (int i = 1; i <= 20_000; i++) {
      pass(i);
    }
    said.clear();
    for (int i = 20_000 - 8000; i < 20_000; i++) {
      receive(id(i));
    }
    // But for one, which is history still.
    assertThat(said.remove("delivered")).isTrue();
    assertThat(said).hasSize(7999).containsOnly("GONE");
  }

  @Test
  void idsThatAreOver_areForgottenAfterAWhile() {
    pass(1);
    pass(2);
    now += HISTORY_FOR.toNanos() + 1;
    index.maintain();
    assertThat(table.size()).isEqualTo(2);
    now += DataLimits.DEFAULT.memoryNanos();
    table.maintain();
    assertThat(table.size()).isZero();
  }

  @Test
  void idsThatAreLong_areForgottenEarlierThanTheyTakeTheHeap() {
    for (int i = 1; i <= 20_000; i++) {
      pass(new DataId("g".repeat(1024), "%1024d".formatted(i)), i);
    }
    assertThat(said).doesNotContain("RESOURCE_EXHAUSTED");
    assertThat(heap.used()).isLessThan(CAPACITY);
    assertThat(table.size()).isGreaterThan(1000);
  }

  @Test
  void chunk_thatComesAgainLongAfterItsDatumIsForgotten_isNotTakenTwice() {
    for (int i = 1; i <= 20_000; i++) {
      pass(i);
    }
    assertThat(table.verdict(id(1), 0, new Origin(7, 1))).isEqualTo(Taken.Verdict.TAKEN);
    int known = table.size();
    said.clear();
    arrive(id(1), 1);
    assertThat(said).containsExactly("taken");
    assertThat(table.size()).isEqualTo(known);
    assertThat(table.verdict(id(1), 0, new Origin(7, 20_001))).isEqualTo(Taken.Verdict.NEW);
  }

  @Test
  void senders_thatAreMany_areForgottenOldestFirst() {
    for (int relay = 1; relay <= 1000; relay++) {
      arrive(id(relay), new Origin(relay, 1));
      receive(id(relay));
      table.markDone(id(relay), new DataInput.MarkDone(READER, 0));
    }
    assertThat(heap.used()).isLessThan(4 << 20);
    assertThat(table.verdict(OTHER, 0, new Origin(1000, 1))).isEqualTo(Taken.Verdict.TAKEN);
    assertThat(table.verdict(OTHER, 0, new Origin(1, 1))).isEqualTo(Taken.Verdict.NEW);
  }

  @Test
  void requestsThatWait_areRefusedWhenTheHeapIsFull_butNotForWhatIsHere() {
    arrive(ID, 1);
    for (int i = 1; i <= 20_000; i++) {
      receive(id(i));
    }
    assertThat(said).contains("RESOURCE_EXHAUSTED").doesNotContain("DEADLINE_EXCEEDED");
    assertThat(heap.used()).isLessThan(CAPACITY + 4096);
    said.clear();
    receive(ID);
    assertThat(said).containsExactly("delivered");
  }

  @Test
  void readerThatGoes_givesBackWhatItHolds() {
    arrive(ID, 1);
    receive(ID);
    arrive(OTHER, 2);
    receive(OTHER);
    table.markDone(OTHER, new DataInput.MarkDone(READER, 0));
    table.readerGone(READER.registration());
    receive(new Reader(2, 0), ID);
    assertThat(said).containsExactly("taken", "delivered", "taken", "delivered", "delivered");
    table.markDone(ID, new DataInput.MarkDone(new Reader(2, 0), 0));
    // Nobody holds it any more, so that it is history.
    assertThat(index.makeRoom(Long.MAX_VALUE)).isPositive();
    assertThat(index.size()).isZero();
  }

  private static DataId id(int number) {
    return new DataId("group", "%064d".formatted(number));
  }

  /** Through the relay and out of it. */
  private void pass(int number) {
    pass(id(number), number);
  }

  private void pass(DataId id, long transfer) {
    arrive(id, transfer);
    receive(id);
    table.markDone(id, new DataInput.MarkDone(READER, 0));
  }

  private long makeRoom(long wanted) {
    long made = index.makeRoom(wanted, chunk -> chunk.label().heap().bytes());
    return made > 0 ? made : table.forgetOldest();
  }

  private void arrive(DataId id, long transfer) {
    arrive(id, new Origin(7, transfer));
  }

  private void arrive(DataId id, Origin origin) {
    ByteString body = ByteString.copyFrom(new byte[BYTES]);
    StoredChunk chunk =
        new StoredChunk.Inline(
            new StoredChunk.Label(
                new Content.OfObject(BYTES),
                OptionalInt.of(1),
                List.of(),
                id.group(),
                heap.take(id, List.of(), body).orElseThrow()),
            body);
    table.arrived(
        id,
        new DataInput.Arrived(0, OptionalInt.of(1), origin, Set.of(0)),
        chunk,
        new DataTable.Receipt() {
          @Override
          public void taken() {
            said.add("taken");
          }

          @Override
          public void refused(Failure failure) {
            said.add(failure.reason().name());
          }
        });
  }

  private void receive(DataId id) {
    receive(READER, id);
  }

  private void receive(Reader reader, DataId id) {
    table.receive(id, new DataInput.Receive(++requests, reader, 0, now + 1));
  }

  private DataTable.Answers answers() {
    return new DataTable.Answers() {
      @Override
      public void deliver(long request, int chunk, StoredChunk stored) {
        said.add("delivered");
      }

      @Override
      public void endOfStream(long request, int total) {
        said.add("end of stream");
      }

      @Override
      public void fail(long request, Failure failure) {
        said.add(failure.reason().name());
      }
    };
  }

  /** Deadlines play no part here. */
  private static ScheduledExecutorService stopped() {
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    timer.shutdown();
    return timer;
  }
}

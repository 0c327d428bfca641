package io.baton.relay.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.DataInput;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Origin;
import io.baton.session.exchange.Reader;
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
  private static final DataId ID = new DataId("group", "datum");
  private static final DataId OTHER = new DataId("group", "other");
  private static final Reader READER = new Reader(1, 0);

  private final List<String> said = new ArrayList<>();
  private final HeapRoom heap = new HeapRoom(1 << 20, _ -> 0);
  private final ChunkIndex<DataTable.ChunkKey, StoredChunk> index =
      new ChunkIndex<>(
          new ChunkIndexConfig(BYTES, Duration.ofSeconds(5), HISTORY_FOR),
          () -> this.now,
          (key, _) -> this.table.dropped(key));
  private final DataTable table =
      new DataTable(
          index,
          new Deadlines(stopped(), () -> this.now, Runnable::run),
          () -> this.now,
          answers());
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
    assertThat(heap.used()).isBetween((long) BYTES, 2L * BYTES - 1);
  }

  @Test
  void history_thatGivesWayToAnotherMayBeSentAnewAtOnce() {
    for (DataId id : List.of(ID, OTHER)) {
      arrive(id, 1);
      receive(id);
      table.markDone(id, new DataInput.MarkDone(READER, 0));
    }
    arrive(ID, 2);
    arrive(OTHER, 3);
    receive(ID);
    receive(OTHER);
    assertThat(said.subList(4, said.size()))
        .containsExactly("taken", "taken", "delivered", "delivered");
    assertThat(index.size()).isEqualTo(2);
    assertThat(heap.used()).isGreaterThan(2L * BYTES);
  }

  private void arrive(DataId id, long transfer) {
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
        new DataInput.Arrived(0, OptionalInt.of(1), new Origin(7, transfer), Set.of(0)),
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
    table.receive(id, new DataInput.Receive(++requests, READER, 0, now + 1));
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

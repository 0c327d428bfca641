package io.baton.transport.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.BulkFrame;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies on their way: what is cut at one end, and put together at the other. */
class BodyPumpTest {

  private static final int PART_BYTES = 256 << 10;

  @TempDir private Path directory;
  private PinnedPool pool;

  @BeforeEach
  void open() throws Exception {
    pool = PinnedPool.create(PoolConfig.of("here", 32 << 20).withDirectory(directory));
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(pool.usage().total().slots()).isZero();
    pool.close();
  }

  /** A connection that takes frames as long as there is room. */
  private static final class Wire implements Bulk {
    final List<BodyPart> sent = new ArrayList<>();
    int room;
    int refused;

    @Override
    public boolean offer(BulkFrame frame) {
      if (room == 0) {
        refused++;
        return false;
      }
      room--;
      sent.add(frame.getBody());
      return true;
    }

    @Override
    public long queuedBytes() {
      return 0;
    }
  }

  private Slot slot(byte[] content) {
    Slot slot = pool.allocate(content.length, PoolUse.FILLING, "g").orElseThrow();
    MemorySegment.copy(content, 0, slot.memory(), ValueLayout.JAVA_BYTE, 0, content.length);
    return slot;
  }

  private Slot empty(int bytes) {
    return pool.allocate(bytes, PoolUse.FILLING, "g").orElseThrow();
  }

  private static byte[] random(int bytes, Random random) {
    byte[] drawn = new byte[bytes];
    random.nextBytes(drawn);
    return drawn;
  }

  @Test
  void part_forWhichThereIsNoRoom_staysTheNextOne() {
    Wire wire = new Wire();
    int[] full = {0};
    BodyPump pump = new BodyPump(wire, PART_BYTES, () -> full[0]++);
    Slot body = slot(random(4 * PART_BYTES, new Random(1)));
    pump.add(1, BodySource.of(body));
    body.release();
    assertThat(wire.sent).isEmpty();
    assertThat(full[0]).isEqualTo(1);

    wire.room = 3;
    pump.pump();
    assertThat(wire.sent)
        .extracting(BodyPart::getOffset)
        .containsExactly(0L, (long) PART_BYTES, 2L * PART_BYTES);
    wire.room = 10;
    pump.pump();
    assertThat(wire.sent).last().extracting(BodyPart::getOffset).isEqualTo(3L * PART_BYTES);
    assertThat(wire.sent).hasSize(4);
    assertThat(pool.usage().total().slots()).isZero();
  }

  @Test
  void close_takesNothingAnyMore() {
    Wire wire = new Wire();
    wire.room = 10;
    BodyPump pump = new BodyPump(wire, PART_BYTES, () -> {});
    pump.close();
    Slot body = empty(1000);
    // As a grant that was on its way when the connection was lost would have it.
    pump.add(1, BodySource.of(body));
    body.release();
    assertThat(wire.sent).isEmpty();
  }

  /** Both ends count: the one what it has sent, the other what it has written. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void bodies_throughFullQueuesAndLostConnections_areWrittenExactlyOnce(long seed)
      throws Exception {
    Random random = new Random(seed);
    Map<Long, byte[]> contents = new HashMap<>();
    Map<Long, Slot> outgoing = new HashMap<>();
    for (long transfer = 1; transfer <= 4; transfer++) {
      // Lengths of whole parts are those in which a part that is missing or doubled can hide.
      byte[] content = random(PART_BYTES * (1 + random.nextInt(6)), random);
      contents.put(transfer, content);
      outgoing.put(transfer, slot(content));
    }
    int refused = 0;
    while (!outgoing.isEmpty()) {
      // A connection: everything that has not come whole begins anew on it.
      Wire wire = new Wire();
      BodyPump pump = new BodyPump(wire, PART_BYTES, () -> {});
      Map<Long, Filling> incoming = new HashMap<>();
      outgoing.forEach(
          (transfer, slot) -> {
            incoming.put(transfer, new Filling(empty((int) slot.bytes())));
            pump.add(transfer, BodySource.of(slot));
          });
      Map<Long, Long> received = new HashMap<>();
      for (int turns = random.nextInt(8); turns >= 0; turns--) {
        wire.room = random.nextInt(6);
        pump.pump();
        for (BodyPart part : wire.sent) {
          long transfer = part.getNumber();
          Filling filling = Objects.requireNonNull(incoming.get(transfer));
          if (filling.write(part.getOffset(), part.getData())) {
            byte[] content = contents.get(transfer);
            assertThat(filling.slot().memory().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content);
            Objects.requireNonNull(outgoing.remove(transfer)).release();
          }
          // What comes once more is known for what it is.
          assertThat(filling.write(part.getOffset(), part.getData())).isFalse();
          received.merge(transfer, (long) part.getData().size(), Long::sum);
          assertThat(filling.written()).isEqualTo(received.get(transfer));
        }
        wire.sent.clear();
      }
      refused += wire.refused;
      pump.close();
      incoming.values().forEach(filling -> filling.slot().release());
    }
    assertThat(refused).isPositive();
  }
}

package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two engines in one process. */
class UcxEngineTest {

  private static final int EAGER = 1 << 10;
  private static final int FETCHED = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private UcxPair pair = UcxPair.NONE;

  @BeforeEach
  void available() {
    Ucx.assumeAvailable();
  }

  @AfterEach
  void close() {
    pair.close();
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void send_everySize(String transports) throws Exception {
    pair = UcxPair.start(transports);
    sendEverySize(arena);
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void send_fromAndToRegisteredFilesInSharedMemory(String transports) throws Exception {
    MemorySegment landing = mapped(16 << 20);
    MemorySegment source = mapped(16 << 20);
    RecordingReceiver receiver = new RecordingReceiver(bytes -> landing.asSlice(0, bytes));
    pair = UcxPair.start(Ucx.config("pair", transports), receiver);
    assertThat(pair.there().register(landing).segment()).isEqualTo(landing);
    assertThat(pair.here().register(source).segment()).isEqualTo(source);
    sendEverySize((bytes, alignment) -> source.asSlice(0, bytes));
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void send_manyUnderWay_arriveInOrder(String transports) throws Exception {
    pair = UcxPair.start(transports);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    MemorySegment content = Ucx.randomBytes(arena, 300 << 10, 7);
    int messages = 2000;
    List<RecordedCompletion> completions = new ArrayList<>();
    List<MemorySegment> sent = new ArrayList<>();
    for (int i = 0; i < messages; i++) {
      int size = random.nextInt(4) == 0 ? random.nextInt(200 << 10) : random.nextInt(2000);
      MemorySegment body = content.asSlice(random.nextInt(100 << 10), size);
      RecordedCompletion done = new RecordedCompletion();
      pair.sendWhenThereIsRoom(Ucx.header(i), body, done);
      completions.add(done);
      sent.add(body);
    }
    await().until(() -> pair.receiver().received.size() == messages);
    assertThat(pair.receiver().announced)
        .containsExactlyElementsOf(LongStream.range(0, messages).boxed().toList());
    assertThat(pair.receiver().received)
        .allSatisfy(
            received ->
                assertThat(received.body().mismatch(sent.get((int) received.number())))
                    .isEqualTo(-1));
    for (RecordedCompletion done : completions) {
      assertThat(done.outcome()).isEmpty();
      assertThat(done.times()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void send_bothWaysAtOnce(String transports) throws Exception {
    pair = UcxPair.start(transports);
    UcxConnection back = pair.there().connect(pair.here().address(), Ucx.HERE, pair.lost()::add);
    MemorySegment body = Ucx.randomBytes(arena, FETCHED, 1);
    int messages = 100;
    for (int i = 0; i < messages; i++) {
      pair.sendWhenThereIsRoom(Ucx.header(i), body, new RecordedCompletion());
      assertThat(back.send(Ucx.header(i), body, new RecordedCompletion()))
          .isEqualTo(Handover.ACCEPTED);
    }
    await().until(() -> pair.receiver().received.size() == messages);
    await().until(() -> pair.receiverHere().received.size() == messages);
    assertThat(pair.receiverHere().received)
        .allSatisfy(received -> assertThat(received.body().mismatch(body)).isEqualTo(-1));
    assertThat(pair.lost()).isEmpty();
  }

  @Test
  void send_longestHeader_arrives() throws Exception {
    List<ByteBuffer> headers = new ArrayList<>();
    pair =
        UcxPair.start(
            Ucx.config("pair", Ucx.ALL),
            (header, bytes) -> {
              headers.add(ByteBuffer.allocate(header.remaining()).put(header).flip());
              return Landing.REFUSED;
            });
    ByteBuffer longest = ByteBuffer.allocate(pair.here().maxHeaderBytes());
    RandomGeneratorFactory.of("L64X128MixRandom").create(3).nextBytes(longest.array());
    for (int bytes : List.of(0, EAGER, FETCHED)) {
      pair.sendWhenThereIsRoom(longest, Ucx.randomBytes(arena, bytes, 1), new RecordedCompletion());
      pair.sendWhenThereIsRoom(
          ByteBuffer.allocate(0), Ucx.randomBytes(arena, bytes, 1), new RecordedCompletion());
    }
    await().until(() -> pair.there().stats().allDropped() == 6);
    ByteBuffer empty = ByteBuffer.allocate(0);
    assertThat(headers).containsExactly(longest, empty, longest, empty, longest, empty);
  }

  @Test
  void send_headerTooLong_isRefusedAtOnce() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    ByteBuffer header = ByteBuffer.allocate(pair.here().maxHeaderBytes() + 1);
    assertThatThrownBy(
            () -> pair.connection().send(header, MemorySegment.NULL, new RecordedCompletion()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a header has at most " + pair.here().maxHeaderBytes());
  }

  @Test
  void send_bodyOnTheHeap_isRefusedAtOnce() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    MemorySegment heap = MemorySegment.ofArray(new byte[8]);
    assertThatThrownBy(() -> pair.connection().send(Ucx.header(1), heap, new RecordedCompletion()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void onMessage_refuses_theSenderIsDoneAndGoesOn(String transports) throws Exception {
    RecordingReceiver recording = new RecordingReceiver();
    pair =
        UcxPair.start(
            Ucx.config("pair", transports),
            (header, bytes) ->
                header.getLong(0) < 0 ? Landing.REFUSED : recording.onMessage(header, bytes));
    dropsOneOfEachSize(recording, DropReason.REFUSED);
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void onMessage_throws_theMessageIsDroppedAndTheSenderGoesOn(String transports) throws Exception {
    RecordingReceiver recording = new RecordingReceiver();
    pair =
        UcxPair.start(
            Ucx.config("pair", transports),
            (header, bytes) -> {
              if (header.getLong(0) < 0) {
                throw new IllegalStateException("on purpose");
              }
              return recording.onMessage(header, bytes);
            });
    dropsOneOfEachSize(recording, DropReason.RECEIVER_FAILED);
  }

  @Test
  void onMessage_landingOfAnotherSize_isDropped() throws Exception {
    RecordingReceiver recording =
        new RecordingReceiver(bytes -> arena.allocate(Math.max(1, bytes - 1)));
    pair = UcxPair.start(Ucx.config("pair", Ucx.ALL), recording);
    for (int bytes : List.of(EAGER, FETCHED)) {
      RecordedCompletion done = new RecordedCompletion();
      pair.sendWhenThereIsRoom(Ucx.header(1), Ucx.randomBytes(arena, bytes, 1), done);
      assertThat(done.outcome()).isEmpty();
    }
    await().until(() -> recording.failures.size() == 2);
    assertThat(recording.received).isEmpty();
    assertThat(pair.there().stats().dropped()).containsEntry(DropReason.BAD_LANDING, 2L);
  }

  @Test
  void completionThrows_isCountedAndTheNextIsTold() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    Completion failing =
        new Completion() {
          @Override
          public void succeeded() {
            throw new IllegalStateException("on purpose");
          }

          @Override
          public void failed(UcxFailure failure) {
            throw new IllegalStateException(failure.toString());
          }
        };
    RecordedCompletion next = new RecordedCompletion();
    pair.sendWhenThereIsRoom(Ucx.header(1), MemorySegment.NULL, failing);
    pair.sendWhenThereIsRoom(Ucx.header(2), MemorySegment.NULL, next);
    assertThat(next.outcome()).isEmpty();
    assertThat(Objects.requireNonNull(next.thread()).getName()).isEqualTo("baton-ucx-here");
    assertThat(pair.here().stats().completionsFailed()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY})
  void send_receiverStuck_isFullAndLaterHasRoomAgain(String transports) throws Exception {
    CountDownLatch stuck = new CountDownLatch(1);
    RecordingReceiver recording = new RecordingReceiver();
    UcxConfig config = Ucx.config("pair", transports).withSendsPerConnection(4);
    pair =
        UcxPair.start(
            config,
            (header, bytes) -> {
              Ucx.awaitQuietly(stuck);
              return recording.onMessage(header, bytes);
            });
    MemorySegment body = Ucx.randomBytes(arena, FETCHED, 1);
    List<RecordedCompletion> completions = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      RecordedCompletion done = new RecordedCompletion();
      assertThat(pair.connection().send(Ucx.header(i), body, done)).isEqualTo(Handover.ACCEPTED);
      completions.add(done);
    }
    assertThat(pair.connection().send(Ucx.header(4), body, new RecordedCompletion()))
        .isEqualTo(Handover.FULL);
    stuck.countDown();
    for (RecordedCompletion done : completions) {
      assertThat(done.outcome()).isEmpty();
    }
    assertThat(pair.connection().send(Ucx.header(5), body, new RecordedCompletion()))
        .isEqualTo(Handover.ACCEPTED);
    await().until(() -> recording.received.size() == 5);
  }

  @Test
  void idle_sleeps() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    RecordedCompletion done = new RecordedCompletion();
    pair.sendWhenThereIsRoom(Ucx.header(1), MemorySegment.NULL, done);
    assertThat(done.outcome()).isEmpty();
    long before = pair.here().stats().wakeUps();
    long cpuBefore = Ucx.cpuNanos("baton-ucx-here");
    await()
        .pollDelay(Duration.ofSeconds(2))
        .until(() -> Ucx.cpuNanos("baton-ucx-here") - cpuBefore < 20_000_000);
    assertThat(pair.here().stats().wakeUps() - before).isLessThan(50);
  }

  private void dropsOneOfEachSize(RecordingReceiver recording, DropReason reason)
      throws InterruptedException {
    for (int bytes : List.of(0, EAGER, FETCHED)) {
      MemorySegment body = Ucx.randomBytes(arena, bytes, bytes);
      RecordedCompletion dropped = new RecordedCompletion();
      RecordedCompletion taken = new RecordedCompletion();
      pair.sendWhenThereIsRoom(Ucx.header(-1), body, dropped);
      pair.sendWhenThereIsRoom(Ucx.header(bytes), body, taken);
      assertThat(dropped.outcome()).isEmpty();
      assertThat(taken.outcome()).isEmpty();
    }
    await().until(() -> recording.received.size() == 3);
    assertThat(pair.there().stats().dropped()).containsEntry(reason, 3L);
    assertThat(pair.there().stats().allDropped()).isEqualTo(3);
    assertThat(pair.lost()).isEmpty();
  }

  private void sendEverySize(SegmentAllocator sources) throws Exception {
    List<Integer> sizes =
        List.of(0, 1, 8 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1 << 20, 16 << 20);
    List<RecordingReceiver.Received> all = pair.receiver().received;
    for (int size : sizes) {
      MemorySegment body = sources.allocate(size, 1);
      body.copyFrom(Ucx.randomBytes(arena, size, size));
      RecordedCompletion done = new RecordedCompletion();
      assertThat(pair.connection().send(Ucx.header(size), body, done)).isEqualTo(Handover.ACCEPTED);
      assertThat(done.outcome()).isEmpty();
      await().until(() -> !all.isEmpty());
      RecordingReceiver.Received received = all.removeFirst();
      assertThat(received.number()).isEqualTo(size);
      assertThat(received.body().mismatch(body)).isEqualTo(-1);
      assertThat(done.times()).isEqualTo(1);
    }
    assertThat(pair.receiver().failures).isEmpty();
    assertThat(pair.lost()).isEmpty();
    assertThat(pair.here().stats().sent()).isEqualTo(sizes.size());
    assertThat(pair.there().stats().received()).isEqualTo(sizes.size());
    assertThat(pair.there().stats().receivedBytes())
        .isEqualTo(sizes.stream().mapToLong(Integer::longValue).sum());
  }

  private MemorySegment mapped(long bytes) throws IOException {
    Path file = Files.createTempFile(Path.of("/dev/shm"), "baton-ucx-test", "");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
    } finally {
      Files.delete(file);
    }
  }
}

package io.baton.simulations.sidecar;

import static io.baton.simulations.sidecar.Chunks.chunk;
import static io.baton.simulations.sidecar.Chunks.failure;
import static io.baton.simulations.sidecar.Chunks.get;
import static io.baton.simulations.sidecar.Chunks.receives;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.ChunkStream;
import io.baton.client.sidecar.CopyMode;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarReceiver;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure.Reason;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sending and receiving on one host. */
@Timeout(120)
class SidecarScenarioTest {

  private static final Destination READERS = Destination.here("readers");
  private static final Duration BRIEF = Duration.ofMillis(150);

  @TempDir private Path directory;
  private Host host;
  private SidecarClient sending;
  private SidecarClient receiving;
  private SidecarSender sender;
  private SidecarReader reader;

  @BeforeEach
  void start() throws Exception {
    host = Host.start(directory);
    sending = host.client("sending");
    receiving = host.client("receiving");
    sender = sending.sender(SenderConfig.alone("sender"));
    reader = receiving.reader(ReceiverConfig.alone("readers"));
  }

  @AfterEach
  void end() throws Exception {
    host.close();
  }

  private static ChunkAddress only(String id) {
    return ChunkAddress.of(id, ChunkPosition.ONLY, READERS);
  }

  // ---- objects and tensors

  static Stream<@Nullable Object> objects() {
    Map<String, @Nullable Object> map = new HashMap<>();
    map.put("none", null);
    map.put("list", List.of(1L, "two", 3.0, true, Map.of("deep", List.of())));
    return Stream.of(
        "text, größer als ASCII \uD83D\uDE00",
        "",
        new byte[] {0, -1, 127},
        Long.MIN_VALUE,
        -0.0,
        Double.NaN,
        true,
        false,
        map);
  }

  @ParameterizedTest
  @MethodSource("objects")
  void object_comesBackEqual(Object object) throws Exception {
    get(sender.sendObject(only("o"), object));
    try (ReceivedChunk chunk = chunk(reader.receive("o", 0))) {
      assertThat(chunk.value()).isEqualTo(object);
      assertThatIllegalStateException().isThrownBy(chunk::tensor);
    }
  }

  static Stream<TensorSpec> tensors() {
    List<TensorSpec> specs = new ArrayList<>();
    for (DType dtype : DType.values()) {
      for (int[] shape :
          new int[][] {{}, {100}, {1176}, {13, 4096}, {29, 4096}, {0, 4096}, {7, 0, 3}}) {
        specs.add(TensorSpec.of(dtype, shape));
      }
    }
    for (int rows : new int[] {1, 2, 77, 200}) {
      specs.add(TensorSpec.of(DType.BF16, rows, 1024));
    }
    return specs.stream();
  }

  @Test
  void tensors_ofEveryTypeAndShape_comeBackEqual() throws Exception {
    int n = 0;
    for (TensorSpec spec : tensors().toList()) {
      Tensor tensor = Chunks.tensor(spec, n);
      get(sender.send(only("t" + n), tensor));
      receives(reader, "t" + n, 0, tensor);
      n++;
    }
  }

  @Test
  void differentTypesEachWay_betweenTwoProcesses() throws Exception {
    SidecarSender back =
        receiving.sender(SenderConfig.alone("back").withRow(TensorSpec.of(DType.I64, 1, 3)));
    SidecarReader forth = sending.reader(ReceiverConfig.alone("forth"));
    Tensor there = Chunks.tensor(TensorSpec.of(DType.F16, 5, 64), 1);
    Tensor answer = Chunks.tensor(TensorSpec.of(DType.I64, 2, 3), 2);
    get(sender.send(only("x"), there));
    receives(reader, "x", 0, there);
    get(back.send(ChunkAddress.of("x", ChunkPosition.ONLY, Destination.here("forth")), answer));
    receives(forth, "x", 0, answer);
  }

  @Test
  void tensor_isWrittenAndReadWhereItLies() throws Exception {
    TensorSpec spec = TensorSpec.of(DType.F32, 4, 1000);
    try (OutgoingTensor tensor = get(sender.allocate(spec, List.of(READERS)))) {
      tensor.buffer().asFloatBuffer().put(3999, 1.25f);
      get(
          tensor.send(
              "t", ChunkPosition.of(1, 2), List.of("10.0.0.7:7000", "next"), Host.DEADLINE));
    }
    try (ReceivedChunk chunk = chunk(reader.receive("t", 1))) {
      assertThat(chunk.tensor().floats().get(3999)).isEqualTo(1.25f);
      assertThat(chunk.nextPeers()).containsExactly("10.0.0.7:7000", "next");
      assertThat(chunk.count()).hasValue(2);
    }
  }

  // ---- who to whom

  @Test
  void oneToMany_everyMemberGetsIt() throws Exception {
    Tensor tensor = Chunks.bytes(100_000, 3);
    List<SidecarReader> members = new ArrayList<>();
    for (int rank = 0; rank < 4; rank++) {
      members.add(host.client("m" + rank).reader(ReceiverConfig.of("many", rank)));
    }
    get(sender.send(ChunkAddress.of("x", ChunkPosition.ONLY, Destination.here("many", 4)), tensor));
    for (SidecarReader member : members) {
      assertThat(host.usedBytes()).isPositive();
      receives(member, "x", 0, tensor);
    }
  }

  @ParameterizedTest
  @EnumSource
  void groupToGroup_everyMemberHasAReplica(CopyMode copy) throws Exception {
    // Not a multiple of the members, so that a remainder is left over.
    Tensor tensor = Chunks.bytes(100_001, 4);
    List<SidecarSender> group = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      SidecarSender member =
          host.client("s" + rank).sender(SenderConfig.inGroup("group", rank, 3).withCopy(copy));
      get(member.registered());
      group.add(member);
    }
    Destination many = Destination.here("many", 2);
    List<CompletableFuture<@Nullable Void>> sent =
        group.stream()
            .map(member -> member.send(ChunkAddress.of("x", ChunkPosition.ONLY, many), tensor))
            .toList();
    for (CompletableFuture<@Nullable Void> each : sent) {
      get(each);
    }
    for (int rank = 0; rank < 2; rank++) {
      receives(receiving.reader(ReceiverConfig.of("many", rank)), "x", 0, tensor);
    }
  }

  @ParameterizedTest
  @EnumSource
  void groupSends_objectsAndTensorsWithoutBytes(CopyMode copy) throws Exception {
    List<SidecarSender> group = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      SidecarSender member =
          host.client("s" + rank).sender(SenderConfig.inGroup("group", rank, 2).withCopy(copy));
      get(member.registered());
      group.add(member);
    }
    Tensor nothing = Chunks.tensor(TensorSpec.of(DType.F32, 0, 8), 0);
    List<CompletableFuture<@Nullable Void>> sent = new ArrayList<>();
    for (SidecarSender member : group) {
      sent.add(member.send(only("nothing"), nothing));
      sent.add(member.sendObject(only("object"), Map.of("a", List.of(1L, 2L))));
    }
    for (CompletableFuture<@Nullable Void> each : sent) {
      get(each);
    }
    receives(reader, "nothing", 0, nothing);
    try (ReceivedChunk chunk = chunk(reader.receive("object", 0))) {
      assertThat(chunk.value()).isEqualTo(Map.of("a", List.of(1L, 2L)));
    }
  }

  @Test
  void memberOfASendingGroup_thatDies_isReplacedByAnother() throws Exception {
    SidecarClient mortal = host.client("mortal");
    SidecarSender lowest =
        mortal.sender(SenderConfig.inGroup("group", 0, 2).withCopy(CopyMode.SHARDED));
    SidecarSender other =
        sending.sender(SenderConfig.inGroup("group", 1, 2).withCopy(CopyMode.SHARDED));
    get(lowest.registered());
    get(other.registered());
    Tensor tensor = Chunks.bytes(50_001, 5);
    CompletableFuture<@Nullable Void> sent = other.send(only("x"), tensor);
    mortal.close();
    get(sent);
    receives(reader, "x", 0, tensor);
  }

  @Test
  void severalGroupsAtOnce_eachMemberOfEachGetsIt() throws Exception {
    Tensor tensor = Chunks.bytes(70_000, 6);
    get(
        sender.send(
            ChunkAddress.of(
                "x",
                ChunkPosition.ONLY,
                Destination.here("a"),
                Destination.here("b", 2),
                Destination.here("c")),
            tensor));
    receives(receiving.reader(ReceiverConfig.alone("a")), "x", 0, tensor);
    receives(receiving.reader(ReceiverConfig.of("b", 1)), "x", 0, tensor);
    receives(receiving.reader(ReceiverConfig.of("b", 0)), "x", 0, tensor);
    assertThat(host.usedBytes()).as("c has not got it").isPositive();
    receives(receiving.reader(ReceiverConfig.alone("c")), "x", 0, tensor);
  }

  @Test
  void groupGivenUnsorted_isTheSameGroup() throws Exception {
    Tensor tensor = Chunks.bytes(1000, 7);
    Destination unsorted =
        new Destination("many", List.of(Member.here(2), Member.here(0), Member.here(1)));
    get(sender.send(ChunkAddress.of("x", ChunkPosition.ONLY, unsorted), tensor));
    for (int rank = 0; rank < 3; rank++) {
      receives(receiving.reader(ReceiverConfig.of("many", rank)), "x", 0, tensor);
    }
  }

  // ---- chunks

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10})
  void chunks_inAnyOrderOfSendingAndReceiving(int count) throws Exception {
    for (int seed = 0; seed < 5; seed++) {
      Random random = new Random(seed);
      String id = "x" + seed;
      List<Integer> order = shuffled(count, random);
      for (int index : order) {
        get(
            sender.send(
                ChunkAddress.of(id, ChunkPosition.of(index, count), READERS),
                Chunks.bytes(100 + index, index)));
      }
      for (int index : shuffled(count, random)) {
        receives(reader, id, index, Chunks.bytes(100 + index, index));
      }
      assertThat(reader.receive(id, count)).isEqualTo(new Received.EndOfStream(count));
    }
  }

  private static List<Integer> shuffled(int count, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(order, random);
    return order;
  }

  @Test
  void concurrentIds_doNotMix() throws Exception {
    SidecarReceiver receiver = receiving.receiver(ReceiverConfig.alone("readers"));
    List<CompletableFuture<Received>> received = new ArrayList<>();
    List<CompletableFuture<@Nullable Void>> sent = new ArrayList<>();
    for (int id = 0; id < 20; id++) {
      for (int index = 0; index < 5; index++) {
        received.add(receiver.receive("id" + id, index));
      }
    }
    for (int index = 4; index >= 0; index--) {
      for (int id = 0; id < 20; id++) {
        sent.add(
            sender.send(
                ChunkAddress.of("id" + id, ChunkPosition.of(index, 5), READERS),
                Chunks.bytes(200, 100 * id + index)));
      }
    }
    for (CompletableFuture<@Nullable Void> each : sent) {
      get(each);
    }
    for (int id = 0; id < 20; id++) {
      for (int index = 0; index < 5; index++) {
        try (ReceivedChunk chunk = chunk(get(received.get(5 * id + index)))) {
          assertThat(chunk.tensor()).isEqualTo(Chunks.bytes(200, 100 * id + index));
        }
      }
    }
  }

  @Test
  void receiveBeforeSend_waits() throws Exception {
    SidecarReceiver receiver = receiving.receiver(ReceiverConfig.alone("readers"));
    CompletableFuture<Received> early = receiver.receive("x", 0);
    get(receiver.registered());
    assertThat(early).isNotDone();
    Tensor tensor = Chunks.bytes(64, 8);
    get(sender.send(only("x"), tensor));
    try (ReceivedChunk chunk = chunk(get(early))) {
      assertThat(chunk.tensor()).isEqualTo(tensor);
    }
  }

  @Test
  void stream_ofUnknownLength_endsWhenItIsClosed() throws Exception {
    CompletableFuture<Integer> consumed = new CompletableFuture<>();
    Thread consumer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    ChunkStream stream = reader.stream("s", Host.DEADLINE);
                    int n = 0;
                    for (Optional<ReceivedChunk> next = stream.next();
                        next.isPresent();
                        next = stream.next()) {
                      try (ReceivedChunk chunk = next.get()) {
                        assertThat(chunk.tensor()).isEqualTo(Chunks.bytes(500, n));
                      }
                      n++;
                    }
                    consumed.complete(n);
                  } catch (SidecarException | InterruptedException | AssertionError e) {
                    consumed.completeExceptionally(e);
                  }
                });
    for (int index = 0; index < 7; index++) {
      get(
          sender.send(
              ChunkAddress.of("s", ChunkPosition.stream(index), READERS),
              Chunks.bytes(500, index)));
    }
    assertThat(consumed).isNotDone();
    get(sender.closeStream("s", 7, List.of(READERS)));
    assertThat(get(consumed)).isEqualTo(7);
    consumer.join();
  }

  @Test
  void stream_whoseChunk0IsSentLast() throws Exception {
    for (int index : List.of(2, 1)) {
      get(
          sender.send(
              ChunkAddress.of("s", ChunkPosition.stream(index), READERS), Chunks.bytes(9, index)));
    }
    get(sender.closeStream("s", 3, List.of(READERS)));
    get(sender.send(ChunkAddress.of("s", ChunkPosition.stream(0), READERS), Chunks.bytes(9, 0)));
    for (int index = 0; index < 3; index++) {
      receives(reader, "s", index, Chunks.bytes(9, index));
    }
    assertThat(reader.receive("s", 3)).isEqualTo(new Received.EndOfStream(3));
  }

  @Test
  void stream_closedBeforeItsFirstChunk() throws Exception {
    get(sender.closeStream("s", 1, List.of(READERS)));
    assertThat(reader.receive("s", 1)).isEqualTo(new Received.EndOfStream(1));
    get(sender.send(ChunkAddress.of("s", ChunkPosition.stream(0), READERS), Chunks.bytes(9, 9)));
    receives(reader, "s", 0, Chunks.bytes(9, 9));

    get(sender.closeStream("empty", 0, List.of(READERS)));
    assertThat(reader.receive("empty", 0)).isEqualTo(new Received.EndOfStream(0));
  }

  @Test
  void receiveAll_readsAStreamToItsEnd() throws Exception {
    SidecarReceiver receiver = receiving.receiver(ReceiverConfig.alone("readers"));
    List<Tensor> seen = Collections.synchronizedList(new ArrayList<>());
    CompletableFuture<Integer> all =
        receiver.receiveAll(
            "s",
            Host.DEADLINE,
            chunk -> seen.add(Tensor.wrap(chunk.tensor().spec(), copy(chunk.tensor()))));
    for (int index = 0; index < 4; index++) {
      get(
          sender.send(
              ChunkAddress.of("s", ChunkPosition.stream(index), READERS), Chunks.bytes(50, index)));
    }
    get(sender.closeStream("s", 4, List.of(READERS)));
    assertThat(get(all)).isEqualTo(4);
    assertThat(seen)
        .containsExactlyElementsOf(
            IntStream.range(0, 4).mapToObj(index -> Chunks.bytes(50, index)).toList());
  }

  private static byte[] copy(Tensor tensor) {
    byte[] bytes = new byte[tensor.data().remaining()];
    tensor.data().get(bytes);
    return bytes;
  }

  @Test
  void receive_ofAnIdNeverSent_endsAtItsDeadline() throws Exception {
    long start = System.nanoTime();
    assertThatExceptionOfType(SidecarException.class)
        .isThrownBy(() -> reader.receive("nobody sends it", 0, BRIEF))
        .satisfies(why -> assertThat(why.reason()).isEqualTo(Reason.DEADLINE_EXCEEDED));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(BRIEF, Host.DEADLINE);
  }

  // ---- idempotence and being done

  @Test
  void receive_isIdempotent_manyReadersSeeTheSameBytes() throws Exception {
    Tensor tensor = Chunks.bytes(300_000, 10);
    get(sender.send(only("x"), tensor));
    List<ReceivedChunk> chunks = new ArrayList<>();
    for (int n = 0; n < 3; n++) {
      SidecarReader another = host.client("r" + n).reader(ReceiverConfig.alone("readers"));
      chunks.add(chunk(another.receive("x", 0)));
      chunks.add(chunk(another.receive("x", 0)));
    }
    for (ReceivedChunk chunk : chunks) {
      assertThat(chunk.tensor()).isEqualTo(tensor);
    }
    for (ReceivedChunk chunk : chunks) {
      chunk.verify();
      assertThat(chunk.tensor()).isEqualTo(tensor);
      chunk.close();
    }
  }

  @Test
  void markDone_twice_outOfOrder_andOfUnknownChunks_touchesNoOther() throws Exception {
    for (int index = 0; index < 3; index++) {
      get(
          sender.send(
              ChunkAddress.of("x", ChunkPosition.of(index, 3), READERS),
              Chunks.bytes(1000, index)));
    }
    ReceivedChunk live = chunk(reader.receive("x", 1));
    ReceivedChunk last = chunk(reader.receive("x", 2));
    reader.markDone("x", 2);
    reader.markDone("x", 2);
    // It has not been received, and stays.
    reader.markDone("x", 0);
    reader.markDone("x", 77);
    reader.markDone("never sent", 0);
    last.close();
    assertThatIllegalStateException().isThrownBy(last::memory);
    assertThat(live.tensor()).isEqualTo(Chunks.bytes(1000, 1));
    live.verify();
    live.close();
    live.close();
    reader.markDone("x", 1);
    receives(reader, "x", 0, Chunks.bytes(1000, 0));
  }

  @Test
  void markDone_byOneOfSeveralReaders_leavesTheOthersTheirs() throws Exception {
    Tensor tensor = Chunks.bytes(200_000, 11);
    SidecarReader other = host.client("other").reader(ReceiverConfig.alone("readers"));
    get(sender.send(only("x"), tensor));
    ReceivedChunk mine = chunk(reader.receive("x", 0));
    ReceivedChunk theirs = chunk(other.receive("x", 0));
    mine.close();
    // Room is made for others, but not of what is held.
    for (int n = 0; n < 200; n++) {
      get(sender.send(only("filler" + n), Chunks.bytes(200_000, n)));
      receives(reader, "filler" + n, 0, Chunks.bytes(200_000, n));
    }
    theirs.verify();
    assertThat(theirs.tensor()).isEqualTo(tensor);
    theirs.close();
  }

  @Test
  void ids_areAnyText_andNeverCollide() throws Exception {
    List<String> ids =
        List.of(
            "a",
            "A",
            "a/0",
            "a/0/1",
            "a 0",
            " ",
            "\n",
            "\u0000",
            "ä",
            "a\u0308",
            "\uD83D\uDE00",
            "../a",
            "a\u0000",
            "0",
            "x".repeat(1024));
    for (int n = 0; n < ids.size(); n++) {
      for (int index = 0; index < 2; index++) {
        get(
            sender.send(
                ChunkAddress.of(ids.get(n), ChunkPosition.of(index, 2), READERS),
                Chunks.bytes(40, 2 * n + index)));
      }
    }
    for (int n = 0; n < ids.size(); n++) {
      for (int index = 0; index < 2; index++) {
        receives(reader, ids.get(n), index, Chunks.bytes(40, 2 * n + index));
      }
    }
    for (String bad : List.of("", "x".repeat(1025), "\uD83D")) {
      assertThat(failure(sender.send(only(bad), Chunks.bytes(1, 1))))
          .isEqualTo(Reason.INVALID_ARGUMENT);
    }
  }

  @Test
  void chunkThatIsSentTwice_isRefused() throws Exception {
    get(sender.send(ChunkAddress.of("x", ChunkPosition.of(0, 2), READERS), Chunks.bytes(10, 1)));
    assertThat(
            failure(
                sender.send(
                    ChunkAddress.of("x", ChunkPosition.of(0, 2), READERS), Chunks.bytes(10, 2))))
        .isEqualTo(Reason.ALREADY_EXISTS);
    receives(reader, "x", 0, Chunks.bytes(10, 1));
  }

  // ---- sizes

  @Test
  void tensor_notAMultipleOfTheSlot() throws Exception {
    SidecarSender hinted = sending.sender(SenderConfig.alone("hinted").withSlotBytes(64 << 10));
    for (int bytes : List.of(1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 3 * (64 << 10) + 17)) {
      Tensor tensor = Chunks.bytes(bytes, bytes);
      get(hinted.send(only("x" + bytes), tensor));
      receives(reader, "x" + bytes, 0, tensor);
    }
  }

  @Test
  void objectAbove4MiB_goesThroughThePool() throws Exception {
    byte[] bytes = new byte[5 << 20];
    new Random(12).nextBytes(bytes);
    get(sender.sendObject(only("x"), Map.of("bytes", bytes)));
    try (ReceivedChunk chunk = chunk(reader.receive("x", 0))) {
      assertThat(chunk.value())
          .isInstanceOfSatisfying(Map.class, map -> assertThat(map.get("bytes")).isEqualTo(bytes));
    }
  }

  @Test
  void tensorLargerThanThePool_isAnErrorAtTheSender() throws Exception {
    TensorSpec large = TensorSpec.of(DType.U8, Math.toIntExact(2 * Host.POOL_BYTES));
    assertThat(failure(sender.allocate(large, List.of(READERS), Host.DEADLINE)))
        .isIn(Reason.INVALID_ARGUMENT, Reason.RESOURCE_EXHAUSTED);
    assertThat(failure(sender.send(only("x"), Chunks.tensor(large, 1))))
        .isIn(Reason.INVALID_ARGUMENT, Reason.RESOURCE_EXHAUSTED);
  }

  @Test
  void reregistration_withAnotherShape_keepsWhatIsHeld() throws Exception {
    TensorSpec wide = TensorSpec.of(DType.F32, 1, 1024);
    TensorSpec narrow = TensorSpec.of(DType.F16, 1, 16);
    SidecarSender changing =
        sending.sender(SenderConfig.alone("changing").withRow(wide).withSlotBytes(4096));
    Tensor before = Chunks.tensor(wide.withRows(3), 13);
    get(changing.send(only("before"), before));
    ReceivedChunk held = chunk(reader.receive("before", 0));
    OutgoingTensor outgoing = get(changing.allocate(wide, List.of(READERS)));

    changing.reregister(SenderConfig.alone("changing").withRow(narrow).withSlotBytes(64));

    assertThat(failure(changing.allocate(wide, List.of(READERS))))
        .isEqualTo(Reason.INVALID_ARGUMENT);
    Tensor after = Chunks.tensor(narrow.withRows(5), 14);
    get(changing.send(only("after"), after));
    get(outgoing.send("outgoing", ChunkPosition.ONLY));
    assertThat(held.tensor()).isEqualTo(before);
    held.verify();
    held.close();
    receives(reader, "after", 0, after);
    chunk(reader.receive("outgoing", 0)).close();
  }

  @Test
  void rolesChangeWhileRunning() throws Exception {
    for (int n = 0; n < 20; n++) {
      SidecarSender one = receiving.sender(SenderConfig.alone("role"));
      SidecarReader two = sending.reader(ReceiverConfig.alone("role"));
      Tensor tensor = Chunks.bytes(3000, n);
      get(one.send(ChunkAddress.of("r" + n, ChunkPosition.ONLY, Destination.here("role")), tensor));
      receives(two, "r" + n, 0, tensor);
      one.close();
      two.close();
    }
  }

  // ---- backpressure

  @Test
  void poolFull_senderWaitsUpToItsDeadline_andThenEverythingDrains() throws Exception {
    TensorSpec megabyte = TensorSpec.of(DType.U8, 1 << 20);
    int kept = 0;
    Reason end = null;
    while (end == null) {
      CompletableFuture<@Nullable Void> sent =
          sender.send(only("x" + kept), Chunks.tensor(megabyte, kept), Duration.ofMillis(500));
      try {
        get(sent);
        kept++;
      } catch (java.util.concurrent.ExecutionException e) {
        end = failure(sent);
        assertThat(e).hasMessageContaining("readers");
      }
    }
    assertThat(end).isEqualTo(Reason.RESOURCE_EXHAUSTED);
    assertThat(kept).isBetween(5, 16);

    // Room that comes in time is used.
    CompletableFuture<@Nullable Void> waiting =
        sender.send(only("late"), Chunks.tensor(megabyte, 99));
    receives(reader, "x0", 0, Chunks.tensor(megabyte, 0));
    get(waiting);
    receives(reader, "late", 0, Chunks.tensor(megabyte, 99));
    for (int n = 1; n < kept; n++) {
      receives(reader, "x" + n, 0, Chunks.tensor(megabyte, n));
    }
    host.awaitDrained();
  }

  @Test
  void slowReceiver_slowsNobodyElse() throws Exception {
    TensorSpec half = TensorSpec.of(DType.U8, 512 << 10);
    Destination slow = Destination.here("slow");
    int stuck = 0;
    for (; stuck < 64; stuck++) {
      CompletableFuture<@Nullable Void> sent =
          sender.send(
              ChunkAddress.of("s" + stuck, ChunkPosition.ONLY, slow),
              Chunks.tensor(half, stuck),
              BRIEF);
      if (isFailed(sent)) {
        break;
      }
    }
    assertThat(stuck).as("the slow one's share is full").isBetween(1, 63);
    CompletableFuture<@Nullable Void> waiting =
        sender.send(ChunkAddress.of("w", ChunkPosition.ONLY, slow), Chunks.tensor(half, 0));
    for (int n = 0; n < 50; n++) {
      Tensor tensor = Chunks.tensor(half, n);
      get(sender.send(only("f" + n), tensor));
      receives(reader, "f" + n, 0, tensor);
    }
    assertThat(waiting).isNotDone();
    SidecarReader late = receiving.reader(ReceiverConfig.alone("slow"));
    for (int n = 0; n < stuck; n++) {
      receives(late, "s" + n, 0, Chunks.tensor(half, n));
    }
    get(waiting);
    receives(late, "w", 0, Chunks.tensor(half, 0));
  }

  private static boolean isFailed(CompletableFuture<?> future) throws InterruptedException {
    try {
      get(future);
      return false;
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return true;
    }
  }

  // ---- deaths and restarts

  @Test
  void relayRestarts_whilePeersLive_theyReconnect() throws Exception {
    SidecarReceiver receiver = receiving.receiver(ReceiverConfig.alone("readers"));
    Tensor lost = Chunks.bytes(100_000, 20);
    get(sender.send(only("lost"), lost));
    ReceivedChunk held = chunk(reader.receive("lost", 0));
    OutgoingTensor outgoing = get(sender.allocate(TensorSpec.of(DType.U8, 1000), List.of(READERS)));
    CompletableFuture<Received> early = receiver.receive("after", 0);
    get(receiver.registered());

    host.restart();

    await()
        .atMost(Host.DEADLINE)
        .untilAsserted(() -> assertThatIllegalStateException().isThrownBy(held::memory));
    held.close();
    await()
        .atMost(Host.DEADLINE)
        .untilAsserted(() -> assertThatIllegalStateException().isThrownBy(outgoing::memory));
    outgoing.close();
    Tensor after = Chunks.bytes(100_000, 21);
    get(sender.send(only("after"), after));
    try (ReceivedChunk chunk = chunk(get(early))) {
      assertThat(chunk.tensor()).isEqualTo(after);
    }
    assertThatExceptionOfType(SidecarException.class)
        .isThrownBy(() -> reader.receive("lost", 0, BRIEF))
        .satisfies(why -> assertThat(why.reason()).isEqualTo(Reason.DEADLINE_EXCEEDED));
  }

  @Test
  void clientThatCloses_givesEverythingBack() throws Exception {
    SidecarClient mortal = host.client("mortal");
    SidecarReader holding = mortal.reader(ReceiverConfig.alone("readers"));
    SidecarSender writing = mortal.sender(SenderConfig.alone("mortal"));
    Tensor tensor = Chunks.bytes(100_000, 22);
    get(sender.send(only("x"), tensor));
    ReceivedChunk held = chunk(holding.receive("x", 0));
    OutgoingTensor outgoing =
        get(writing.allocate(TensorSpec.of(DType.U8, 1 << 20), List.of(READERS)));
    mortal.close();
    assertThatIllegalStateException().isThrownBy(held::memory);
    assertThatIllegalStateException().isThrownBy(outgoing::memory);
    // It was not done with the chunk, which another reader of the member gets.
    receives(reader, "x", 0, tensor);
  }
}

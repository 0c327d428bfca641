package io.baton.simulations.exchange;

import static io.baton.simulations.exchange.Hosts.PATIENCE;
import static io.baton.simulations.exchange.Hosts.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.LaneKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold between two hosts, whichever lane carries the bytes. */
abstract class LaneScenarios {

  /** The lane that all of it goes by. */
  abstract LaneKind lane();

  /** Nothing, unless this machine cannot have the lane: then the tests are skipped. */
  void assumeAvailable() {}

  private Hosts hosts;
  private SidecarSender sender;
  private SidecarReader reader;
  private Destination group;

  @BeforeEach
  void start() throws Exception {
    assumeAvailable();
    hosts = Hosts.start(2, lane());
    sender = hosts.sender(0);
    reader = hosts.reader(1, "readers");
    group = hosts.group("readers", 1);
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    if (hosts != null) {
      hosts.close();
    }
  }

  private ChunkAddress address(String id, ChunkPosition position) {
    return new ChunkAddress(id, position, List.of(group), List.of());
  }

  private static void done(CompletableFuture<?> future) throws Exception {
    future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static SidecarException failureOf(CompletableFuture<?> future) throws Exception {
    try {
      done(future);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SidecarException failure) {
        return failure;
      }
      throw e;
    }
    throw new AssertionError("it did not fail");
  }

  private static Tensor tensor(DType dtype, long seed, int... shape) {
    TensorSpec spec = TensorSpec.of(dtype, shape);
    return Tensor.wrap(spec, bytes(Math.toIntExact(spec.bytes()), seed));
  }

  private void assertReceived(String id, int index, Tensor expected) throws Exception {
    Received received = reader.receive(id, index);
    assertThat(received).isInstanceOf(ReceivedChunk.class);
    try (ReceivedChunk chunk = (ReceivedChunk) received) {
      assertThat(chunk.tensor()).isEqualTo(expected);
      chunk.verify();
    }
  }

  @Test
  void lane_isTheOneThatIsAskedFor() throws Exception {
    done(sender.send(address("x", ChunkPosition.ONLY), tensor(DType.F32, 1, 1000, 100)));
    assertReceived("x", 0, tensor(DType.F32, 1, 1000, 100));
    await()
        .untilAsserted(
            () ->
                assertThat(hosts.relay(0).lanesTo())
                    .containsExactlyEntriesOf(Map.of(peer(), lane())));
  }

  private String peer() {
    return hosts.relay(1).endpoint().toString();
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void tensors_ofEveryType(DType dtype) throws Exception {
    Tensor tensor = tensor(dtype, 7, 13, 4096);
    done(sender.send(address("t", ChunkPosition.ONLY), tensor));
    assertReceived("t", 0, tensor);
  }

  @Test
  void tensors_ofEveryShape() throws Exception {
    List<int[]> shapes =
        List.of(
            new int[] {},
            new int[] {100},
            new int[] {1176},
            new int[] {13, 4096},
            new int[] {29, 4096},
            new int[] {5, 0, 3},
            new int[] {1, 4096},
            new int[] {200, 4096});
    for (int i = 0; i < shapes.size(); i++) {
      Tensor tensor = tensor(DType.BF16, i, shapes.get(i));
      done(sender.send(address("shape-" + i, ChunkPosition.ONLY), tensor));
      assertReceived("shape-" + i, 0, tensor);
    }
  }

  @Test
  void objects_ofEveryKind() throws Exception {
    List<Object> values =
        List.of(
            "text",
            42L,
            2.5,
            true,
            Map.of("a", 1L, "b", List.of("x", false)),
            "é".repeat(3_000_000));
    for (int i = 0; i < values.size(); i++) {
      done(sender.sendObject(address("object-" + i, ChunkPosition.ONLY), values.get(i)));
      try (ReceivedChunk chunk = (ReceivedChunk) reader.receive("object-" + i, 0)) {
        assertThat(chunk.value()).isEqualTo(values.get(i));
      }
    }
  }

  @Test
  void bothWays_withDifferentTypes() throws Exception {
    SidecarSender back = hosts.sender(1);
    SidecarReader here = hosts.reader(0, "back");
    Tensor there = tensor(DType.BF16, 1, 29, 4096);
    Tensor andBack = tensor(DType.F32, 2, 29, 4096);
    done(sender.send(address("x", ChunkPosition.ONLY), there));
    done(
        back.send(
            new ChunkAddress("x", ChunkPosition.ONLY, List.of(hosts.group("back", 0)), List.of()),
            andBack));
    assertReceived("x", 0, there);
    try (ReceivedChunk chunk = (ReceivedChunk) here.receive("x", 0)) {
      assertThat(chunk.tensor()).isEqualTo(andBack);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 10})
  void chunks_inAnyOrderOfSendingAndReceiving(int count) throws Exception {
    for (int i = count - 1; i >= 0; i--) {
      done(sender.send(address("c", ChunkPosition.of(i, count)), tensor(DType.U8, i, 100_000)));
    }
    for (int i = 0; i < count; i++) {
      int index = (i * 3 + 1) % count;
      if (count != 3) {
        assertReceived("c", index, tensor(DType.U8, index, 100_000));
      }
    }
    assertThat(reader.receive("c", count)).isEqualTo(new Received.EndOfStream(count));
  }

  @Test
  void ids_concurrently() throws Exception {
    List<CompletableFuture<?>> sends = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      sends.add(
          sender.send(address("id-" + i, ChunkPosition.ONLY), tensor(DType.U8, i, 1 + i * 5000)));
    }
    for (int i = 39; i >= 0; i--) {
      assertReceived("id-" + i, 0, tensor(DType.U8, i, 1 + i * 5000));
    }
    for (CompletableFuture<?> send : sends) {
      done(send);
    }
  }

  @Test
  void receive_beforeSend() throws Exception {
    CompletableFuture<Received> early =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return reader.receive("early", 0);
              } catch (SidecarException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    done(sender.send(address("early", ChunkPosition.ONLY), tensor(DType.U8, 1, 70_000)));
    try (ReceivedChunk chunk =
        (ReceivedChunk) early.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      assertThat(chunk.tensor()).isEqualTo(tensor(DType.U8, 1, 70_000));
    }
  }

  @Test
  void stream_closedBeforeItsFirstChunk_andChunkZeroLast() throws Exception {
    done(sender.closeStream("s", 2, List.of(group)));
    done(sender.send(address("s", ChunkPosition.stream(1)), tensor(DType.U8, 1, 9000)));
    done(sender.send(address("s", ChunkPosition.stream(0)), tensor(DType.U8, 0, 9000)));
    assertReceived("s", 1, tensor(DType.U8, 1, 9000));
    assertReceived("s", 0, tensor(DType.U8, 0, 9000));
    assertThat(reader.receive("s", 2)).isEqualTo(new Received.EndOfStream(2));
  }

  @Test
  void receive_ofWhatWasNeverSent_endsAtItsDeadline() {
    assertThatExceptionOfType(SidecarException.class)
        .isThrownBy(() -> reader.receive("never", 0, Duration.ofMillis(100)))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Failure.Reason.DEADLINE_EXCEEDED));
  }

  @Test
  void tensor_largerThanThePools_isRefusedAtTheSender() throws Exception {
    assertThat(
            failureOf(
                    sender.send(
                        address("large", ChunkPosition.ONLY), tensor(DType.U8, 1, 17 << 20)))
                .reason())
        .isEqualTo(Failure.Reason.INVALID_ARGUMENT);
  }

  @Test
  void readers_ofOneChunk_eachSeeTheSameBytes() throws Exception {
    SidecarReader other = hosts.reader(1, "readers", 0);
    done(sender.send(address("x", ChunkPosition.ONLY), tensor(DType.U8, 1, 80_000)));
    try (ReceivedChunk first = (ReceivedChunk) reader.receive("x", 0);
        ReceivedChunk second = (ReceivedChunk) other.receive("x", 0)) {
      assertThat(first.tensor()).isEqualTo(second.tensor());
      reader.markDone("x", 0);
      assertThat(second.tensor()).isEqualTo(tensor(DType.U8, 1, 80_000));
    }
  }

  @Test
  void broadcast_toGroupsHereAndThere() throws Exception {
    SidecarReader here = hosts.reader(0, "here");
    SidecarReader mixedHere = hosts.reader(0, "mixed", 0);
    SidecarReader mixedThere = hosts.reader(1, "mixed", 1);
    Tensor tensor = tensor(DType.F16, 5, 29, 4096);
    ChunkAddress everywhere =
        new ChunkAddress(
            "b",
            ChunkPosition.ONLY,
            List.of(group, hosts.group("here", 0), hosts.group("mixed", 0, 1)),
            List.of());
    done(sender.send(everywhere, tensor));
    for (SidecarReader one : List.of(reader, here, mixedHere, mixedThere)) {
      try (ReceivedChunk chunk = (ReceivedChunk) one.receive("b", 0)) {
        assertThat(chunk.tensor()).isEqualTo(tensor);
      }
    }
  }

  @Test
  void poolFull_senderWaitsUntilItsDeadline_thenSaysWhoHoldsIt_andAllDrains() throws Exception {
    List<ReceivedChunk> held = new ArrayList<>();
    CompletableFuture<?> send = sendMegabyte("full", 0, group);
    while (reaches(send)) {
      held.add((ReceivedChunk) reader.receive("full", held.size()));
      send = sendMegabyte("full", held.size(), group);
    }
    SidecarException failure = failureOf(send);
    assertThat(failure.reason()).isEqualTo(Failure.Reason.RESOURCE_EXHAUSTED);
    assertThat(failure).hasMessageContaining("readers holds");
    assertThat(held).hasSizeGreaterThan(8);
    held.forEach(ReceivedChunk::close);
    hosts.assertDrained();
    done(sender.send(address("after", ChunkPosition.ONLY), tensor(DType.U8, 99, 1 << 20)));
    assertReceived("after", 0, tensor(DType.U8, 99, 1 << 20));
  }

  private CompletableFuture<?> sendMegabyte(String id, int index, Destination to) {
    return sender.send(
        ChunkAddress.of(id, ChunkPosition.stream(index), to),
        tensor(DType.U8, index, 1 << 20),
        // Much longer than one takes on a busy machine: what comes too late is left to nobody.
        Duration.ofSeconds(2));
  }

  private static boolean reaches(CompletableFuture<?> send) throws Exception {
    try {
      done(send);
      return true;
    } catch (ExecutionException e) {
      return false;
    }
  }

  @Test
  void slowReader_slowsNobodyElse() throws Exception {
    SidecarReader slow = hosts.reader(1, "slow");
    Destination slowGroup = hosts.group("slow", 1);
    List<ReceivedChunk> held = new ArrayList<>();
    while (reaches(sendMegabyte("s", held.size(), slowGroup))) {
      held.add((ReceivedChunk) slow.receive("s", held.size()));
    }
    for (int i = 0; i < 20; i++) {
      done(sender.send(address("f", ChunkPosition.stream(i)), tensor(DType.U8, i, 1 << 20)));
      assertReceived("f", i, tensor(DType.U8, i, 1 << 20));
    }
    held.forEach(ReceivedChunk::close);
  }

  @Test
  void readersRelay_restarts_andTheSenderReconnects() throws Exception {
    done(sender.send(address("before", ChunkPosition.ONLY), tensor(DType.U8, 1, 70_000)));
    assertReceived("before", 0, tensor(DType.U8, 1, 70_000));
    hosts.restart(1);
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              done(
                  sender.send(
                      address("after", ChunkPosition.stream(0)), tensor(DType.U8, 2, 70_000)));
              return true;
            });
    assertReceived("after", 0, tensor(DType.U8, 2, 70_000));
  }

  @Test
  void sendersRelay_restarts_andWhatItHadSentIsKept() throws Exception {
    done(sender.send(address("kept", ChunkPosition.ONLY), tensor(DType.U8, 1, 70_000)));
    hosts.restart(0);
    assertReceived("kept", 0, tensor(DType.U8, 1, 70_000));
  }

  @Test
  void nextPeers_travelWithTheChunk() throws Exception {
    done(
        sender.send(
            new ChunkAddress(
                "n", ChunkPosition.ONLY, List.of(group), List.of("stage-3", "stage-4")),
            tensor(DType.U8, 1, 70_000)));
    try (ReceivedChunk chunk = (ReceivedChunk) reader.receive("n", 0)) {
      assertThat(chunk.nextPeers()).containsExactly("stage-3", "stage-4");
    }
  }
}

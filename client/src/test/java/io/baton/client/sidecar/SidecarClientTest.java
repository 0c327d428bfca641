package io.baton.client.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.ValueCodec;
import io.baton.proto.v1.EndOfStream;
import io.baton.proto.v1.LetGo;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessFrame.FrameCase;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.WritePart;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure.Reason;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.Backoff;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SidecarClientTest {

  private static final List<Destination> GROUP = List.of(Destination.here("g"));
  private static final ChunkAddress ADDRESS =
      ChunkAddress.of("id", ChunkPosition.ONLY, Destination.here("g"));
  private static final TensorSpec SPEC = TensorSpec.of(DType.F32, 2, 1024);
  private static final Content CONTENT = new Content.OfTensor(SPEC);
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  private ScriptedRelay relay;
  private SidecarClient client;

  @BeforeEach
  void start() throws Exception {
    Path socket = directory.resolve("s");
    relay = ScriptedRelay.start(socket);
    client =
        SidecarClient.connect(
            socket,
            SidecarOptions.of("test")
                .withGrace(Duration.ofMillis(200))
                .withBackoff(new Backoff(Duration.ofMillis(10), Duration.ofMillis(50), 0)));
    client.connected().get(20, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() {
    client.close();
    relay.close();
    assertThat(client.mappedPools()).isZero();
    await()
        .atMost(Duration.ofSeconds(15))
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("baton-sidecar")));
  }

  private SidecarSender sender() throws Exception {
    return sender(SenderConfig.alone("s"));
  }

  private SidecarSender sender(SenderConfig config) throws Exception {
    SidecarSender sender = client.sender(config);
    relay.hear(FrameCase.REGISTER_SENDER);
    sender.registered().get(20, TimeUnit.SECONDS);
    return sender;
  }

  private SidecarReceiver receiver() throws Exception {
    SidecarReceiver receiver = client.receiver(ReceiverConfig.alone("g"));
    relay.hear(FrameCase.REGISTER_READER);
    receiver.registered().get(20, TimeUnit.SECONDS);
    return receiver;
  }

  private OutgoingTensor allocated(SidecarSender sender, Slot slot) throws Exception {
    CompletableFuture<OutgoingTensor> future = sender.allocate(SPEC, GROUP);
    relay.sayAllocated(relay.hear(FrameCase.ALLOCATE).getAllocate().getRequest(), slot);
    return future.get(20, TimeUnit.SECONDS);
  }

  private ReceivedChunk received(SidecarReceiver receiver, Slot slot) throws Exception {
    CompletableFuture<Received> future = receiver.receive("id", 0, LONG);
    relay.sayReceived(relay.hear(FrameCase.RECEIVE).getReceive().getRequest(), CONTENT, slot);
    return (ReceivedChunk) future.get(20, TimeUnit.SECONDS);
  }

  private static void failsWith(Reason reason, CompletableFuture<?> future) {
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> future.get(20, TimeUnit.SECONDS))
        .havingCause()
        .isInstanceOfSatisfying(
            SidecarException.class, why -> assertThat(why.reason()).isEqualTo(reason));
  }

  // ---- sending

  @Test
  void outgoingTensor_isWrittenInThePool_andTakenAwayWhenSent() throws Exception {
    Slot slot = relay.allocate(SPEC.bytes());
    OutgoingTensor tensor = allocated(sender(), slot);
    MemorySegment memory = tensor.memory();
    ByteBuffer buffer = tensor.buffer();
    buffer.putFloat(4, 2.5f);

    CompletableFuture<@Nullable Void> sent =
        tensor.send("id", ChunkPosition.of(1, 2), List.of("next"), LONG);

    ProcessFrame frame = relay.hear(FrameCase.SEND);
    assertThat(slot.buffer().getFloat(4)).isEqualTo(2.5f);
    assertThat(frame.getSend().getSlot()).isEqualTo(ScriptedRelay.wire(slot));
    assertThat(frame.getSend().getChunk().getNextPeersList()).containsExactly("next");
    assertThatIllegalStateException().isThrownBy(tensor::memory);
    assertThatIllegalStateException()
        .isThrownBy(() -> memory.set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
    assertThatIllegalStateException().isThrownBy(() -> buffer.put(0, (byte) 1));
    relay.saySent(frame.getSend().getRequest());
    sent.get(20, TimeUnit.SECONDS);
    tensor.close();
    failsWith(Reason.FAILED_PRECONDITION, tensor.send("id", ChunkPosition.ONLY));
  }

  @Test
  void outgoingTensor_thatIsClosed_isDiscardedOnce() throws Exception {
    Slot slot = relay.allocate(SPEC.bytes());
    OutgoingTensor tensor = allocated(sender(), slot);
    tensor.close();
    tensor.close();
    assertThat(relay.hear(FrameCase.DISCARD).getDiscard().getSlot())
        .isEqualTo(ScriptedRelay.wire(slot));
    client.close();
    assertThat(relay.hasHeardAll()).isTrue();
  }

  @Test
  void send_copiesATensorIntoThePool() throws Exception {
    SidecarSender sender = sender();
    // More than is copied on the thread that brings the answer.
    byte[] bytes = new byte[1 << 20];
    bytes[77] = 7;
    Slot slot = relay.allocate(bytes.length);
    CompletableFuture<@Nullable Void> sent =
        sender.send(ADDRESS, Tensor.wrap(TensorSpec.of(DType.U8, bytes.length), bytes));
    relay.sayAllocated(relay.hear(FrameCase.ALLOCATE).getAllocate().getRequest(), slot);
    ProcessFrame frame = relay.hear(FrameCase.SEND);
    assertThat(slot.memory().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
    relay.saySent(frame.getSend().getRequest());
    sent.get(20, TimeUnit.SECONDS);
  }

  @Test
  void send_ofATensorWithoutBytes_takesNoMemory() throws Exception {
    SidecarSender sender = sender();
    CompletableFuture<@Nullable Void> sent =
        sender.send(ADDRESS, Tensor.wrap(TensorSpec.of(DType.F16, 0, 4096), new byte[0]));
    ProcessFrame frame = relay.hear(FrameCase.SEND);
    assertThat(frame.getSend().hasInline()).isTrue();
    relay.saySent(frame.getSend().getRequest());
    sent.get(20, TimeUnit.SECONDS);
  }

  @Test
  void sendObject_smallInline_largeThroughThePool() throws Exception {
    SidecarSender sender = sender();
    var _ = sender.sendObject(ADDRESS, Map.of("a", 1L));
    assertThat(relay.hear(FrameCase.SEND).getSend().hasInline()).isTrue();
    var _ = sender.sendObject(ADDRESS, "x".repeat(SidecarSender.INLINE_BYTES));
    assertThat(relay.hear(FrameCase.ALLOCATE).getAllocate().getBytes())
        .isGreaterThan(SidecarSender.INLINE_BYTES);
    failsWith(Reason.INVALID_ARGUMENT, sender.sendObject(ADDRESS, new Object()));
  }

  @Test
  void whatDoesNotFitTheConfig_isRefusedHere() throws Exception {
    SidecarSender sender =
        sender(SenderConfig.alone("s").withRow(TensorSpec.of(DType.F32, 1, 1024)));
    failsWith(Reason.INVALID_ARGUMENT, sender.allocate(TensorSpec.of(DType.F16, 2, 1024), GROUP));
    failsWith(Reason.INVALID_ARGUMENT, sender.allocate(TensorSpec.of(DType.F32, 2, 1023), GROUP));
    failsWith(Reason.INVALID_ARGUMENT, sender.allocate(SPEC, List.of()));
    failsWith(Reason.INVALID_ARGUMENT, sender.closeStream("", 1, GROUP));
    assertThat(relay.hasHeardAll()).isTrue();

    sender.reregister(SenderConfig.alone("s").withRow(TensorSpec.of(DType.F16, 1, 1024)));
    var _ = sender.allocate(TensorSpec.of(DType.F16, 2, 1024), GROUP);
    relay.hear(FrameCase.ALLOCATE);
  }

  @Test
  void reregister_asSomebodyElse_keepsWhatIsAllocated() throws Exception {
    SidecarSender sender = sender();
    OutgoingTensor tensor = allocated(sender, relay.allocate(SPEC.bytes()));
    sender.reregister(SenderConfig.alone("other"));
    long number = relay.hear(FrameCase.UNREGISTER).getUnregister().getRegistration();
    ProcessFrame again = relay.hear(FrameCase.REGISTER_SENDER);
    assertThat(again.getRegisterSender().getRegistration()).isEqualTo(number);
    assertThat(again.getRegisterSender().getGroup()).isEqualTo("other");
    assertThat(tensor.memory().byteSize()).isEqualTo(SPEC.bytes());
    var _ = tensor.send("id", ChunkPosition.ONLY);
    relay.hear(FrameCase.SEND);
  }

  @Test
  void member_ofAGroup_writesThePartsThatItIsAskedFor() throws Exception {
    SidecarSender sender = sender(SenderConfig.inGroup("s", 1, 2).withCopy(CopyMode.SHARDED));
    failsWith(Reason.FAILED_PRECONDITION, sender.allocate(SPEC, GROUP));
    byte[] bytes = new byte[1001];
    Arrays.fill(bytes, (byte) 3);
    CompletableFuture<@Nullable Void> sent =
        sender.send(ADDRESS, Tensor.wrap(TensorSpec.of(DType.I8, 1001), bytes));
    long request = relay.hear(FrameCase.JOIN).getJoin().getRequest();
    Slot slot = relay.allocate(1001);
    ScriptedRelay.fill(slot, 0);
    relay.say(
        ProcessReply.newBuilder()
            .setWritePart(
                WritePart.newBuilder()
                    .setRequest(request)
                    .setPart(1)
                    .setSlot(ScriptedRelay.wire(slot))
                    .setFrom(501)
                    .setTo(1001)));
    ProcessFrame written = relay.hear(FrameCase.PART_WRITTEN);
    assertThat(written.getPartWritten().getPart()).isEqualTo(1);
    assertThat(slot.memory().get(ValueLayout.JAVA_BYTE, 500)).isZero();
    assertThat(slot.memory().get(ValueLayout.JAVA_BYTE, 501)).isEqualTo((byte) 3);
    assertThat(slot.memory().get(ValueLayout.JAVA_BYTE, 1000)).isEqualTo((byte) 3);
    relay.saySent(request);
    sent.get(20, TimeUnit.SECONDS);
  }

  @Test
  void closedSender_takesItsMemoryAway_beforeItLeaves() throws Exception {
    SidecarSender sender = sender();
    OutgoingTensor tensor = allocated(sender, relay.allocate(SPEC.bytes()));
    CompletableFuture<OutgoingTensor> waiting = sender.allocate(SPEC, GROUP);
    long request = relay.hear(FrameCase.ALLOCATE).getAllocate().getRequest();
    sender.close();
    sender.close();
    assertThat(relay.hear(FrameCase.CANCEL).getCancel().getRequest()).isEqualTo(request);
    relay.hear(FrameCase.DISCARD);
    relay.hear(FrameCase.UNREGISTER);
    assertThatIllegalStateException().isThrownBy(tensor::memory);
    failsWith(Reason.CANCELLED, waiting);
    failsWith(Reason.CANCELLED, sender.allocate(SPEC, GROUP));
  }

  // ---- receiving

  @Test
  void chunk_isLookedAtInThePool_untilItIsClosed() throws Exception {
    Slot slot = relay.allocate(SPEC.bytes());
    slot.buffer().putFloat(0, 1.5f);
    ReceivedChunk chunk = received(receiver(), slot);
    Tensor tensor = chunk.tensor();
    assertThat(tensor.floats().get(0)).isEqualTo(1.5f);
    slot.buffer().putFloat(0, 2.5f);
    assertThat(tensor.floats().get(0)).as("not a copy").isEqualTo(2.5f);
    assertThat(chunk.memory().isReadOnly()).isTrue();
    chunk.verify();

    chunk.close();
    chunk.close();

    assertThatIllegalStateException().isThrownBy(() -> tensor.floats().get(0));
    assertThatIllegalStateException().isThrownBy(chunk::tensor);
    assertThatIllegalStateException().isThrownBy(chunk::verify);
    relay.hear(FrameCase.MARK_DONE);
    client.close();
    assertThat(relay.hasHeardAll()).isTrue();
  }

  @Test
  void sameChunkTwice_isDoneWithTheLastClose() throws Exception {
    SidecarReceiver receiver = receiver();
    Slot slot = relay.allocate(SPEC.bytes());
    ReceivedChunk first = received(receiver, slot);
    ReceivedChunk second = received(receiver, slot);
    first.close();
    assertThat(second.memory().byteSize()).isEqualTo(SPEC.bytes());
    assertThat(relay.hasHeardAll()).isTrue();
    second.close();
    relay.hear(FrameCase.MARK_DONE);
  }

  @Test
  void chunkThatIsAskedForAgain_isNotDoneBeforeTheAnswer() throws Exception {
    SidecarReceiver receiver = receiver();
    Slot slot = relay.allocate(SPEC.bytes());
    ReceivedChunk first = received(receiver, slot);
    CompletableFuture<Received> again = receiver.receive("id", 0, LONG);
    long request = relay.hear(FrameCase.RECEIVE).getReceive().getRequest();
    first.close();
    receiver.markDone("id", 0);
    relay.sayReceived(request, CONTENT, slot);
    ReceivedChunk second = (ReceivedChunk) again.get(20, TimeUnit.SECONDS);
    assertThat(second.memory().byteSize()).isEqualTo(SPEC.bytes());
    assertThat(relay.hasHeardAll()).isTrue();
    second.close();
    relay.hear(FrameCase.MARK_DONE);
  }

  @Test
  void markDone_takesTheMemoryAway_andIsSaidOfUnknownChunksToo() throws Exception {
    SidecarReceiver receiver = receiver();
    ReceivedChunk chunk = received(receiver, relay.allocate(SPEC.bytes()));
    receiver.markDone("id", 0);
    assertThat(relay.hear(FrameCase.MARK_DONE).getMarkDone().getIndex()).isZero();
    assertThatIllegalStateException().isThrownBy(chunk::memory);
    chunk.close();
    receiver.markDone("other", 3);
    assertThat(relay.hear(FrameCase.MARK_DONE).getMarkDone().getDataId()).isEqualTo("other");
  }

  @Test
  void closedReceiver_takesItsMemoryAway_andIsNotDone() throws Exception {
    SidecarReceiver receiver = receiver();
    ReceivedChunk chunk = received(receiver, relay.allocate(SPEC.bytes()));
    CompletableFuture<Received> waiting = receiver.receive("other", 0, LONG);
    relay.hear(FrameCase.RECEIVE);
    receiver.close();
    relay.hear(FrameCase.CANCEL);
    relay.hear(FrameCase.UNREGISTER);
    assertThatIllegalStateException().isThrownBy(chunk::memory);
    failsWith(Reason.CANCELLED, waiting);
    chunk.close();
    client.close();
    assertThat(relay.hasHeardAll()).isTrue();
  }

  @Test
  void slotThatIsFreed_isNoticed() throws Exception {
    Slot slot = relay.allocate(SPEC.bytes());
    ReceivedChunk chunk = received(receiver(), slot);
    chunk.verify();
    slot.release();
    assertThatExceptionOfType(SidecarException.class)
        .isThrownBy(chunk::verify)
        .satisfies(why -> assertThat(why.reason()).isEqualTo(Reason.GONE));
    chunk.close();
  }

  @Test
  void object_isACopy() throws Exception {
    SidecarReceiver receiver = receiver();
    Map<String, @Nullable Object> object = new HashMap<>();
    object.put("text", "x".repeat(100));
    object.put("none", null);
    byte[] bytes = ValueCodec.serialize(ValueCodec.toWire(object)).toByteArray();
    Slot slot = relay.allocate(bytes.length);
    MemorySegment.copy(bytes, 0, slot.memory(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    CompletableFuture<Received> pooled = receiver.receive("id", 0, LONG);
    relay.sayReceived(
        relay.hear(FrameCase.RECEIVE).getReceive().getRequest(),
        new Content.OfObject(bytes.length),
        slot);
    CompletableFuture<Received> inline = receiver.receive("id", 1, LONG);
    relay.sayInline(
        relay.hear(FrameCase.RECEIVE).getReceive().getRequest(),
        new Content.OfObject(bytes.length),
        bytes);
    for (CompletableFuture<Received> future : List.of(pooled, inline)) {
      try (ReceivedChunk chunk = (ReceivedChunk) future.get(20, TimeUnit.SECONDS)) {
        assertThat(chunk.value()).isEqualTo(object);
        assertThatIllegalStateException().isThrownBy(chunk::tensor);
      }
    }
  }

  @Test
  void chunkInAnotherRelaysPool_isMappedWhileItIsOpen() throws Exception {
    try (PinnedPool other = PinnedPool.create(PoolConfig.of("other", 1 << 20).withLock(false))) {
      Slot slot = other.allocate(SPEC.bytes(), PoolUse.FILLING, "test").orElseThrow();
      slot.buffer().putFloat(0, 3.5f);
      SidecarReceiver receiver = receiver();
      CompletableFuture<Received> future = receiver.receive("id", 0, LONG);
      relay.sayReceived(
          relay.hear(FrameCase.RECEIVE).getReceive().getRequest(),
          CONTENT,
          slot,
          new PoolAddress(other.path().toString(), other.id()));
      ReceivedChunk chunk = (ReceivedChunk) future.get(20, TimeUnit.SECONDS);
      assertThat(chunk.tensor().floats().get(0)).isEqualTo(3.5f);
      assertThat(client.mappedPools()).isEqualTo(2);
      chunk.close();
      relay.hear(FrameCase.MARK_DONE);
      await().atMost(Duration.ofSeconds(20)).until(() -> client.mappedPools() == 1);
    }
  }

  @Test
  void receiveAll_ofAStream_isDoneAtItsEnd() throws Exception {
    SidecarReceiver receiver = receiver();
    List<@Nullable Object> values = new ArrayList<>();
    CompletableFuture<Integer> all =
        receiver.receiveAll(
            "id",
            LONG,
            chunk -> {
              try {
                values.add(chunk.value());
              } catch (SidecarException e) {
                throw new AssertionError(e);
              }
            });
    byte[] bytes = ValueCodec.serialize(ValueCodec.toWire(7L)).toByteArray();
    relay.sayInline(
        relay.hear(FrameCase.RECEIVE).getReceive().getRequest(),
        new Content.OfObject(bytes.length),
        bytes);
    relay.hear(FrameCase.MARK_DONE);
    ProcessFrame receive = relay.hear(FrameCase.RECEIVE);
    assertThat(receive.getReceive().getIndex()).isEqualTo(1);
    relay.say(
        ProcessReply.newBuilder()
            .setEndOfStream(
                EndOfStream.newBuilder()
                    .setRequest(receive.getReceive().getRequest())
                    .setCount(1)));
    assertThat(all.get(20, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(values).containsExactly(7L);
  }

  @Test
  void reader_thatIsInterrupted_withdraws() throws Exception {
    SidecarReader reader = client.reader(ReceiverConfig.alone("g"));
    relay.hear(FrameCase.REGISTER_READER);
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread waiting =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    reader.receive("id", 0, LONG);
                    thrown.complete(new AssertionError("received"));
                  } catch (SidecarException | InterruptedException e) {
                    thrown.complete(e);
                  }
                });
    long request = relay.hear(FrameCase.RECEIVE).getReceive().getRequest();
    waiting.interrupt();
    assertThat(thrown.get(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    assertThat(relay.hear(FrameCase.CANCEL).getCancel().getRequest()).isEqualTo(request);
  }

  // ---- deadlines and bounds

  @Test
  void deafRelay_everyRequestEnds() throws Exception {
    SidecarSender sender = sender();
    SidecarReceiver receiver = receiver();
    Duration brief = Duration.ofMillis(100);
    failsWith(Reason.DEADLINE_EXCEEDED, receiver.receive("id", 0, brief));
    failsWith(Reason.DEADLINE_EXCEEDED, sender.allocate(SPEC, GROUP, brief));
    failsWith(Reason.DEADLINE_EXCEEDED, sender.sendObject(ADDRESS, 1L, brief));
    failsWith(Reason.DEADLINE_EXCEEDED, sender.closeStream("id", 1, GROUP, brief));
  }

  @Test
  void relayThatAnswersWithinTheGrace_isHeard() throws Exception {
    SidecarReceiver receiver = receiver();
    CompletableFuture<Received> future = receiver.receive("id", 0, Duration.ZERO);
    long request = relay.hear(FrameCase.RECEIVE).getReceive().getRequest();
    relay.sayFailed(request, Reason.RESOURCE_EXHAUSTED);
    failsWith(Reason.RESOURCE_EXHAUSTED, future);
  }

  @Test
  void memoryThatComesTooLate_isGivenBack() throws Exception {
    SidecarSender sender = sender();
    CompletableFuture<OutgoingTensor> future = sender.allocate(SPEC, GROUP);
    long request = relay.hear(FrameCase.ALLOCATE).getAllocate().getRequest();
    assertThat(future.cancel(false)).isTrue();
    relay.hear(FrameCase.CANCEL);
    relay.sayAllocated(request, relay.allocate(SPEC.bytes()));
    relay.hear(FrameCase.DISCARD);
  }

  /** Asks for the chunk and no longer wants it; the answer is to be said. */
  private long cancelled(SidecarReceiver receiver) throws Exception {
    CompletableFuture<Received> future = receiver.receive("id", 0, LONG);
    long request = relay.hear(FrameCase.RECEIVE).getReceive().getRequest();
    assertThat(future.cancel(false)).isTrue();
    assertThat(relay.hear(FrameCase.CANCEL).getCancel().getRequest()).isEqualTo(request);
    return request;
  }

  @Test
  void chunkThatComesTooLate_isLetGo_andNotDone() throws Exception {
    SidecarReceiver receiver = receiver();
    Slot slot = relay.allocate(SPEC.bytes());
    relay.sayReceived(cancelled(receiver), CONTENT, slot);
    LetGo said = relay.hear(FrameCase.LET_GO).getLetGo();
    assertThat(said.getDataId()).isEqualTo("id");
    received(receiver, slot).close();
    relay.hear(FrameCase.MARK_DONE);
  }

  @Test
  void chunkThatComesTooLate_isNotLetGo_whileItIsOpen() throws Exception {
    SidecarReceiver receiver = receiver();
    Slot slot = relay.allocate(SPEC.bytes());
    ReceivedChunk open = received(receiver, slot);
    relay.sayReceived(cancelled(receiver), CONTENT, slot);
    open.close();
    relay.hear(FrameCase.MARK_DONE);
    receiver.close();
    relay.hear(FrameCase.UNREGISTER);
  }

  @Test
  void cancelledRequest_whoseChunkDidNotCome_isForgotten() throws Exception {
    SidecarReceiver receiver = receiver();
    relay.sayFailed(cancelled(receiver), Reason.CANCELLED);
    receiver.close();
    relay.hear(FrameCase.UNREGISTER);
  }

  @Test
  void requestsUnderWay_areBounded() throws Exception {
    try (SidecarClient narrow =
        SidecarClient.connect(directory.resolve("s"), SidecarOptions.of("n").withRequests(2))) {
      narrow.connected().get(20, TimeUnit.SECONDS);
      SidecarReceiver receiver = narrow.receiver(ReceiverConfig.alone("g"));
      CompletableFuture<Received> first = receiver.receive("a", 0, LONG);
      var _ = receiver.receive("b", 0, LONG);
      failsWith(Reason.RESOURCE_EXHAUSTED, receiver.receive("c", 0, LONG));
      relay.hear(FrameCase.REGISTER_READER);
      relay.hear(FrameCase.RECEIVE);
      relay.hear(FrameCase.RECEIVE);
      first.cancel(false);
      relay.hear(FrameCase.CANCEL);
      CompletableFuture<Received> fourth = receiver.receive("d", 0, Duration.ZERO);
      failsWith(Reason.DEADLINE_EXCEEDED, fourth);
    }
  }

  // ---- losses

  @Test
  void relayIsLost_whatIsBeingSentFails_andReceivesGoOn() throws Exception {
    SidecarSender sender = sender();
    SidecarReceiver receiver = receiver();
    Slot slot = relay.allocate(SPEC.bytes());
    OutgoingTensor tensor = allocated(sender, relay.allocate(SPEC.bytes()));
    ReceivedChunk chunk = received(receiver, slot);
    CompletableFuture<OutgoingTensor> allocation = sender.allocate(SPEC, GROUP);
    relay.hear(FrameCase.ALLOCATE);
    CompletableFuture<@Nullable Void> sending = sender.sendObject(ADDRESS, 1L);
    relay.hear(FrameCase.SEND);
    CompletableFuture<Received> receiving = receiver.receive("other", 0, LONG);
    relay.hear(FrameCase.RECEIVE);

    relay.lose();

    failsWith(Reason.UNAVAILABLE, allocation);
    failsWith(Reason.UNAVAILABLE, sending);
    await().atMost(Duration.ofSeconds(20)).until(() -> client.mappedPools() == 0);
    assertThatIllegalStateException().isThrownBy(tensor::memory).withMessageContaining("lost");
    assertThatIllegalStateException().isThrownBy(chunk::memory).withMessageContaining("lost");
    failsWith(Reason.FAILED_PRECONDITION, send(tensor));
    CompletableFuture<@Nullable Void> sentMeanwhile = sender.sendObject(ADDRESS, 2L);
    assertThat(receiving).isNotDone();

    relay.serve();

    relay.hear(FrameCase.REGISTER_SENDER);
    relay.hear(FrameCase.REGISTER_READER);
    ProcessFrame again = relay.hear(FrameCase.RECEIVE);
    assertThat(again.getReceive().getDataId()).isEqualTo("other");
    relay.saySent(relay.hear(FrameCase.SEND).getSend().getRequest());
    sentMeanwhile.get(20, TimeUnit.SECONDS);
    relay.sayReceived(again.getReceive().getRequest(), CONTENT, slot);
    ReceivedChunk other = (ReceivedChunk) receiving.get(20, TimeUnit.SECONDS);
    chunk.close();
    other.close();
    assertThat(relay.hear(FrameCase.MARK_DONE).getMarkDone().getDataId()).isEqualTo("other");
  }

  /** What has been taken away cannot be sent. */
  private static CompletableFuture<@Nullable Void> send(OutgoingTensor tensor) {
    try {
      tensor.memory();
      return tensor.send("id", ChunkPosition.ONLY);
    } catch (IllegalStateException gone) {
      return CompletableFuture.failedFuture(
          new SidecarException(Reason.FAILED_PRECONDITION, String.valueOf(gone.getMessage())));
    }
  }

  @Test
  void noRelay_requestsEndAtTheirDeadline() throws Exception {
    try (SidecarClient alone =
        SidecarClient.connect(directory.resolve("nobody"), SidecarOptions.of("alone"))) {
      Duration brief = Duration.ofMillis(50);
      SidecarSender sender = alone.sender(SenderConfig.alone("s").withTimeout(brief));
      SidecarReader reader = alone.reader(ReceiverConfig.alone("g"));
      failsWith(Reason.UNAVAILABLE, sender.registered());
      failsWith(Reason.UNAVAILABLE, sender.allocate(SPEC, GROUP));
      assertThatExceptionOfType(SidecarException.class)
          .isThrownBy(() -> reader.receive("id", 0, brief))
          .satisfies(why -> assertThat(why.reason()).isEqualTo(Reason.UNAVAILABLE));
    }
  }

  @Test
  void relayThatAnswersNonsense_isLeft_andTriedAgain() throws Exception {
    SidecarReceiver receiver = receiver();
    CompletableFuture<Received> future = receiver.receive("id", 0, LONG);
    relay.saySent(relay.hear(FrameCase.RECEIVE).getReceive().getRequest());
    relay.hear(FrameCase.REGISTER_READER);
    Slot slot = relay.allocate(SPEC.bytes());
    relay.sayReceived(relay.hear(FrameCase.RECEIVE).getReceive().getRequest(), CONTENT, slot);
    ((ReceivedChunk) future.get(20, TimeUnit.SECONDS)).close();
    relay.hear(FrameCase.MARK_DONE);
  }

  @Test
  void close_endsEverything() throws Exception {
    SidecarSender sender = sender();
    SidecarReceiver receiver = receiver();
    OutgoingTensor tensor = allocated(sender, relay.allocate(SPEC.bytes()));
    ReceivedChunk chunk = received(receiver, relay.allocate(SPEC.bytes()));
    CompletableFuture<Received> receiving = receiver.receive("other", 0, LONG);
    client.close();
    failsWith(Reason.CANCELLED, receiving);
    assertThatIllegalStateException().isThrownBy(tensor::memory);
    assertThatIllegalStateException().isThrownBy(chunk::memory);
    failsWith(Reason.CANCELLED, sender.allocate(SPEC, GROUP));
    chunk.close();
    tensor.close();
    client.close();
  }

  @Test
  void whatIsSaidLast_isHeard() throws Exception {
    ReceivedChunk chunk = received(receiver(), relay.allocate(SPEC.bytes()));
    chunk.close();
    client.close();
    relay.hear(FrameCase.MARK_DONE);
  }
}

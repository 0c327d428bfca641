package io.baton.relay.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.v1.ParcelRefused;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.Waiting;
import io.baton.session.FairShare;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.session.model.Ticket;
import io.baton.transport.Budget;
import io.baton.transport.Deadlines;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.payload.TrafficCounter;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.PeerAnswer;
import io.baton.transport.peer.PeerConfig;
import io.baton.transport.peer.PeerConnection;
import io.baton.transport.peer.PeerHost;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.peer.PeerLinks;
import io.baton.transport.peer.PeerLinksConfig;
import io.baton.transport.peer.PeerListener;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.Backoff;
import io.baton.transport.stream.KeptStreamConfig;
import io.baton.verification.PayloadDigester;
import io.grpc.InsecureChannelCredentials;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What this relay sends to others, of which each may be anybody, slow, or gone. */
@Timeout(120)
class SendingToPeersTest {

  private static final int PART_BYTES = 256 << 10;
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir private Path directory;
  private final EventLoops loops = EventLoops.start("test", 1);
  private final EventLoops others = EventLoops.start("others", 1);
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private PinnedPool pool;
  private Exchange exchange;
  private ScriptedPeer peer;
  private ScriptedPeer stranger;

  @BeforeEach
  void start() throws Exception {
    timer.setRemoveOnCancelPolicy(true);
    pool = PinnedPool.create(PoolConfig.of("here", 16 << 20).withDirectory(directory));
    exchange = exchange(SenderLimits.DEFAULT);
    peer = new ScriptedPeer(others);
    stranger = new ScriptedPeer(others);
  }

  /** Of what waits to be sent to all peers together. */
  private final Budget queued = new Budget(64 << 20);

  private PeerHost host() {
    return new PeerHost(
        new RelayId("here", 1),
        pool,
        Optional.empty(),
        new PeerHost.Traffic(new TrafficCounter(), new TrafficCounter()),
        loops,
        queued,
        new Budget(64 << 20),
        timer);
  }

  private static PeerConfig config(SenderLimits queue) {
    return new PeerConfig(
        InsecureChannelCredentials.create(),
        List.of(LaneKind.GRPC),
        PART_BYTES,
        new KeptStreamConfig(
            queue,
            Duration.ofSeconds(20),
            new Backoff(Duration.ofMillis(1), Duration.ofMillis(20), 0)),
        KeepAlive.DEFAULT);
  }

  private Exchange exchange(SenderLimits queue) {
    return new Exchange(host(), ChunkIndexConfig.of(0), listener -> links(queue, listener));
  }

  private PeerLinks links(SenderLimits queue, PeerListener listener) {
    return new PeerLinks(
        address -> PeerLink.open(address, host(), config(queue), listener, new SplittableRandom(1)),
        PeerLinksConfig.DEFAULT,
        FairShare.WHOLE,
        System::nanoTime,
        timer);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    close(exchange);
    assertThat(exchange.status().get(10, TimeUnit.SECONDS).getSending()).isZero();
    assertThat(exchange.status().get(10, TimeUnit.SECONDS).getHeapBytes()).isZero();
    await().untilAsserted(() -> assertThat(pool.usage().total().slots()).isZero());
    peer.close();
    stranger.close();
    timer.shutdownNow();
    loops.close();
    others.close();
    pool.close();
  }

  private static void close(Exchange exchange) {
    exchange.close();
    exchange.links().close();
  }

  private static ChunkHeader chunk(String id, long bytes, String... relays) {
    List<Destination> destinations = new ArrayList<>();
    for (String relay : relays) {
      destinations.add(new Destination("at " + relay, List.of(Member.at(0, relay))));
    }
    return new ChunkHeader(
        id, 0, OptionalInt.of(1), new Content.OfObject(bytes), destinations, List.of());
  }

  private CompletableFuture<Optional<Failure>> sendObject(ChunkHeader chunk, Duration timeout) {
    ByteString body = ByteString.copyFrom(new byte[(int) chunk.content().bytes()]);
    return send(chunk, null, body, timeout);
  }

  private CompletableFuture<Optional<Failure>> send(
      ChunkHeader chunk, @Nullable Slot slot, ByteString inline, Duration timeout) {
    CompletableFuture<Optional<Failure>> told = new CompletableFuture<>();
    exchange.inLoop(
        () ->
            exchange.send(
                chunk, slot, inline, System.nanoTime() + timeout.toNanos(), told::complete));
    return told;
  }

  private static Optional<Failure> result(CompletableFuture<Optional<Failure>> told)
      throws Exception {
    return told.get(30, TimeUnit.SECONDS);
  }

  private static long offered(ScriptedPeer.Call call) throws Exception {
    return call.next(PeerFrame::hasParcel).getParcel().getNumber();
  }

  // ---- who answers

  @Test
  void answers_ofAnotherThanWasAsked_meanNothing() throws Exception {
    var sent = sendObject(chunk("mine", 8, peer.address()), LONG);
    ScriptedPeer.Call asked = peer.call();
    long transfer = offered(asked);
    var strangers = sendObject(chunk("strangers", 8, stranger.address()), LONG);
    ScriptedPeer.Call other = stranger.call();
    long own = offered(other);

    other.granted(transfer);
    other.released(transfer);
    Failure failure = new Failure(Failure.Reason.GONE, "a lie");
    other.answer(
        PeerReply.newBuilder()
            .setRefused(
                ParcelRefused.newBuilder()
                    .setNumber(transfer)
                    .setFailure(FailureCodec.toWire(failure))));
    other.taken(transfer);
    // Its own answer comes after these, so that they have been heard when this has.
    other.taken(own);
    assertThat(result(strangers)).isEmpty();

    assertThat(sent).isNotDone();
    asked.taken(transfer);
    assertThat(result(sent)).isEmpty();
  }

  private static void answerAll(ScriptedPeer.Call call, long number) {
    Failure failure = new Failure(Failure.Reason.GONE, "a lie");
    call.answer(PeerReply.newBuilder().setWaiting(Waiting.newBuilder().setNumber(number)));
    call.granted(number);
    call.taken(number);
    call.answer(
        PeerReply.newBuilder()
            .setRefused(
                ParcelRefused.newBuilder()
                    .setNumber(number)
                    .setFailure(FailureCodec.toWire(failure))));
    call.released(number);
  }

  /** Pushes are not answered. Whoever does so is heard in all else. */
  @Test
  void answers_toPushesAndToWhatWasNeverSent_meanNothing() throws Exception {
    byte[] content = random(4 * PART_BYTES);
    var sent =
        send(chunk("large", content.length, peer.address()), slot(content), ByteString.EMPTY, LONG);
    ScriptedPeer.Call call = peer.call();
    long chunk = offered(call);
    byte[] pushed = random(3 * PART_BYTES);
    assertThat(push(pushed)).isTrue();
    long step = call.next(frame -> frame.getParcel().hasFollowing()).getParcel().getNumber();
    answerAll(call, step);
    assertThat(body(call, step, pushed.length)).isEqualTo(pushed);

    for (long number :
        new long[] {step, step + 1, Long.MIN_VALUE, -1, 0, chunk + 1, Long.MAX_VALUE}) {
      answerAll(call, number);
    }
    call.granted(chunk);
    assertThat(body(call, chunk, content.length)).isEqualTo(content);
    assertThat(sent).isNotDone();
    call.taken(chunk);
    assertThat(result(sent)).isEmpty();
  }

  private boolean push(byte[] bytes) {
    Ticket ticket = new Ticket(new byte[16]);
    Payload payload =
        new PayloadDigester(Digest.Algorithm.SHA256)
            .payload(Tensor.wrap(TensorSpec.of(DType.U8, bytes.length), bytes));
    Step step = new Step(new StepId(1, 1), 0, bytes.length);
    return exchange
        .links()
        .user("client")
        .push(
            new Peer(new RelayId("scripted", 5), peer.address(), ticket),
            new Push(new SessionId(1, 2), ticket, step, List.of(), payload),
            StageRole.ACTIVE);
  }

  @Test
  void body_whoseStreamFindsNoRoomForItsHello_goesWhenThereIs() throws Exception {
    byte[] content = random(3 * PART_BYTES);
    var sent =
        send(chunk("large", content.length, peer.address()), slot(content), ByteString.EMPTY, LONG);
    ScriptedPeer.Call call = peer.call();
    long chunk = offered(call);
    await().until(() -> queued.used() == 0);
    assertThat(queued.tryTake(queued.capacity())).isTrue();
    call.granted(chunk);
    await().during(Duration.ofMillis(200)).until(() -> call.frames.isEmpty() && !sent.isDone());
    queued.giveBack(queued.capacity());
    assertThat(body(call, chunk, content.length)).isEqualTo(content);
    call.taken(chunk);
    assertThat(sent.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEmpty();
  }

  /** Whatever of a body is buffered, and however long nobody reads it. */
  @Test
  void push_whileABodyIsStuck_arrives() throws Exception {
    peer.stopReadingBodies();
    byte[] content = random(8 << 20);
    var sent =
        send(chunk("large", content.length, peer.address()), slot(content), ByteString.EMPTY, LONG);
    ScriptedPeer.Call call = peer.call();
    long chunk = offered(call);
    call.granted(chunk);
    assertThat(call.next(PeerFrame::hasBody).getBody().getNumber()).isEqualTo(chunk);
    byte[] pushed = random(1 << 10);
    for (int i = 0; i < 10; i++) {
      assertThat(push(pushed)).isTrue();
      ByteString arrived =
          call.next(frame -> frame.getParcel().hasInline()).getParcel().getInline();
      assertThat(arrived.toByteArray()).isEqualTo(pushed);
    }
    assertThat(sent).isNotDone();
    call.taken(chunk);
    assertThat(sent.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEmpty();
  }

  // ---- what becomes of bodies

  private byte[] random(int bytes) {
    byte[] drawn = new byte[bytes];
    new Random(7).nextBytes(drawn);
    return drawn;
  }

  private Slot slot(byte[] content) {
    Slot slot = pool.allocate(content.length, PoolUse.FILLING, "g").orElseThrow();
    MemorySegment.copy(
        content, 0, slot.memory(), java.lang.foreign.ValueLayout.JAVA_BYTE, 0, content.length);
    return slot;
  }

  /** All parts of one body, each of which has to stand where the one before it ends. */
  private static byte[] body(ScriptedPeer.Call call, long transfer, int bytes) throws Exception {
    ByteString body = ByteString.EMPTY;
    while (body.size() < bytes) {
      var part = call.next(PeerFrame::hasBody).getBody();
      assertThat(part.getNumber()).isEqualTo(transfer);
      assertThat(part.getOffset()).isEqualTo(body.size());
      body = body.concat(part.getData());
    }
    return body.toByteArray();
  }

  @Test
  void grant_thatIsHeardAfterItsConnectionWasLost_sendsNothingOnTheNext() throws Exception {
    byte[] content = random(16 * PART_BYTES);
    var sent =
        send(chunk("large", content.length, peer.address()), slot(content), ByteString.EMPTY, LONG);
    ScriptedPeer.Call first = peer.call();
    long transfer = offered(first);
    ScriptedPeer.Call second;
    try (BusyLoop _ = BusyLoop.of(exchange)) {
      first.granted(transfer);
      first.cut();
      second = peer.call();
    }
    assertThat(offered(second)).isEqualTo(transfer);
    second.granted(transfer);
    assertThat(body(second, transfer, content.length)).isEqualTo(content);
    second.taken(transfer);
    assertThat(result(sent)).isEmpty();

    // Nothing but the body came, once: the next frame is of what is sent next.
    var next = sendObject(chunk("next", 8, peer.address()), LONG);
    second.taken(offered(second));
    assertThat(result(next)).isEmpty();
  }

  @Test
  void body_whoseConnectionIsLostHalfway_beginsAnewOnTheNext() throws Exception {
    byte[] content = random(16 * PART_BYTES);
    var sent =
        send(chunk("large", content.length, peer.address()), slot(content), ByteString.EMPTY, LONG);
    ScriptedPeer.Call first = peer.call();
    long transfer = offered(first);
    first.granted(transfer);
    body(first, transfer, 5 * PART_BYTES);
    first.cut();
    ScriptedPeer.Call second = peer.call();
    assertThat(offered(second)).isEqualTo(transfer);
    second.granted(transfer);
    assertThat(body(second, transfer, content.length)).isEqualTo(content);
    second.taken(transfer);
    assertThat(result(sent)).isEmpty();
  }

  // ---- queues that are full

  private void restartWith(SenderLimits queue) {
    close(exchange);
    exchange = exchange(queue);
  }

  @Test
  void offers_forWhichThereIsNoRoom_waitAndGoOn() throws Exception {
    restartWith(new SenderLimits(16, 1 << 20));
    peer.stopReading();
    List<CompletableFuture<Optional<Failure>>> sent = new ArrayList<>();
    int chunks = 300;
    for (int i = 0; i < chunks; i++) {
      sent.add(sendObject(chunk("id" + i, 64 << 10, peer.address()), LONG));
    }
    ScriptedPeer.Call call = peer.call();
    call.read();
    for (int i = 0; i < chunks; i++) {
      var offer = call.next(PeerFrame::hasParcel).getParcel();
      // In the order in which they were given.
      assertThat(offer.getChunk().getDataId()).isEqualTo("id" + i);
      call.taken(offer.getNumber());
    }
    for (var one : sent) {
      assertThat(result(one)).isEmpty();
    }
  }

  @Test
  void offers_thatWaitForRoom_areToldSoAtTheirDeadline() throws Exception {
    restartWith(new SenderLimits(16, 1 << 20));
    peer.stopReading();
    var _ = sendObject(chunk("first", 8, peer.address()), LONG);
    ScriptedPeer.Call call = peer.call();
    call.readOne();
    assertThat(offered(call)).isPositive();
    for (int i = 0; i < 300; i++) {
      var _ = sendObject(chunk("id" + i, 64 << 10, peer.address()), LONG);
    }
    var late = sendObject(chunk("late", 8, peer.address()), Duration.ofMillis(200));
    Failure failure = result(late).orElseThrow();
    assertThat(failure.reason()).isEqualTo(Failure.Reason.RESOURCE_EXHAUSTED);
    assertThat(failure.message()).contains("too much waits to be sent to it");
    call.read();
    for (int i = 0; i < 300; i++) {
      assertThat(call.next(PeerFrame::hasParcel).getParcel().getChunk().getDataId())
          .isEqualTo("id" + i);
    }
    // What was never offered is not withdrawn either.
    assertThat(call.frames).isEmpty();
  }

  @Test
  void withdrawals_forWhichThereIsNoRoom_areNotLost() throws Exception {
    restartWith(new SenderLimits(16, 1 << 20));
    peer.stopReading();
    var first = sendObject(chunk("first", 8, peer.address()), LONG);
    ScriptedPeer.Call call = peer.call();
    call.readOne();
    long kept = offered(call);
    List<CompletableFuture<Optional<Failure>>> sent = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      sent.add(sendObject(chunk("id" + i, 64 << 10, peer.address()), Duration.ofMillis(300)));
    }
    for (var one : sent) {
      assertThat(result(one)).isPresent();
    }
    call.read();
    List<Long> open = new ArrayList<>(List.of(kept));
    await()
        .untilAsserted(
            () -> {
              for (PeerFrame f = call.frames.poll(); f != null; f = call.frames.poll()) {
                if (f.hasParcel()) {
                  open.add(f.getParcel().getNumber());
                } else {
                  assertThat(open.remove(f.getWithdraw().getNumber())).isTrue();
                }
              }
              assertThat(open).hasSize(1);
            });
    call.taken(open.getFirst());
    assertThat(result(first)).isEmpty();
  }

  // ---- peers that are none

  @Test
  void addresses_thatAreNone_failAloneAndAtOnce() throws Exception {
    var sent = sendObject(chunk("x", 8, "no address", peer.address(), "host:notaport"), LONG);
    ScriptedPeer.Call call = peer.call();
    call.taken(offered(call));
    Failure failure = result(sent).orElseThrow();
    assertThat(failure.reason()).isEqualTo(Failure.Reason.INVALID_ARGUMENT);
    assertThat(failure.message()).contains("no address", "(1 of 3 destinations have it)");
  }

  @Test
  void peers_thatCannotEvenBeTried_holdUpNobodyElse() throws Exception {
    var sent =
        sendObject(
            chunk("x", 8, "under_score_:7000", "10.0.0:7000", "[::g]:1", peer.address()), LONG);
    ScriptedPeer.Call call = peer.call();
    call.taken(offered(call));
    var next = sendObject(chunk("next", 8, peer.address()), LONG);
    call.taken(offered(call));
    assertThat(result(next)).isEmpty();

    assertThat(sent).isNotDone();
    exchange.close();
    assertThat(result(sent).orElseThrow().message()).contains("(1 of 4 destinations have it)");
  }

  // ---- what should not be

  /** Whatever goes wrong in the middle, nothing of the sending stays behind. */
  @Test
  void error_inTheMiddleOfASending_failsItAloneAndGivesAllBack() {
    SendRoom room = new SendRoom(1 << 20);
    PeerLinks links = links(SenderLimits.DEFAULT, NOBODY);
    Deadlines deadlines = new Deadlines(timer, System::nanoTime, exchange::inLoop);
    Sendings sendings =
        new Sendings(
            new Traffic(links),
            room,
            deadlines,
            System::nanoTime,
            new Quarantine(deadlines, System::nanoTime, Slot::release),
            Slot::release);
    Closing closing = new Closing(1, new DataId("g", "x"), 1);
    Sendings.Target there =
        new Sendings.Target.There("there", "127.0.0.1:1", new Sendings.Message.OfClosing(closing));
    Sendings.Target broken =
        new Sendings.Target.Here(
            "here",
            _ -> {
              throw new IllegalStateException("on purpose");
            });
    List<List<Sendings.Target>> orders =
        List.of(List.of(broken), List.of(there, broken), List.of(broken, there));
    for (List<Sendings.Target> targets : orders) {
      List<Optional<Failure>> told = new ArrayList<>();
      long deadline = System.nanoTime() + LONG.toNanos();
      sendings.start("x", targets, slot(new byte[1000]), deadline, told::add);
      assertThat(told).hasSize(1);
      Failure failure = told.getFirst().orElseThrow();
      assertThat(failure.reason()).isEqualTo(Failure.Reason.UNAVAILABLE);
      assertThat(failure.message()).contains("x: an error in the relay", "on purpose");
      assertThat(sendings.size()).isZero();
      assertThat(room.used()).isZero();
      assertThat(pool.usage().total().slots()).isZero();
    }
    links.close();
    deadlines.clear();
  }

  private static final PeerListener NOBODY =
      new PeerListener() {
        @Override
        public void onReady(PeerConnection connection) {}

        @Override
        public void onRoom(PeerConnection connection) {}

        @Override
        public void onLost(PeerConnection connection, String why) {}

        @Override
        public void onAnswer(PeerConnection connection, PeerAnswer answer) {}
      };

  // ---- what waits is memory

  @Test
  void objects_forAPeerThatIsNotThere_areRefusedWhenTheyTakeTooMuch() throws Exception {
    String nobody = "127.0.0.1:1";
    ByteString body = ByteString.copyFrom(new byte[128 << 10]);
    int chunks = 2000;
    List<CompletableFuture<Optional<Failure>>> sent = new ArrayList<>();
    for (int i = 0; i < chunks; i++) {
      sent.add(send(chunk("id" + i, body.size(), nobody), null, body, LONG));
    }
    Failure failure = result(sent.getLast()).orElseThrow();
    assertThat(failure.reason()).isEqualTo(Failure.Reason.RESOURCE_EXHAUSTED);
    long waiting = sent.stream().filter(one -> !one.isDone()).count();
    long heap = exchange.status().get(10, TimeUnit.SECONDS).getHeapBytes();
    assertThat(heap).isBetween(waiting * body.size(), 128L << 20);

    // Others are sent to all the same.
    var other = send(chunk("other", body.size(), peer.address()), null, body, LONG);
    ScriptedPeer.Call call = peer.call();
    call.taken(offered(call));
    assertThat(result(other)).isEmpty();
    assertThat(Arrays.asList(sent.getFirst().isDone(), sent.getLast().isDone()))
        .containsExactly(false, true);
  }
}

package io.baton.relay.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeReply;
import io.baton.proto.v1.OfferRefused;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Member;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.Deadlines;
import io.baton.transport.exchange.Closing;
import io.baton.transport.exchange.LinkAnswer;
import io.baton.transport.exchange.LinkConfig;
import io.baton.transport.exchange.LinkConnection;
import io.baton.transport.exchange.LinkHost;
import io.baton.transport.exchange.LinkListener;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.lane.Backoff;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.KeptStreamConfig;
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

  private LinkHost host() {
    return new LinkHost(
        new RelayId("here", 1), pool, Optional.empty(), loops, new Budget(64 << 20), timer);
  }

  private static LinkConfig config(SenderLimits queue) {
    return new LinkConfig(
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
    return new Exchange(host(), ChunkIndexConfig.of(0), config(queue), new SplittableRandom(1));
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    exchange.close();
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
    return call.next(ExchangeFrame::hasOffer).getOffer().getTransfer();
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
        ExchangeReply.newBuilder()
            .setRefused(
                OfferRefused.newBuilder()
                    .setTransfer(transfer)
                    .setFailure(FailureCodec.toWire(failure))));
    other.taken(transfer);
    // Its own answer comes after these, so that they have been heard when this has.
    other.taken(own);
    assertThat(result(strangers)).isEmpty();

    assertThat(sent).isNotDone();
    asked.taken(transfer);
    assertThat(result(sent)).isEmpty();
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
      var part = call.next(ExchangeFrame::hasBody).getBody();
      assertThat(part.getTransfer()).isEqualTo(transfer);
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
    exchange.close();
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
      var offer = call.next(ExchangeFrame::hasOffer).getOffer();
      // In the order in which they were given.
      assertThat(offer.getDataId()).isEqualTo("id" + i);
      call.taken(offer.getTransfer());
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
      assertThat(call.next(ExchangeFrame::hasOffer).getOffer().getDataId()).isEqualTo("id" + i);
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
              for (ExchangeFrame f = call.frames.poll(); f != null; f = call.frames.poll()) {
                if (f.hasOffer()) {
                  open.add(f.getOffer().getTransfer());
                } else {
                  assertThat(open.remove(f.getWithdraw().getTransfer())).isTrue();
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
    PeerLinks links = new PeerLinks(host(), config(SenderLimits.DEFAULT), NOBODY, new Random(1));
    Deadlines deadlines = new Deadlines(timer, System::nanoTime, exchange::inLoop);
    Sendings sendings =
        new Sendings(
            links,
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

  private static final LinkListener NOBODY =
      new LinkListener() {
        @Override
        public void onReady(LinkConnection connection) {}

        @Override
        public void onRoom(LinkConnection connection) {}

        @Override
        public void onLost(LinkConnection connection, String why) {}

        @Override
        public void onAnswer(LinkConnection connection, LinkAnswer answer) {}
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

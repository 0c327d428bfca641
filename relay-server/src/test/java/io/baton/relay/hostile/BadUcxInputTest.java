package io.baton.relay.hostile;

import static io.baton.relay.hostile.SessionFrames.close;
import static io.baton.relay.hostile.SessionFrames.frame;
import static io.baton.relay.hostile.SessionFrames.open;
import static io.baton.relay.hostile.SessionFrames.payload;
import static io.baton.relay.hostile.SessionFrames.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.PeerWelcome;
import io.baton.proto.v1.StageFrame;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Handover;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxConnection;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxUnavailableException;
import io.grpc.Status;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** UCX knows neither users nor streams: whoever finds the port can send it anything. */
@Timeout(60)
class BadUcxInputTest {

  private static final byte FRAME = 0;
  private static final byte BODY = 1;
  private static final Completion UNHEARD =
      new Completion() {
        @Override
        public void succeeded() {}

        @Override
        public void failed(UcxFailure failure) {}
      };

  @TempDir private Path directory;
  private HostileRig rig;
  private UcxEngine engine;

  @BeforeEach
  void start() throws Exception {
    try {
      engine = UcxEngine.start(UcxConfig.withDefaults("stranger"), (_, _) -> Landing.REFUSED);
    } catch (UcxUnavailableException e) {
      throw new TestAbortedException(e.getMessage(), e);
    }
    rig = new HostileRig(directory, List.of(LaneKind.UCX, LaneKind.GRPC));
  }

  @AfterEach
  void othersAreServed_andNothingIsLeft() throws Exception {
    if (rig != null) {
      rig.assertServes();
      rig.assertNothingLeft();
      rig.close();
      engine.close();
    }
  }

  private static PeerFrame hello(byte[] address) {
    return Frames.frame(
        Frames.peerHello()
            .clearLanes()
            .addLanes(io.baton.proto.v1.LaneKind.LANE_KIND_UCX)
            .setData(DataAddress.newBuilder().setUcx(ByteString.copyFrom(address))));
  }

  private PeerWelcome welcome(RawStream<PeerReply> stream) throws Exception {
    PeerWelcome welcome =
        stream.send(hello(engine.address())).next(PeerReply::hasWelcome).getWelcome();
    assertThat(welcome.getLane()).isEqualTo(io.baton.proto.v1.LaneKind.LANE_KIND_UCX);
    return welcome;
  }

  private UcxConnection connect(PeerWelcome welcome) throws Exception {
    return engine.connect(
        welcome.getData().getUcx().toByteArray(), InetAddress.getLoopbackAddress(), _ -> {});
  }

  private static ByteBuffer head(long key, int kind, byte[] rest) {
    return ByteBuffer.allocate(Long.BYTES + 1 + rest.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(key)
        .put((byte) kind)
        .put(rest)
        .flip();
  }

  private static byte[] number(long number) {
    return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
  }

  /** Waits while as much is under way as can be. */
  private static void send(UcxConnection connection, ByteBuffer header, MemorySegment body) {
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> connection.send(header, body, UNHEARD) != Handover.FULL);
  }

  private long dropped() {
    return rig.status().getUcx().getDroppedMap().values().stream().mapToLong(n -> n).sum();
  }

  /** Right checksums and wrong ones, and an engine that is really there. */
  @Test
  void hello_withAnAddress_connectsNowhere() throws Exception {
    Mutations mutations = new Mutations(5);
    for (int i = 0; i < 50; i++) {
      byte[] address = i == 0 ? engine.address() : mutations.of(engine.address());
      try (RawStream<PeerReply> stream = rig.link()) {
        assertThat(stream.send(hello(address)).next(PeerReply::hasWelcome).getWelcome().getLane())
            .isEqualTo(io.baton.proto.v1.LaneKind.LANE_KIND_UCX);
      }
    }
    assertThat(rig.status().getUcx().getConnections()).isZero();
  }

  @Test
  void messages_thatAreNobodys_areDroppedAndCounted() throws Exception {
    try (RawStream<PeerReply> stream = rig.link();
        Arena arena = Arena.ofConfined()) {
      PeerWelcome welcome = welcome(stream);
      long key = welcome.getKey();
      UcxConnection connection = connect(welcome);
      MemorySegment body = arena.allocate(1000);
      List<ByteBuffer> heads =
          List.of(
              ByteBuffer.allocate(0),
              ByteBuffer.allocate(8),
              head(key + 1, FRAME, Frames.frame(Frames.peerHello()).toByteArray()),
              head(0, BODY, number(1)),
              head(key, 7, new byte[0]),
              head(key, BODY, new byte[0]),
              head(key, BODY, new byte[7]),
              head(key, BODY, new byte[9]),
              head(key, BODY, number(1)),
              head(key, BODY, number(-1)),
              head(key, BODY, number(Long.MIN_VALUE)),
              head(key, BODY, number(Long.MAX_VALUE)));
      long before = dropped();
      heads.forEach(header -> send(connection, header, body));
      // A frame has no body.
      send(connection, head(key, FRAME, new byte[0]), body);
      await().untilAsserted(() -> assertThat(dropped()).isEqualTo(before + heads.size() + 1));
      assertThat(stream.isOver()).isFalse();
      connection.close().join();
    }
  }

  private void assertEndsWith(ByteBuffer header, String says) throws Exception {
    try (RawStream<PeerReply> stream = rig.link()) {
      PeerWelcome welcome = welcome(stream);
      UcxConnection connection = connect(welcome);
      header.order(ByteOrder.LITTLE_ENDIAN).putLong(0, welcome.getKey());
      send(connection, header, MemorySegment.NULL);
      Status status = stream.ended();
      assertThat(status.getCode()).as("%s", status).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(status.getDescription()).contains(says);
      connection.close().join();
    }
  }

  @Test
  void frames_thatAreMalformed_endTheStream() throws Exception {
    assertEndsWith(head(0, FRAME, new byte[] {(byte) 0xff, 3, 1}), "a frame beside the stream");
    assertEndsWith(head(0, FRAME, new byte[0]), "frame");
    assertEndsWith(head(0, FRAME, Frames.frame(Frames.peerHello()).toByteArray()), "hello");
    Parcel.Builder offer = Frames.inlineOffer(1, "g", "id", 8);
    offer.getChunkBuilder().setIndex(-1);
    assertEndsWith(head(0, FRAME, Frames.frame(offer).toByteArray()), "index");
    assertEndsWith(
        head(0, FRAME, Frames.frame(Frames.inlineOffer(-1, "g", "id", 8)).toByteArray()), "number");
  }

  @Test
  void body_ofOtherBytesThanWereGranted_endsTheStreamAndIsWrittenNowhere() throws Exception {
    for (long bytes : new long[] {0, 999, 1001, 1 << 20}) {
      try (RawStream<PeerReply> stream = rig.link();
          Arena arena = Arena.ofConfined()) {
        PeerWelcome welcome = welcome(stream);
        UcxConnection connection = connect(welcome);
        stream.send(Frames.frame(Frames.offer(7, "g", "id", 1000)));
        // The answer to this comes by UCX, where nobody listens: it shows in the pool.
        await().until(() -> rig.relay().pool().usage().total().slots() == 1);
        send(connection, head(welcome.getKey(), BODY, number(7)), arena.allocate(bytes));
        Status status = stream.ended();
        assertThat(status.getCode()).as("%s", status).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains("a body of %d bytes".formatted(bytes));
        connection.close().join();
      }
    }
  }

  // ---- pushes

  /** Rows are of 1 KiB. */
  private static final EchoExecutor EXECUTOR = new EchoExecutor(128);

  private static final int ROWS = 8;
  private static final int BYTES = ROWS << 10;

  /** A peer that may push to a session. */
  private final class Pusher implements AutoCloseable {

    final RawStream<PeerReply> stream = rig.link();
    private final ByteString ticket;
    private final long key;
    private final UcxConnection connection;

    Pusher(ByteString ticket) throws Exception {
      this.ticket = ticket;
      stream.send(
          Frames.frame(
              Frames.peerHello()
                  .setFrom(SessionFrames.PEER)
                  .clearLanes()
                  .addLanes(io.baton.proto.v1.LaneKind.LANE_KIND_UCX)));
      PeerWelcome welcome = stream.next(PeerReply::hasWelcome).getWelcome();
      key = welcome.getKey();
      connection = connect(welcome);
    }

    /** Says that the bytes follow. */
    void announce(int step, int position) {
      say(pushed(1, ticket, step, position, ROWS, payload(EXECUTOR.row(), ROWS).setChunkCount(1)));
    }

    /** Comes before what is sent later on the same connection. */
    void say(PeerFrame frame) {
      BadUcxInputTest.send(connection, head(key, FRAME, frame.toByteArray()), MemorySegment.NULL);
    }

    void send(int step, MemorySegment body) {
      BadUcxInputTest.send(
          connection, head(key, BODY, number(SessionFrames.number(1, step))), body);
    }

    @Override
    public void close() {
      connection.close().join();
      stream.close();
    }
  }

  private RawStream<StageFrame> session() {
    rig.relay().attach(EXECUTOR);
    return rig.session().send(frame(open(1, "client")));
  }

  private static ByteString ticket(RawStream<StageFrame> session) throws Exception {
    return session.next(StageFrame::hasOpened).getOpened().getPushTicket();
  }

  private void awaitDropped(String reason) {
    await()
        .untilAsserted(
            () -> assertThat(rig.status().getPushes().getDroppedMap()).containsEntry(reason, 1L));
  }

  @Test
  void push_ofOtherBytesThanWereAnnounced_endsTheStreamAndIsWrittenNowhere() throws Exception {
    try (RawStream<StageFrame> session = session();
        Arena arena = Arena.ofConfined()) {
      ByteString ticket = ticket(session);
      for (long bytes : new long[] {0, BYTES - 1, BYTES + 1, 1 << 20}) {
        try (Pusher pusher = new Pusher(ticket)) {
          pusher.announce(1, 0);
          pusher.send(1, arena.allocate(bytes));
          Status status = pusher.stream.ended();
          assertThat(status.getCode()).as("%s", status).isEqualTo(Status.Code.INVALID_ARGUMENT);
          assertThat(status.getDescription())
              .contains("a body of %d bytes where %d were announced".formatted(bytes, BYTES));
        }
      }
      assertThat(session.send(close()).ended()).matches(Status::isOk);
    }
  }

  @Test
  void pushes_whoseBytesAreNotTaken_areDroppedAndTheStreamGoesOn() throws Exception {
    try (RawStream<StageFrame> session = session();
        Pusher pusher = new Pusher(ticket(session));
        Arena arena = Arena.ofConfined()) {
      MemorySegment zeros = arena.allocate(BYTES);
      MemorySegment others = arena.allocate(BYTES).fill((byte) 1);

      pusher.announce(9, 0);
      pusher.send(9, others);
      awaitDropped("digest_mismatch");

      // Of one that has begun to come in parts, and of one that has come.
      long before = dropped();
      pusher.announce(1, 0);
      pusher.say(Frames.body(SessionFrames.number(1, 1), 0, Frames.zeros(1000)));
      pusher.send(1, others);
      pusher.say(Frames.body(SessionFrames.number(1, 1), 1000, Frames.zeros(BYTES - 1000)));
      pusher.send(1, zeros);
      session.next(frame -> frame.getOutput().getStep() == 1);
      await().untilAsserted(() -> assertThat(dropped()).isEqualTo(before + 2));

      List<Slot> all = wholePool();
      pusher.announce(2, ROWS);
      pusher.send(2, zeros);
      awaitDropped("no_room");
      all.forEach(Slot::release);

      // A number that was given up may be used again.
      pusher.announce(2, ROWS);
      pusher.send(2, zeros);
      session.next(frame -> frame.getOutput().getStep() == 2);
      assertThat(pusher.stream.isOver()).isFalse();
      assertThat(session.send(close()).ended()).matches(Status::isOk);
    }
  }

  /** Each slot for another, since one has a share alone. */
  private List<Slot> wholePool() {
    List<Slot> all = new ArrayList<>();
    for (long bytes = HostileRig.POOL_BYTES; bytes >= BYTES / 2; bytes /= 2) {
      Optional<Slot> slot = slot(bytes, all.size());
      while (slot.isPresent()) {
        all.add(slot.get());
        slot = slot(bytes, all.size());
      }
    }
    return all;
  }

  private Optional<Slot> slot(long bytes, int holder) {
    return rig.relay().pool().allocate(bytes, PoolUse.COMMAND, "holder " + holder);
  }

  @Test
  void mutatedFrames_endNothingButTheirStreams() throws Exception {
    Mutations mutations = new Mutations(2026);
    List<byte[]> samples =
        List.of(
            Frames.frame(Frames.offer(2, "g", "granted", 1000)).toByteArray(),
            Frames.frame(Frames.inlineOffer(1, "g", "id", 8)).toByteArray());
    UcxConnection connection;
    try (RawStream<PeerReply> stream = rig.link()) {
      connection = connect(welcome(stream));
    }
    // All links of a relay have one engine, and differ by their keys.
    for (int i = 0; i < 20; i++) {
      try (RawStream<PeerReply> stream = rig.link()) {
        PeerWelcome welcome = welcome(stream);
        for (int frame = 0; frame < 100; frame++) {
          byte[] sample = mutations.of(samples.get(mutations.below(samples.size())));
          send(connection, head(welcome.getKey(), FRAME, sample), MemorySegment.NULL);
        }
      }
    }
    connection.close().join();
    rig.assertNobodyLeft();
    // What was taken is kept for whoever it was for; with the relay it goes.
    rig.close();
    rig = new HostileRig(directory, List.of(LaneKind.UCX, LaneKind.GRPC));
  }
}

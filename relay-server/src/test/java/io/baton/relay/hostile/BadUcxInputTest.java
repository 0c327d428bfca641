package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeReply;
import io.baton.proto.v1.ExchangeWelcome;
import io.baton.transport.lane.LaneKind;
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
import java.util.List;
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

  private static ExchangeFrame hello(byte[] address) {
    return Frames.frame(
        Frames.peerHello()
            .clearLanes()
            .addLanes(io.baton.proto.v1.LaneKind.LANE_KIND_UCX)
            .setData(DataAddress.newBuilder().setUcx(ByteString.copyFrom(address))));
  }

  private ExchangeWelcome welcome(RawStream<ExchangeReply> stream) throws Exception {
    ExchangeWelcome welcome =
        stream.send(hello(engine.address())).next(ExchangeReply::hasWelcome).getWelcome();
    assertThat(welcome.getLane()).isEqualTo(io.baton.proto.v1.LaneKind.LANE_KIND_UCX);
    return welcome;
  }

  private UcxConnection connect(ExchangeWelcome welcome) throws Exception {
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
      try (RawStream<ExchangeReply> stream = rig.exchange()) {
        assertThat(
                stream.send(hello(address)).next(ExchangeReply::hasWelcome).getWelcome().getLane())
            .isEqualTo(io.baton.proto.v1.LaneKind.LANE_KIND_UCX);
      }
    }
    assertThat(rig.status().getUcx().getConnections()).isZero();
  }

  @Test
  void messages_thatAreNobodys_areDroppedAndCounted() throws Exception {
    try (RawStream<ExchangeReply> stream = rig.exchange();
        Arena arena = Arena.ofConfined()) {
      ExchangeWelcome welcome = welcome(stream);
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
    try (RawStream<ExchangeReply> stream = rig.exchange()) {
      ExchangeWelcome welcome = welcome(stream);
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
    assertEndsWith(head(0, FRAME, new byte[] {(byte) 0xff, 3, 1}), "a frame by UCX");
    assertEndsWith(head(0, FRAME, new byte[0]), "frame");
    assertEndsWith(head(0, FRAME, Frames.frame(Frames.peerHello()).toByteArray()), "hello");
    assertEndsWith(
        head(
            0, FRAME, Frames.frame(Frames.inlineOffer(1, "g", "id", 8).setIndex(-1)).toByteArray()),
        "index");
  }

  @Test
  void body_ofOtherBytesThanWereGranted_endsTheStreamAndIsWrittenNowhere() throws Exception {
    for (long bytes : new long[] {0, 999, 1001, 1 << 20}) {
      try (RawStream<ExchangeReply> stream = rig.exchange();
          Arena arena = Arena.ofConfined()) {
        ExchangeWelcome welcome = welcome(stream);
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

  @Test
  void mutatedFrames_endNothingButTheirStreams() throws Exception {
    Mutations mutations = new Mutations(2026);
    List<byte[]> samples =
        List.of(
            Frames.frame(Frames.offer(2, "g", "granted", 1000)).toByteArray(),
            Frames.frame(Frames.inlineOffer(1, "g", "id", 8)).toByteArray());
    UcxConnection connection;
    try (RawStream<ExchangeReply> stream = rig.exchange()) {
      connection = connect(welcome(stream));
    }
    // All links of a relay have one engine, and differ by their keys.
    for (int i = 0; i < 20; i++) {
      try (RawStream<ExchangeReply> stream = rig.exchange()) {
        ExchangeWelcome welcome = welcome(stream);
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

package io.baton.transport.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.Granted;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.PeerWelcome;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.payload.TrafficCounter;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.BlackHole;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxUnavailableException;
import io.baton.transport.ucx.UcxWay;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A peer that is reached by gRPC, and offers an engine that is not where it says. */
@Timeout(60)
class UnreachableUcxTest {

  private static final RelayId SELF = new RelayId("here", 1);
  private static final int BODY_BYTES = 600_000;

  @TempDir private Path directory;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong arrived = new AtomicLong();
  private final AtomicInteger greeted = new AtomicInteger();
  private EventLoops loops;
  private PinnedPool pool;
  private UcxHub hub;

  @BeforeEach
  void open() throws Exception {
    try {
      hub = UcxHub.start(UcxConfig.withDefaults("here").overTransports("tcp"));
    } catch (UcxUnavailableException e) {
      assumeTrue(false, e.getMessage());
      throw new IllegalStateException(e);
    }
    loops = EventLoops.start("unreachable", 1);
    pool = PinnedPool.create(PoolConfig.of("here", 2 << 20).withDirectory(directory));
  }

  @AfterEach
  void close() {
    if (hub != null) {
      hub.close();
      loops.close();
      pool.close();
    }
    timer.shutdownNow();
  }

  /** Grants whatever it is offered, and counts what comes on the stream. */
  private final class Peer extends LinkGrpc.LinkImplBase {
    private final byte[] address;

    Peer(byte[] address) {
      this.address = address;
    }

    @Override
    public StreamObserver<BulkFrame> bulk(StreamObserver<Empty> replies) {
      return new StreamObserver<>() {
        @Override
        public void onNext(BulkFrame frame) {
          arrived.addAndGet(frame.getBody().getData().size());
        }

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {
          replies.onCompleted();
        }
      };
    }

    @Override
    public StreamObserver<PeerFrame> carry(StreamObserver<PeerReply> replies) {
      return new StreamObserver<>() {
        @Override
        public void onNext(PeerFrame frame) {
          switch (frame.getFrameCase()) {
            case HELLO -> {
              assertThat(frame.getHello().getData().getUcx()).isEmpty();
              greeted.incrementAndGet();
              replies.onNext(welcome());
            }
            case PARCEL ->
                replies.onNext(
                    PeerReply.newBuilder()
                        .setGranted(Granted.newBuilder().setNumber(frame.getParcel().getNumber()))
                        .build());
            default -> throw new AssertionError(frame);
          }
        }

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {
          replies.onCompleted();
        }
      };
    }

    private PeerReply welcome() {
      return PeerReply.newBuilder()
          .setWelcome(
              PeerWelcome.newBuilder()
                  .setVersion(Versions.spoken().getHighest())
                  .setIdentity(IdCodec.toWire(new RelayId("peer", 2)))
                  .setLane(io.baton.proto.v1.LaneKind.LANE_KIND_UCX)
                  .setKey(77)
                  .setData(DataAddress.newBuilder().setUcx(ByteString.copyFrom(address))))
          .build();
    }
  }

  /** Sends a body as soon as it may. */
  private final class Sending implements PeerListener {
    private volatile @Nullable PeerConnection connection;

    @Override
    public void onReady(PeerConnection opened) {
      connection = opened;
    }

    @Override
    public void onRoom(PeerConnection connection) {}

    @Override
    public void onLost(PeerConnection connection, String why) {}

    @Override
    public void onAnswer(PeerConnection connection, PeerAnswer answer) {
      if (answer instanceof PeerAnswer.Granted) {
        Slot slot = pool.allocate(BODY_BYTES, PoolUse.IN_USE, "g").orElseThrow();
        connection.body(1, slot);
        slot.release();
      }
    }
  }

  private void assertBodiesGoByGrpc(byte[] address, String why) throws Exception {
    PeerHost host =
        new PeerHost(
            SELF,
            pool,
            Optional.of(hub),
            new PeerHost.Traffic(new TrafficCounter(), new TrafficCounter()),
            loops,
            new Budget(1 << 20),
            new Budget(1 << 20),
            timer);
    Sending sending = new Sending();
    try (BoundServer server =
            Servers.start(
                loops,
                Endpoint.tcp("127.0.0.1", 0),
                ServerSettings.direct(InsecureServerCredentials.create()),
                List.of(new Peer(address)));
        PeerLink link =
            PeerLink.open(
                server.endpoint().toString(),
                host,
                PeerConfig.withDefaults(InsecureChannelCredentials.create())
                    .withLanes(List.of(LaneKind.UCX, LaneKind.GRPC)),
                sending,
                new SplittableRandom(1))) {
      Offer offer =
          new Offer(
              1,
              new DataId("g", "d"),
              0,
              OptionalInt.empty(),
              new TreeSet<>(List.of(0)),
              new Content.OfObject(BODY_BYTES),
              List.of(),
              new Body.ToGrant());
      await().until(() -> sending.connection != null);
      Slot slot = pool.allocate(BODY_BYTES, PoolUse.IN_USE, "g").orElseThrow();
      assertThat(Objects.requireNonNull(sending.connection).offer(offer, slot)).isTrue();
      slot.release();
      // At once: nothing waits until UCX has given up.
      await().atMost(Duration.ofSeconds(3)).until(() -> arrived.get() == BODY_BYTES);
      assertThat(link.lane()).isEqualTo(LaneKind.GRPC);
      await().until(() -> link.trouble().isPresent());
      assertThat(link.trouble().orElseThrow()).contains(why);
      assertThat(greeted).as("the stream is the same").hasValue(1);
    }
    await().until(() -> pool.usage().total().slots() == 0);
  }

  @Test
  void firewall_beforeTheEngine_bodiesGoByGrpcAtOnce() throws Exception {
    try (BlackHole hole = BlackHole.open()) {
      assertBodiesGoByGrpc(
          hole.address(hub), "UCX to 127.0.0.1: no connection in 3 s; by gRPC instead");
    }
  }

  @Test
  void engine_onAnotherHostThanWasAsked_isRefused() throws Exception {
    try (UcxHub there = PeerRig.hub("there");
        UcxWay way = hub.way(there.address(), InetAddress.getByName("192.0.2.77"), _ -> {})) {
      await().until(() -> way.trouble().isPresent());
      assertThat(way.isReady()).isFalse();
      assertThat(way.trouble().orElseThrow())
          .contains("it was reached at 192.0.2.77 and listens at [loopback]");
    }
  }

  @Test
  void nonsense_insteadOfAnAddress_isRefusedAndBodiesGoByGrpc() throws Exception {
    assertBodiesGoByGrpc(new byte[] {1, 2, 3}, "its address for UCX cannot be used");
  }
}

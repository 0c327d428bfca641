package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.ExchangeStatus;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.RelayIdentity;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.StatusRequest;
import io.baton.proto.v1.StatusResponse;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A relay without a stage, and ways to say anything to it. It keeps no history. */
final class HostileRig implements AutoCloseable {

  static final long POOL_BYTES = 8 << 20;

  /** Slots that somebody may still be writing into are kept for five seconds. */
  private static final Duration DRAINED_WITHIN = Duration.ofSeconds(12);

  private final EventLoops loops = EventLoops.start("strangers", 1);
  private final Path socket;
  private final Relay relay;
  private final ManagedChannel tcp;
  private long goodOnes;
  private long peers;

  HostileRig(Path directory) throws Exception {
    this(directory, List.of(LaneKind.LOCAL, LaneKind.GRPC));
  }

  HostileRig(Path directory, List<LaneKind> lanes) throws Exception {
    this(directory, lanes, RelayConfig.Limits.DEFAULT);
  }

  HostileRig(Path directory, RelayConfig.Limits limits) throws Exception {
    this(directory, List.of(LaneKind.LOCAL, LaneKind.GRPC), limits);
  }

  private HostileRig(Path directory, List<LaneKind> lanes, RelayConfig.Limits limits)
      throws Exception {
    socket = directory.resolve("relay.sock");
    relay =
        Relay.start(
            RelayConfig.of("besieged", Endpoint.tcp("127.0.0.1", 0))
                .withProcessSocket(new Endpoint.Unix(socket))
                .withLimits(limits)
                .withDataPlane(
                    RelayConfig.DataPlane.DEFAULT
                        .withPoolBytes(POOL_BYTES)
                        .withPoolDirectory(directory)
                        .withHistoryShare(0)
                        .withLanes(lanes)));
    tcp = channel(relay.endpoint());
  }

  private ManagedChannel channel(Endpoint endpoint) {
    return Channels.open(loops, endpoint, InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
  }

  Relay relay() {
    return relay;
  }

  Path socket() {
    return socket;
  }

  /** To the port that everybody can reach. */
  ManagedChannel tcp() {
    return tcp;
  }

  RawStream<PeerReply> link() {
    return new RawCall<>(tcp, LinkGrpc.getCarryMethod());
  }

  /** For large bodies of a link. */
  RawStream<Empty> bulk() {
    return new RawCall<>(tcp, LinkGrpc.getBulkMethod());
  }

  /** A peer that has said who it is. */
  RawStream<PeerReply> peer() throws Exception {
    RelayIdentity.Builder other =
        RelayIdentity.newBuilder().setName("peer").setIncarnation(++peers);
    RawStream<PeerReply> stream = link().send(Frames.frame(Frames.peerHello().setFrom(other)));
    stream.next(PeerReply::hasWelcome);
    return stream;
  }

  RawProcess sidecar() {
    return new RawProcess(socket);
  }

  /** A process that has registered a sender as 1, and a reader of that group as 2. */
  RawStream<ProcessReply> process(String group) throws Exception {
    RawStream<ProcessReply> stream =
        sidecar()
            .send(Frames.hello())
            .send(Frames.frame(Frames.sender(1, 1, "senders of " + group + goodOnes++)))
            .send(Frames.frame(Frames.reader(2, 2, group)));
    stream.next(ProcessReply::hasWelcome);
    stream.next(reply -> reply.getRegistered().getRequest() == 1);
    stream.next(reply -> reply.getRegistered().getRequest() == 2);
    return stream;
  }

  RawStream<StageFrame> session() {
    return new RawCall<>(tcp, RelayGrpc.getSessionMethod());
  }

  /** A stream on which a session is open. */
  RawStream<StageFrame> opened(Open.Builder open) throws Exception {
    RawStream<StageFrame> stream = session().send(SessionFrames.frame(open));
    stream.next(StageFrame::hasOpened);
    return stream;
  }

  RawProcess executor() {
    return new RawProcess(socket);
  }

  StatusResponse status() {
    return RelayGrpc.newBlockingStub(tcp)
        .withDeadlineAfter(RawStream.PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .status(StatusRequest.newBuilder().setVersions(Versions.spoken()).build());
  }

  /** A process and a peer that behave well get what they ask for. */
  void assertServes() throws Exception {
    String group = "good" + goodOnes;
    try (RawStream<ProcessReply> process = process(group);
        RawStream<PeerReply> peer = peer()) {
      process.send(Frames.frame(Frames.allocate(3, 1, 4096, group)));
      var slot = process.next(ProcessReply::hasAllocated).getAllocated().getSlot();
      process.send(Frames.frame(Frames.send(4, 1, Frames.chunk(group, "a", 4096)).setSlot(slot)));
      process.next(ProcessReply::hasSent);
      receives(process, "a");

      peer.send(Frames.frame(Frames.inlineOffer(1, group, "b", 8)));
      peer.next(reply -> reply.getTaken().getNumber() == 1);
      receives(process, "b");

      peer.send(Frames.frame(Frames.offer(2, group, "c", 1000)));
      peer.next(reply -> reply.getGranted().getNumber() == 2);
      peer.send(Frames.body(2, 0, Frames.zeros(1000)));
      peer.next(reply -> reply.getTaken().getNumber() == 2);
      receives(process, "c");

      assertThat(peer.complete().ended()).matches(Status::isOk);
      assertThat(process.complete().ended()).matches(Status::isOk);
    }
  }

  private static void receives(RawStream<ProcessReply> process, String id) throws Exception {
    process.send(Frames.frame(Frames.receive(5, 2, id)));
    process.next(ProcessReply::hasReceived);
    process.send(Frames.markDone(2, id));
  }

  /** The bytes of a chunk that lies in the relay's pool, which is gone after it. */
  ByteString take(String group, String id) throws Exception {
    try (RawStream<ProcessReply> process = process(group)) {
      process.send(Frames.frame(Frames.receive(5, 2, id)));
      Received received = process.next(ProcessReply::hasReceived).getReceived();
      ByteString bytes =
          ByteString.copyFrom(
              relay
                  .pool()
                  .memory()
                  .asSlice(received.getSlot().getOffset(), received.getContent().getBytes())
                  .asByteBuffer());
      process.send(Frames.markDone(2, id));
      assertThat(process.complete().ended()).matches(Status::isOk);
      return bytes;
    }
  }

  /** Takes what was left for members of that group, so that it is gone. */
  void drain(String group, String... ids) throws Exception {
    try (RawStream<ProcessReply> process = process(group)) {
      for (String id : ids) {
        receives(process, id);
      }
      assertThat(process.complete().ended()).matches(Status::isOk);
    }
  }

  /** No stream, no memory and nobody who waits is left. */
  void assertNothingLeft() {
    await()
        .atMost(DRAINED_WITHIN)
        .untilAsserted(
            () -> {
              StatusResponse status = status();
              assertThat(relay.pool().usage().total().slots())
                  .as("%s", relay.pool().usage())
                  .isZero();
              assertNoStreams(status);
              ExchangeStatus exchange = status.getExchange();
              assertThat(exchange.getHeapBytes()).as("bytes of small chunks").isZero();
              assertThat(status.getSessions().getHeldBytes()).isZero();
            });
  }

  /** Whatever strangers have left in the way of chunks, nobody is connected, and nothing waits. */
  void assertNobodyLeft() {
    await().atMost(DRAINED_WITHIN).untilAsserted(() -> assertNoStreams(status()));
  }

  private static void assertNoStreams(StatusResponse status) {
    ExchangeStatus exchange = status.getExchange();
    assertThat(exchange.getProcesses()).as("processes").isZero();
    assertThat(exchange.getSenders()).as("senders").isZero();
    assertThat(exchange.getReaders()).as("readers").isZero();
    assertThat(exchange.getWaitingForRoom()).as("waiting for room").isZero();
    assertThat(exchange.getSending()).as("sending").isZero();
    assertThat(status.getInbound().getLinksMap()).as("peers").isEmpty();
    assertThat(status.getSessions().getOpen()).as("sessions").isZero();
    assertThat(status.getSessions().getArrivingBytes()).as("bytes of payloads").isZero();
    assertThat(status.getSessions().getReservedBytes()).as("bytes of sessions").isZero();
    assertThat(List.of("filling", "in_use", "push", "command"))
        .as("%s", status.getPool())
        .allSatisfy(
            use -> assertThat(status.getPool().getByUseOrThrow(use).getSlots()).as(use).isZero());
  }

  @Override
  public void close() {
    tcp.shutdownNow();
    relay.close();
    loops.close();
    assertThat(relay.pool().path()).doesNotExist();
    assertThat(socket).doesNotExist();
  }
}

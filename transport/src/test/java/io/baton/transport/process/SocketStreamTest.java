package io.baton.transport.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both ends, over a real socket. */
@Timeout(60)
class SocketStreamTest {

  private static final int MAX_STREAMS = 3;
  private static final SenderLimits LIMITS = new SenderLimits(100_000, 1L << 30);

  @TempDir private Path directory;
  private Path socket;
  private SocketLoop relay;
  private SocketLoop process;
  private SocketServer server;
  private final List<Heard> accepted = new CopyOnWriteArrayList<>();

  /** The relay's end of a stream: what it hears, and how it ends. */
  private static final class Heard implements StreamObserver<ProcessFrame> {
    private final AcceptedStream<ProcessReply, ProcessFrame> call;
    private final FlowControlledSender<ProcessReply> sender;
    private final List<ProcessFrame> frames = new CopyOnWriteArrayList<>();
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final AtomicInteger ends = new AtomicInteger();

    Heard(AcceptedStream<ProcessReply, ProcessFrame> call) {
      this.call = call;
      this.sender =
          new FlowControlledSender<>(
              call, ProcessReply::getSerializedSize, LIMITS, SenderListener.none(), false);
      call.setOnReadyHandler(sender::onReady);
      call.setOnCancelHandler(() -> ended("cancelled"));
      call.setOnCloseHandler(() -> ended("closed"));
    }

    private void ended(String how) {
      ends.incrementAndGet();
      end.complete(how);
    }

    @Override
    public void onNext(ProcessFrame frame) {
      if (frame.getChunk().getDataId() == BUG) {
        throw new IllegalStateException("a bug");
      }
      frames.add(frame);
      if (frame.getChunk().getDataId() == ENDING) {
        sender.fail(Status.INVALID_ARGUMENT.asException());
      }
    }

    @Override
    public void onError(Throwable cause) {
      throw new AssertionError(cause);
    }

    @Override
    public void onCompleted() {
      sender.complete();
    }
  }

  private static final long BUG = 666;
  private static final long ENDING = 667;

  /** The process's end. */
  private static final class Dialling
      implements ClientResponseObserver<ProcessFrame, ProcessReply> {
    private final List<ProcessReply> replies = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final AtomicInteger ready = new AtomicInteger();
    private final CompletableFuture<ClientCallStreamObserver<ProcessFrame>> started =
        new CompletableFuture<>();

    @Override
    public void beforeStart(ClientCallStreamObserver<ProcessFrame> stream) {
      started.complete(stream);
      stream.setOnReadyHandler(ready::incrementAndGet);
    }

    @Override
    public void onNext(ProcessReply reply) {
      replies.add(reply);
    }

    @Override
    public void onError(Throwable cause) {
      end.complete(Status.fromThrowable(cause));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    ClientCallStreamObserver<ProcessFrame> call() {
      return started.join();
    }

    void say(ProcessFrame frame) {
      call().onNext(frame);
      ((DialedStream<?, ?>) call()).flush();
    }

    Status ended() throws Exception {
      return end.get(20, TimeUnit.SECONDS);
    }
  }

  @BeforeEach
  void listen() throws Exception {
    socket = directory.resolve("s");
    relay = SocketLoop.start("test-relay");
    process = SocketLoop.start("test-process");
    server = start();
  }

  private SocketServer start() throws BindFailedException {
    return SocketServer.start(
        relay,
        new Endpoint.Unix(socket),
        Dialect.RELAY,
        MAX_STREAMS,
        call -> {
          Heard heard = new Heard(call);
          accepted.add(heard);
          return heard;
        });
  }

  @AfterEach
  void close() {
    server.close();
    process.close();
    relay.close();
    assertThat(socket).doesNotExist();
    assertThat(relay.partial().used()).isZero();
    assertThat(accepted).allSatisfy(heard -> assertThat(heard.ends).hasValue(1));
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("test-"));
  }

  private Dialling dial() {
    return dial(KeepAlive.DEFAULT);
  }

  private Dialling dial(KeepAlive keepAlive) {
    Dialling dialling = new Dialling();
    var _ = DialedStream.dial(process, socket, Dialect.PROCESS, keepAlive, dialling);
    return dialling;
  }

  private Heard heard(int number) {
    await().until(() -> accepted.size() > number);
    return accepted.get(number);
  }

  private static ProcessFrame chunk(long id, int bytes) {
    return ProcessFrame.newBuilder()
        .setChunk(Chunk.newBuilder().setDataId(id).setData(ByteString.copyFrom(new byte[bytes])))
        .build();
  }

  private static ProcessReply reply(int index, int bytes) {
    return ProcessReply.newBuilder()
        .setChunk(Chunk.newBuilder().setIndex(index).setData(ByteString.copyFrom(new byte[bytes])))
        .build();
  }

  @Test
  void frames_ofAllSizesBothWays_comeInOrder() {
    Dialling dialling = dial();
    Heard heard = heard(0);
    for (int i = 0; i < 300; i++) {
      dialling.say(chunk(i, (i * 7919) % 200_000));
      assertThat(heard.sender.offer(reply(i, (i * 104_729) % 200_000))).isTrue();
    }

    await().until(() -> heard.frames.size() == 300 && dialling.replies.size() == 300);
    for (int i = 0; i < 300; i++) {
      assertThat(heard.frames.get(i)).isEqualTo(chunk(i, (i * 7919) % 200_000));
      assertThat(dialling.replies.get(i)).isEqualTo(reply(i, (i * 104_729) % 200_000));
    }
  }

  /** Whoever says something to one that does not read is told so by its room, and does not wait. */
  @Test
  void sender_whoseOtherEndDoesNotRead_isNotReady_andGoesOnWhenItDoes() throws Exception {
    try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      raw.connect(UnixDomainSocketAddress.of(socket));
      Heard heard = heard(0);
      for (int i = 0; i < 100; i++) {
        assertThat(heard.sender.offer(reply(i, 100_000))).isTrue();
      }

      await().until(() -> !heard.call.isReady());
      assertThat(heard.sender.queuedFrames()).isGreaterThan(50);
      long whole = 0;
      ByteBuffer in = ByteBuffer.allocate(1 << 20);
      while (whole < 100L * 100_000) {
        whole += raw.read(in.clear());
      }
      await().until(() -> heard.sender.queuedFrames() == 0 && heard.call.isReady());
    }
  }

  @Test
  void end_inGoodOrder_isSaidByBoth_afterAllThatWasSaidBefore() throws Exception {
    Dialling dialling = dial();
    Heard heard = heard(0);
    assertThat(heard.sender.offer(reply(1, 1_000_000))).isTrue();
    dialling.say(chunk(1, 3_000_000));
    dialling.call().onCompleted();

    assertThat(dialling.ended().isOk()).isTrue();
    assertThat(dialling.replies).hasSize(1);
    assertThat(heard.end.get(20, TimeUnit.SECONDS)).isEqualTo("closed");
    assertThat(heard.frames).hasSize(1);
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> dialling.call().onNext(chunk(2, 1)));
  }

  @Test
  void failure_isTold_withItsCodeAndWords() throws Exception {
    Dialling dialling = dial();
    heard(0).sender.fail(Status.FAILED_PRECONDITION.withDescription("no such thing").asException());

    assertThat(dialling.ended().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(dialling.ended().getDescription()).isEqualTo("no such thing");
    assertThat(heard(0).end.get(20, TimeUnit.SECONDS)).isEqualTo("closed");
  }

  /** What breaks the protocol ends all that comes after it, even if its end cannot be told yet. */
  @Test
  void failure_whileAFrameIsHeard_letsNoneAfterItBeHeard() throws Exception {
    try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      raw.connect(UnixDomainSocketAddress.of(socket));
      Heard heard = heard(0);
      for (int i = 0; i < 100; i++) {
        assertThat(heard.sender.offer(reply(i, 100_000))).isTrue();
      }
      await().until(() -> !heard.call.isReady());
      for (long id : new long[] {1, ENDING, 3}) {
        byte[] frame = chunk(id, 1).toByteArray();
        raw.write(ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).flip());
      }

      assertThat(heard.end.get(20, TimeUnit.SECONDS)).isEqualTo("closed");
      assertThat(heard.frames)
          .extracting(frame -> frame.getChunk().getDataId())
          .containsExactly(1L, ENDING);
    }
  }

  /** The other end cannot be told, since it does not read; it is let go all the same. */
  @Test
  void failure_ofOneThatDoesNotRead_endsInTime() throws Exception {
    try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      raw.connect(UnixDomainSocketAddress.of(socket));
      Heard heard = heard(0);
      for (int i = 0; i < 100; i++) {
        assertThat(heard.sender.offer(reply(i, 100_000))).isTrue();
      }
      heard.sender.fail(Status.INTERNAL.asException());

      assertThat(heard.end.get(20, TimeUnit.SECONDS)).isEqualTo("closed");
    }
  }

  @Test
  void otherEnd_thatGoesWithoutAWord_isCancelled() throws Exception {
    Dialling dialling = dial();
    Heard heard = heard(0);
    dialling.call().cancel("a test", null);

    assertThat(heard.end.get(20, TimeUnit.SECONDS)).isEqualTo("cancelled");
    assertThat(heard.call.isCancelled()).isTrue();
    assertThat(dialling.ended().getCode()).isEqualTo(Status.Code.CANCELLED);
    assertThat(heard.sender.offer(reply(1, 10))).isTrue();
  }

  @Test
  void bug_inACallback_endsItsStreamAndNoOther() throws Exception {
    Dialling bad = dial();
    Dialling good = dial();
    await().until(() -> accepted.size() == 2);
    bad.say(chunk(BUG, 1));

    assertThat(bad.ended().getCode()).isEqualTo(Status.Code.CANCELLED);
    good.say(chunk(1, 1));
    await().until(() -> accepted.stream().anyMatch(heard -> heard.frames.size() == 1));
  }

  @Test
  void streams_beyondTheMost_areToldSo_untilOthersLeave() throws Exception {
    List<Dialling> first = List.of(dial(), dial(), dial());
    await().until(() -> accepted.size() == MAX_STREAMS);

    assertThat(dial().ended().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    first.getFirst().call().onCompleted();
    assertThat(first.getFirst().ended().isOk()).isTrue();
    Dialling next = dial();
    await().until(() -> accepted.size() == MAX_STREAMS + 1);
    assertThat(next.end).isNotDone();
  }

  @Test
  void silence_isAskedAbout_andAnswered() {
    Dialling dialling = dial(new KeepAlive(Duration.ofMillis(1), Duration.ofSeconds(20)));
    heard(0)
        .call
        .keepAlive(Optional.of(new KeepAlive(Duration.ofMillis(1), Duration.ofSeconds(20))));

    await().pollDelay(Duration.ofMillis(2500)).until(() -> !dialling.end.isDone());
    assertThat(accepted.getFirst().frames).isEmpty();
    assertThat(dialling.replies).isEmpty();
  }

  @Test
  void silence_thatNothingAnswers_endsTheStream() throws Exception {
    try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      raw.connect(UnixDomainSocketAddress.of(socket));
      Heard heard = heard(0);
      heard.call.keepAlive(Optional.of(new KeepAlive(Duration.ofMillis(1), Duration.ofMillis(1))));

      assertThat(heard.end.get(20, TimeUnit.SECONDS)).isEqualTo("cancelled");
      ByteBuffer ping = ByteBuffer.allocate(100);
      assertThat(raw.read(ping)).isEqualTo(6);
      assertThat(ping.flip()).isEqualTo(ByteBuffer.wrap(new byte[] {0, 0, 0, 2, 0x1a, 0}));
    }
  }

  @Test
  void dial_whereNobodyListens_fails() throws Exception {
    Dialling nowhere = new Dialling();
    var _ =
        DialedStream.dial(
            process, directory.resolve("no"), Dialect.PROCESS, KeepAlive.DEFAULT, nowhere);

    assertThat(nowhere.ended().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(nowhere.ready).hasValue(0);
  }

  @Test
  void start_whereAnotherListens_isRefused_andWhereOneHasDied_isNot() throws Exception {
    assertThatExceptionOfType(BindFailedException.class)
        .isThrownBy(this::start)
        .matches(e -> e.reason() == BindFailedException.Reason.IN_USE);
    // A dead server leaves its file.
    Path stale = directory.resolve("stale");
    try (var dead = java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(stale));
    }
    SocketServer.start(relay, new Endpoint.Unix(stale), Dialect.RELAY, 1, call -> new Heard(call))
        .close();
    assertThat(stale).doesNotExist();
  }

  @Test
  void close_ofTheLoop_endsAllStreams() throws Exception {
    Dialling dialling = dial();
    Heard heard = heard(0);
    relay.close();

    assertThat(heard.end).isCompletedWithValue("cancelled");
    assertThat(dialling.ended().getCode()).isEqualTo(Status.Code.CANCELLED);
  }
}

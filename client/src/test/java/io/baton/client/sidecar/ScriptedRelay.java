package io.baton.client.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Allocated;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessFrame.FrameCase;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.ProcessWelcome;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.Registered;
import io.baton.proto.v1.RequestFailed;
import io.baton.proto.v1.Sent;
import io.baton.proto.v1.SharedPool;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.Batching;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.process.Dialect;
import io.baton.transport.process.SocketLoop;
import io.baton.transport.process.SocketServer;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A relay's end of the stream, with a pool, that welcomes, accepts registrations, and does nothing
 * else of its own accord: a test reads what it hears and says what it answers.
 */
final class ScriptedRelay implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 20;
  private static final int MAX_PROCESSES = 16;

  private final Path socket;
  private final SocketLoop loop = SocketLoop.start("scripted-relay");
  private final PinnedPool pool;
  private final BlockingQueue<ProcessFrame> heard = new LinkedBlockingQueue<>();
  private @Nullable SocketServer server;
  private final AtomicReference<@Nullable StreamObserver<ProcessReply>> replies =
      new AtomicReference<>();

  private ScriptedRelay(Path socket) throws IOException {
    this.socket = socket;
    this.pool = PinnedPool.create(PoolConfig.of("scripted", 8 << 20).withLock(false));
  }

  static ScriptedRelay start(Path socket) throws IOException {
    ScriptedRelay relay = new ScriptedRelay(socket);
    relay.serve();
    return relay;
  }

  void serve() throws IOException {
    server =
        SocketServer.start(
            loop, new Endpoint.Unix(socket), Dialect.RELAY, MAX_PROCESSES, this::attach);
  }

  /** Ends the stream, and takes no other until it serves again. */
  void lose() {
    StreamObserver<ProcessReply> stream = replies.getAndSet(null);
    if (stream != null) {
      stream.onError(Status.UNAVAILABLE.withDescription("lost on purpose").asException());
    }
    if (server != null) {
      server.close();
    }
  }

  /** The next frame, which is of that kind. */
  ProcessFrame hear(FrameCase kind) throws InterruptedException {
    ProcessFrame frame =
        Objects.requireNonNull(
            heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS), "nothing heard, waiting for " + kind);
    assertThat(frame.getFrameCase()).as(frame.toString()).isEqualTo(kind);
    return frame;
  }

  /** Whether nothing has been heard that a test has not looked at. */
  boolean hasHeardAll() {
    return heard.isEmpty();
  }

  void say(ProcessReply.Builder reply) {
    StreamObserver<ProcessReply> stream =
        Objects.requireNonNull(replies.get(), "nobody is attached");
    synchronized (stream) {
      stream.onNext(reply.build());
      ((Batching) stream).flush();
    }
  }

  Slot allocate(long bytes) {
    return pool.allocate(bytes, PoolUse.FILLING, "test").orElseThrow();
  }

  PoolAddress address() {
    return new PoolAddress(pool.path().toString(), pool.id());
  }

  void sayAllocated(long request, Slot slot) {
    say(
        ProcessReply.newBuilder()
            .setAllocated(Allocated.newBuilder().setRequest(request).setSlot(wire(slot))));
  }

  void saySent(long request) {
    say(ProcessReply.newBuilder().setSent(Sent.newBuilder().setRequest(request)));
  }

  void sayFailed(long request, Failure.Reason reason) {
    say(
        ProcessReply.newBuilder()
            .setFailed(
                RequestFailed.newBuilder()
                    .setRequest(request)
                    .setFailure(FailureCodec.toWire(new Failure(reason, "on purpose")))));
  }

  void sayReceived(long request, Content content, Slot slot) {
    say(
        ProcessReply.newBuilder()
            .setReceived(
                Received.newBuilder()
                    .setRequest(request)
                    .setContent(ContentCodec.toWire(content))
                    .setSlot(wire(slot))));
  }

  /** With the slot in another relay's pool. */
  void sayReceived(long request, Content content, Slot slot, PoolAddress pool) {
    say(
        ProcessReply.newBuilder()
            .setReceived(
                Received.newBuilder()
                    .setRequest(request)
                    .setContent(ContentCodec.toWire(content))
                    .setSlot(wire(slot))
                    .setPool(SharedPool.newBuilder().setPath(pool.path()).setId(pool.id()))));
  }

  void sayInline(long request, Content content, byte[] bytes) {
    say(
        ProcessReply.newBuilder()
            .setReceived(
                Received.newBuilder()
                    .setRequest(request)
                    .setContent(ContentCodec.toWire(content))
                    .setInline(ByteString.copyFrom(bytes))));
  }

  static io.baton.proto.v1.SlotHandle wire(Slot slot) {
    return ExchangeCodec.slotToWire(
        slot.handle().pool(), slot.handle().offset(), slot.handle().generation());
  }

  static void fill(Slot slot, int value) {
    MemorySegment memory = slot.memory();
    memory.fill((byte) value);
  }

  @Override
  public void close() {
    lose();
    loop.close();
    pool.close();
  }

  private StreamObserver<ProcessFrame> attach(StreamObserver<ProcessReply> stream) {
    return new StreamObserver<>() {
      @Override
      public void onNext(ProcessFrame frame) {
        switch (frame.getFrameCase()) {
          case HELLO -> {
            replies.set(stream);
            say(
                ProcessReply.newBuilder()
                    .setWelcome(
                        ProcessWelcome.newBuilder()
                            .setVersion(1)
                            .setIdentity(IdCodec.toWire(new RelayId("scripted", 1)))
                            .setPool(ExchangeCodec.toWire(address()))));
          }
          case REGISTER_SENDER -> registered(frame, frame.getRegisterSender().getRequest());
          case REGISTER_READER -> registered(frame, frame.getRegisterReader().getRequest());
          default -> heard.add(frame);
        }
      }

      private void registered(ProcessFrame frame, long request) {
        heard.add(frame);
        say(ProcessReply.newBuilder().setRegistered(Registered.newBuilder().setRequest(request)));
      }

      @Override
      public void onError(Throwable cause) {
        forget();
      }

      @Override
      public void onCompleted() {
        forget();
        stream.onCompleted();
      }

      private void forget() {
        replies.compareAndSet(stream, null);
      }
    };
  }
}

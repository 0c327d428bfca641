package io.baton.client.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Allocated;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.Registered;
import io.baton.proto.v1.RequestFailed;
import io.baton.proto.v1.Sent;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.SidecarFrame;
import io.baton.proto.v1.SidecarFrame.FrameCase;
import io.baton.proto.v1.SidecarGrpc;
import io.baton.proto.v1.SidecarReply;
import io.baton.proto.v1.SidecarWelcome;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.grpc.InsecureServerCredentials;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
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

  private final Path socket;
  private final EventLoops loops = EventLoops.start("scripted-relay", 1);
  private final PinnedPool pool;
  private final BlockingQueue<SidecarFrame> heard = new LinkedBlockingQueue<>();
  private @Nullable BoundServer server;
  private final AtomicReference<@Nullable StreamObserver<SidecarReply>> replies =
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
        Servers.start(
            loops,
            new Endpoint.Unix(socket),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(new Service()));
  }

  /** Ends the stream, and takes no other until it serves again. */
  void lose() {
    StreamObserver<SidecarReply> stream = replies.getAndSet(null);
    if (stream != null) {
      stream.onError(Status.UNAVAILABLE.withDescription("lost on purpose").asException());
    }
    if (server != null) {
      server.close();
    }
  }

  /** The next frame, which is of that kind. */
  SidecarFrame hear(FrameCase kind) throws InterruptedException {
    SidecarFrame frame =
        Objects.requireNonNull(
            heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS), "nothing heard, waiting for " + kind);
    assertThat(frame.getFrameCase()).as(frame.toString()).isEqualTo(kind);
    return frame;
  }

  /** Whether nothing has been heard that a test has not looked at. */
  boolean hasHeardAll() {
    return heard.isEmpty();
  }

  void say(SidecarReply.Builder reply) {
    StreamObserver<SidecarReply> stream =
        Objects.requireNonNull(replies.get(), "nobody is attached");
    synchronized (stream) {
      stream.onNext(reply.build());
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
        SidecarReply.newBuilder()
            .setAllocated(Allocated.newBuilder().setRequest(request).setSlot(wire(slot))));
  }

  void saySent(long request) {
    say(SidecarReply.newBuilder().setSent(Sent.newBuilder().setRequest(request)));
  }

  void sayFailed(long request, Failure.Reason reason) {
    say(
        SidecarReply.newBuilder()
            .setFailed(
                RequestFailed.newBuilder()
                    .setRequest(request)
                    .setFailure(FailureCodec.toWire(new Failure(reason, "on purpose")))));
  }

  void sayReceived(long request, Content content, Slot slot) {
    say(
        SidecarReply.newBuilder()
            .setReceived(
                Received.newBuilder()
                    .setRequest(request)
                    .setContent(ContentCodec.toWire(content))
                    .setSlot(wire(slot))));
  }

  /** With the slot in another relay's pool. */
  void sayReceived(long request, Content content, Slot slot, PoolAddress pool) {
    say(
        SidecarReply.newBuilder()
            .setReceived(
                Received.newBuilder()
                    .setRequest(request)
                    .setContent(ContentCodec.toWire(content))
                    .setSlot(wire(slot))
                    .setPool(SharedPool.newBuilder().setPath(pool.path()).setId(pool.id()))));
  }

  void sayInline(long request, Content content, byte[] bytes) {
    say(
        SidecarReply.newBuilder()
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
    loops.close();
    pool.close();
  }

  private final class Service extends SidecarGrpc.SidecarImplBase {

    @Override
    public StreamObserver<SidecarFrame> attach(StreamObserver<SidecarReply> stream) {
      return new StreamObserver<>() {
        @Override
        public void onNext(SidecarFrame frame) {
          switch (frame.getFrameCase()) {
            case HELLO -> {
              replies.set(stream);
              say(
                  SidecarReply.newBuilder()
                      .setWelcome(
                          SidecarWelcome.newBuilder()
                              .setVersion(1)
                              .setIdentity(IdCodec.toWire(new RelayId("scripted", 1)))
                              .setPool(ExchangeCodec.toWire(address()))));
            }
            case REGISTER_SENDER -> registered(frame, frame.getRegisterSender().getRequest());
            case REGISTER_READER -> registered(frame, frame.getRegisterReader().getRequest());
            default -> heard.add(frame);
          }
        }

        private void registered(SidecarFrame frame, long request) {
          heard.add(frame);
          say(SidecarReply.newBuilder().setRegistered(Registered.newBuilder().setRequest(request)));
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
}

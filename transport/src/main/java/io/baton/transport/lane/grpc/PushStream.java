package io.baton.transport.lane.grpc;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.PushHead;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushHello;
import io.baton.proto.v1.PushReply;
import io.baton.proto.v1.PushWelcome;
import io.baton.proto.v1.Pushed;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.RelayId;
import io.baton.transport.Room;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.lane.DropReason;
import io.baton.transport.lane.PushReceiver;
import io.baton.transport.payload.Assembly;
import io.baton.transport.payload.DigestRule;
import io.baton.transport.payload.PayloadAssembler;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.OptionalInt;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of one stream. gRPC calls it from one thread at a time; the sweeper, which
 * ends streams that have fallen silent, comes from another and gives way.
 */
final class PushStream implements StreamObserver<PushFrame> {

  private static final String HELLO = "a hello";
  private static final String REST = "the rest of a payload";

  private static final DigestRule DIGEST = new DigestRule.Announced();

  /** The welcome, and reports of what was consumed: small, and few. */
  private static final SenderLimits REPLIES = new SenderLimits(1024, 1 << 20);

  private final RelayId self;
  private final ServerCallStreamObserver<PushReply> call;
  private final FlowControlledSender<PushReply> replies;
  private final PayloadLink payloads;
  private final PayloadAssembler assembler;
  private final PushReceiver receiver;
  private final StallWatch stalls;
  private final Consumer<PushStream> onClosed;

  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable RelayId from;
  private @Nullable PushHead head;
  private boolean closed;

  PushStream(
      RelayId self,
      ServerCallStreamObserver<PushReply> call,
      PayloadMemory memory,
      PushLimits limits,
      Room bytes,
      PushReceiver receiver,
      ScheduledExecutorService timer,
      Consumer<PushStream> onClosed) {
    this.self = self;
    this.call = call;
    this.replies =
        new FlowControlledSender<>(
            call, PushReply::getSerializedSize, REPLIES, SenderListener.NONE, false);
    this.payloads = memory.receiving(this::report);
    this.assembler = payloads.assembler(limits.maxPayloadBytes(), bytes, this::resume);
    this.receiver = receiver;
    this.stalls = new StallWatch(timer, limits.stallTimeout(), this::stalled);
    this.onClosed = onClosed;
    stalls.awaits(HELLO);
    call.setOnReadyHandler(replies::onReady);
    // Frames are asked for one by one: none while a payload is awaited that comes another way.
    call.disableAutoRequest();
    call.request(1);
  }

  /** On any thread; a peer that does not even read this much has no use for handles. */
  private void report(Sharing news) {
    if (!replies.offer(PushReply.newBuilder().setSharing(news).build())) {
      replies.fail(Status.RESOURCE_EXHAUSTED.withDescription("replies are not read").asException());
    }
  }

  @Override
  public void onNext(PushFrame frame) {
    work(() -> take(frame));
  }

  /** A payload has come, or is lost, that was announced by the last frame. */
  private void resume() {
    work(() -> result(greeted(from), assembler.resume()));
  }

  private interface Work {
    void run() throws MalformedFrameException;
  }

  private void work(Work work) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      work.run();
      if (from != null && assembler.busy()) {
        stalls.progressed(REST);
      } else if (from != null) {
        stalls.settled();
      }
      if (!assembler.awaits()) {
        call.request(1);
      }
    } catch (MalformedFrameException e) {
      end(Status.INVALID_ARGUMENT, DropReason.MALFORMED, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      end(Status.INTERNAL.withCause(e), DropReason.RECEIVER_FAILED, String.valueOf(e));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onError(Throwable cause) {
    onCallEnded(String.valueOf(cause.getMessage()));
  }

  /** The call is over, in whichever way: there is nobody to answer. */
  void onCallEnded(String why) {
    lock.lock();
    try {
      release(why);
      replies.terminated(Status.CANCELLED.withDescription(why).asException());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      if (!closed) {
        release("the peer ended the stream");
        replies.complete();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The peer owes a frame for longer than it may. */
  private void stalled(String what) {
    // Whoever holds the lock is at work on a frame, after which it is seen what is owed.
    if (!lock.tryLock()) {
      stalls.awaits(what);
      return;
    }
    try {
      boolean owes = from == null || assembler.busy();
      if (!closed && owes) {
        end(
            Status.DEADLINE_EXCEEDED,
            from == null ? DropReason.REFUSED : DropReason.CUT_OFF,
            what + " did not come");
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends the stream because the receiving side stops. One that is at work on a frame is left to end
   * with its call, when the server stops.
   */
  void close() {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (!closed) {
        release("closed");
        replies.fail(Status.UNAVAILABLE.withDescription("closed").asException());
      }
    } finally {
      lock.unlock();
    }
  }

  private void take(PushFrame frame) throws MalformedFrameException {
    if (frame.hasSharing()) {
      payloads.take(frame.getSharing());
    }
    RelayId sender = from;
    switch (frame.getFrameCase()) {
      case HELLO -> greet(frame.getHello());
      case PUSH -> begin(greeted(sender), frame.getPush());
      case CHUNK -> result(greeted(sender), assembler.add(frame.getChunk()));
      case FRAME_NOT_SET -> {
        if (!frame.hasSharing()) {
          throw new MalformedFrameException("frame", "missing, unknown or unreadable");
        }
      }
    }
  }

  private static RelayId greeted(@Nullable RelayId sender) throws MalformedFrameException {
    if (sender == null) {
      throw new MalformedFrameException("hello", "missing");
    }
    return sender;
  }

  private void greet(PushHello hello) throws MalformedFrameException {
    if (from != null) {
      throw new MalformedFrameException("hello", "comes twice");
    }
    OptionalInt version = Versions.negotiate(hello.getVersions());
    if (version.isEmpty()) {
      end(
          Status.FAILED_PRECONDITION,
          DropReason.REFUSED,
          "no common version: " + Versions.refusal(hello.getVersions()));
      return;
    }
    if (!hello.hasFrom()) {
      throw new MalformedFrameException("hello.from", "missing");
    }
    try {
      from = IdCodec.fromWire(hello.getFrom());
    } catch (MalformedFrameException e) {
      throw e.in("hello.from");
    }
    PushReply.Builder reply =
        PushReply.newBuilder()
            .setWelcome(
                PushWelcome.newBuilder()
                    .setVersion(version.getAsInt())
                    .setIdentity(IdCodec.toWire(self)));
    payloads.news().ifPresent(reply::setSharing);
    replies.offer(reply.build());
  }

  private void begin(RelayId sender, Pushed push) throws MalformedFrameException {
    PushHead announced;
    try {
      announced = PushCodec.fromWire(push);
    } catch (MalformedFrameException e) {
      throw e.in("push");
    }
    head = announced;
    result(
        sender,
        assembler.begin(
            push.getPayload(), DIGEST, payload -> receiver.wants(sender, announced, payload)));
  }

  private void result(RelayId sender, Assembly assembly) throws MalformedFrameException {
    PushHead complete = head;
    if (assembly instanceof Assembly.Incomplete) {
      return;
    }
    head = null;
    switch (assembly) {
      case Assembly.Incomplete() -> {}
      case Assembly.Complete(var payload) -> {
        if (complete != null) {
          receiver.onPush(sender, complete.with(payload));
        }
      }
      case Assembly.DigestMismatch(var announced, var computed) ->
          receiver.onDropped(
              DropReason.DIGEST_MISMATCH,
              "%s announced %s, the bytes have %s".formatted(sender, announced, computed));
      case Assembly.Lost lost ->
          receiver.onDropped(DropReason.STALE, "from %s: %s".formatted(sender, lost));
      case Assembly.Stale(String why) ->
          receiver.onDropped(DropReason.STALE, "from %s: %s".formatted(sender, why));
      case Assembly.NoRoom(long bytes) ->
          receiver.onDropped(
              DropReason.NO_ROOM, "no room for %d bytes from %s".formatted(bytes, sender));
      case Assembly.Unwanted() -> {}
      case Assembly.Malformed(var error) -> throw error;
    }
  }

  private void end(Status status, DropReason reason, String detail) {
    stalls.close();
    assembler.close();
    payloads.close();
    closed = true;
    onClosed.accept(this);
    receiver.onDropped(reason, detail);
    replies.fail(status.withDescription(detail).asException());
  }

  private void release(String why) {
    if (closed) {
      return;
    }
    stalls.close();
    boolean cutOff = assembler.busy();
    assembler.close();
    payloads.close();
    closed = true;
    onClosed.accept(this);
    if (cutOff) {
      receiver.onDropped(DropReason.CUT_OFF, "%s, within a payload: %s".formatted(from, why));
    }
  }
}

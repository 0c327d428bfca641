package io.baton.transport.lane.grpc;

import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushReply;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.lane.DropReason;
import io.baton.transport.lane.PushReceiver;
import io.baton.transport.payload.PayloadMemory;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The receiving side of the lanes over gRPC: takes streams from peers, within limits, and hands
 * what arrives on them to the receiver. A stream that misbehaves ends with a status that says why;
 * the others do not notice.
 */
public final class GrpcPushService extends PushGrpc.PushImplBase implements AutoCloseable {

  private final RelayId self;
  private final PushLimits limits;
  private final PushReceiver receiver;
  private final PayloadMemory memory;
  private final Budget streamBudget;
  private final Budget byteBudget;
  private final Set<PushStream> streams = ConcurrentHashMap.newKeySet();
  private final ScheduledFuture<?> sweeper;
  private volatile boolean closed;

  /**
   * Ready to be served.
   *
   * @param memory how payloads arrive
   * @param timer looks for streams that have stalled; its tasks are short
   */
  public GrpcPushService(
      RelayId self,
      PushLimits limits,
      PushReceiver receiver,
      PayloadMemory memory,
      ScheduledExecutorService timer) {
    this.self = self;
    this.limits = limits;
    this.receiver = receiver;
    this.memory = memory;
    this.streamBudget = new Budget(limits.maxStreams());
    this.byteBudget = new Budget(limits.maxAssemblingBytes());
    long period = Math.max(1, limits.stallTimeout().toNanos() / 4);
    this.sweeper =
        timer.scheduleWithFixedDelay(this::endStalled, period, period, TimeUnit.NANOSECONDS);
  }

  @Override
  public StreamObserver<PushFrame> push(StreamObserver<PushReply> responses) {
    if (closed) {
      responses.onError(Status.UNAVAILABLE.withDescription("closed").asException());
      return new Deaf();
    }
    if (!streamBudget.tryTake(1)) {
      String detail = "%d streams are open already".formatted(limits.maxStreams());
      receiver.onDropped(DropReason.NO_ROOM, detail);
      responses.onError(Status.RESOURCE_EXHAUSTED.withDescription(detail).asException());
      return new Deaf();
    }
    ServerCallStreamObserver<PushReply> call = (ServerCallStreamObserver<PushReply>) responses;
    PushStream stream =
        new PushStream(
            self, call, memory, limits, byteBudget, receiver, System::nanoTime, this::forget);
    // gRPC does not promise onError for every way in which a call can end; these it does. With a
    // handler for cancellation, too, writing to a call that was just cancelled does not throw.
    call.setOnCancelHandler(() -> stream.onCallEnded("cancelled"));
    call.setOnCloseHandler(() -> stream.onCallEnded("closed"));
    streams.add(stream);
    if (closed) {
      stream.close();
    }
    return stream;
  }

  /** Peers connected now. */
  public int streams() {
    return streams.size();
  }

  /** Bytes set aside for payloads that are arriving in chunks. */
  public long assemblingBytes() {
    return byteBudget.used();
  }

  /** Ends every stream and takes none any more. Idempotent. */
  @Override
  public void close() {
    closed = true;
    sweeper.cancel(false);
    streams.forEach(PushStream::close);
  }

  private void endStalled() {
    long now = System.nanoTime();
    long timeout = limits.stallTimeout().toNanos();
    streams.forEach(stream -> stream.endIfStalled(now, timeout));
  }

  private void forget(PushStream stream) {
    if (streams.remove(stream)) {
      streamBudget.giveBack(1);
    }
  }

  /** For a stream that was refused: whatever was under way to it is ignored. */
  private static final class Deaf implements StreamObserver<PushFrame> {

    @Override
    public void onNext(PushFrame frame) {}

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}
  }
}

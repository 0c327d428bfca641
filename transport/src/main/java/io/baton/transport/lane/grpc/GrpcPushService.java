package io.baton.transport.lane.grpc;

import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushReply;
import io.baton.session.FairShare;
import io.baton.session.model.RelayId;
import io.baton.transport.FairBudget;
import io.baton.transport.grpc.Caller;
import io.baton.transport.grpc.Deaf;
import io.baton.transport.lane.DropReason;
import io.baton.transport.lane.PushReceiver;
import io.baton.transport.payload.PayloadMemory;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;

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
  private final ScheduledExecutorService timer;
  private final FairBudget streamBudget;
  private final FairBudget byteBudget;
  private final Map<PushStream, Caller> streams = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * Ready to be served.
   *
   * @param memory how payloads arrive
   * @param timer ends streams that have stalled; its tasks are short
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
    this.timer = timer;
    this.streamBudget = new FairBudget(limits.maxStreams(), FairShare.FOUR_FIFTHS);
    this.byteBudget = new FairBudget(limits.maxAssemblingBytes(), FairShare.FOUR_FIFTHS);
  }

  @Override
  public StreamObserver<PushFrame> push(StreamObserver<PushReply> responses) {
    if (closed) {
      responses.onError(Status.UNAVAILABLE.withDescription("closed").asException());
      return new Deaf<>();
    }
    Caller caller = Caller.current();
    if (!streamBudget.tryTake(caller, 1)) {
      String detail =
          "%d streams are open already, of %d".formatted(streamBudget.used(), limits.maxStreams());
      receiver.onDropped(DropReason.NO_ROOM, detail);
      responses.onError(Status.RESOURCE_EXHAUSTED.withDescription(detail).asException());
      return new Deaf<>();
    }
    ServerCallStreamObserver<PushReply> call = (ServerCallStreamObserver<PushReply>) responses;
    PushStream stream =
        new PushStream(
            self, call, memory, limits, byteBudget.of(caller), receiver, timer, this::forget);
    // gRPC does not promise onError for every way in which a call can end; these it does. With a
    // handler for cancellation, too, writing to a call that was just cancelled does not throw.
    call.setOnCancelHandler(() -> stream.onCallEnded("cancelled"));
    call.setOnCloseHandler(() -> stream.onCallEnded("closed"));
    streams.put(stream, caller);
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
    streams.keySet().forEach(PushStream::close);
  }

  private void forget(PushStream stream) {
    Caller caller = streams.remove(stream);
    if (caller != null) {
      streamBudget.giveBack(caller, 1);
    }
  }
}

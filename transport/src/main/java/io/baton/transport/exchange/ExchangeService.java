package io.baton.transport.exchange;

import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeGrpc;
import io.baton.proto.v1.ExchangeReply;
import io.baton.transport.Budget;
import io.baton.transport.lane.LaneKind;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The receiving side of all links: takes streams from peers, within limits. A stream that
 * misbehaves ends with a status that says why; the others do not notice.
 */
public final class ExchangeService extends ExchangeGrpc.ExchangeImplBase implements AutoCloseable {

  private final LinkHost host;
  private final List<LaneKind> lanes;
  private final ExchangeLimits limits;
  private final OfferReceiver receiver;
  private final Budget streamBudget;
  private final Set<InboundStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Ready to be served.
   *
   * @param lanes by which bytes may come
   */
  public ExchangeService(
      LinkHost host, List<LaneKind> lanes, ExchangeLimits limits, OfferReceiver receiver) {
    this.host = host;
    this.lanes = List.copyOf(lanes);
    this.limits = limits;
    this.receiver = receiver;
    this.streamBudget = new Budget(limits.streams());
  }

  @Override
  public StreamObserver<ExchangeFrame> exchange(StreamObserver<ExchangeReply> responses) {
    ServerCallStreamObserver<ExchangeReply> call =
        (ServerCallStreamObserver<ExchangeReply>) responses;
    if (closed || !streamBudget.tryTake(1)) {
      Status status =
          closed
              ? Status.UNAVAILABLE.withDescription("closed")
              : Status.RESOURCE_EXHAUSTED.withDescription(
                  "%d peers are connected already".formatted(limits.streams()));
      responses.onError(status.asException());
      return new Deaf();
    }
    InboundStream stream = new InboundStream(host, lanes, limits, receiver, call, this::forget);
    // gRPC does not promise onError for every way in which a call can end; these it does.
    call.setOnCancelHandler(() -> stream.lose("cancelled"));
    call.setOnCloseHandler(() -> stream.lose("closed"));
    streams.add(stream);
    stream.awaitHello(host.timer());
    if (closed) {
      stream.close();
    }
    return stream;
  }

  /** Peers connected now. */
  public int streams() {
    return streams.size();
  }

  /** Peers that have said who they are, by the lane that was chosen for them. */
  public Map<LaneKind, Integer> lanes() {
    Map<LaneKind, Integer> lanes = new EnumMap<>(LaneKind.class);
    streams.stream()
        .filter(InboundStream::isGreeted)
        .forEach(stream -> lanes.merge(stream.lane(), 1, Integer::sum));
    return lanes;
  }

  /** Ends every stream and takes none any more. Idempotent. */
  @Override
  public void close() {
    closed = true;
    streams.forEach(InboundStream::close);
  }

  private void forget(InboundStream stream) {
    if (streams.remove(stream)) {
      streamBudget.giveBack(1);
    }
  }

  /** For a stream that was refused: whatever was under way to it is ignored. */
  private static final class Deaf implements StreamObserver<ExchangeFrame> {

    @Override
    public void onNext(ExchangeFrame frame) {}

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}
  }
}

package io.baton.transport.peer;

import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.session.FairShare;
import io.baton.transport.FairBudget;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Caller;
import io.baton.transport.grpc.Deaf;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The receiving side of all links: takes streams from peers, within limits, and hands on what
 * arrives. A stream that misbehaves ends with a status that says why; the others do not notice.
 */
public final class PeerService extends LinkGrpc.LinkImplBase implements AutoCloseable {

  /**
   * Who takes what arrives.
   *
   * @param pushes outputs of other stages
   * @param offers chunks
   */
  public record Receivers(PushReceiver pushes, OfferReceiver offers) {}

  private final PeerHost host;
  private final List<LaneKind> lanes;
  private final PeerLimits limits;
  private final Receivers receivers;
  private final FairBudget streamBudget;
  private final FairBudget arriving;
  private final Map<InboundConnection, Caller> connections = new ConcurrentHashMap<>();
  private final Map<Long, InboundConnection> byKey = new ConcurrentHashMap<>();
  private final SecureRandom random = new SecureRandom();
  private volatile boolean closed;

  /**
   * Ready to be served.
   *
   * @param lanes by which bytes may come
   */
  public PeerService(PeerHost host, List<LaneKind> lanes, PeerLimits limits, Receivers receivers) {
    this.host = host;
    this.lanes = List.copyOf(lanes);
    this.limits = limits;
    this.receivers = receivers;
    this.streamBudget = new FairBudget(limits.streams(), FairShare.FOUR_FIFTHS);
    this.arriving = new FairBudget(limits.arrivingBytes(), FairShare.FOUR_FIFTHS);
  }

  @Override
  public StreamObserver<PeerFrame> carry(StreamObserver<PeerReply> responses) {
    if (closed) {
      responses.onError(Status.UNAVAILABLE.withDescription("closed").asException());
      return new Deaf<>();
    }
    Caller caller = Caller.current();
    if (!streamBudget.tryTake(caller, 1)) {
      String detail =
          "%d streams are open already, of %d".formatted(streamBudget.used(), limits.streams());
      receivers.pushes().onDropped(DropReason.NO_ROOM, detail);
      responses.onError(Status.RESOURCE_EXHAUSTED.withDescription(detail).asException());
      return new Deaf<>();
    }
    ServerCallStreamObserver<PeerReply> call = (ServerCallStreamObserver<PeerReply>) responses;
    InboundConnection connection =
        new InboundConnection(
            host, lanes, limits, receivers, arriving.of(caller), newKey(), call, this::forget);
    // gRPC does not promise onError for every way in which a call can end; these it does. With a
    // handler for cancellation, too, writing to a call that was just cancelled does not throw.
    call.setOnCancelHandler(() -> connection.lose("cancelled"));
    call.setOnCloseHandler(() -> connection.lose("closed"));
    connections.put(connection, caller);
    byKey.put(connection.bulkKey(), connection);
    connection.awaitHello();
    if (closed) {
      connection.close();
    }
    return connection;
  }

  /** Peers connected now. */
  public int streams() {
    return connections.size();
  }

  /** Bytes set aside for pushes that are arriving. */
  public long arrivingBytes() {
    return arriving.used();
  }

  /** Peers that have said who they are, by the lane that was chosen for them. */
  public Map<LaneKind, Integer> lanes() {
    Map<LaneKind, Integer> lanes = new EnumMap<>(LaneKind.class);
    connections.keySet().stream()
        .filter(InboundConnection::isGreeted)
        .forEach(connection -> lanes.merge(connection.lane(), 1, Integer::sum));
    return lanes;
  }

  /** Ends every stream and takes none any more. Idempotent. */
  @Override
  public void close() {
    closed = true;
    connections.keySet().forEach(InboundConnection::close);
  }

  /** Until it belongs to a connection, which has one, it counts as a stream itself. */
  @Override
  public StreamObserver<BulkFrame> bulk(StreamObserver<Empty> responses) {
    Caller caller = Caller.current();
    if (closed || !streamBudget.tryTake(caller, 1)) {
      responses.onError(
          Status.RESOURCE_EXHAUSTED
              .withDescription(closed ? "closed" : "too many streams are open already")
              .asException());
      return new Deaf<>();
    }
    ServerCallStreamObserver<Empty> call = (ServerCallStreamObserver<Empty>) responses;
    InboundBulk stream =
        new InboundBulk(
            call,
            key -> Optional.ofNullable(byKey.get(key)),
            () -> streamBudget.giveBack(caller, 1),
            host.timer(),
            limits.patience());
    call.setOnCancelHandler(() -> stream.lose("the stream of bodies was cancelled"));
    call.setOnCloseHandler(() -> stream.lose("the stream of bodies was closed"));
    stream.awaitHello();
    return stream;
  }

  private long newKey() {
    long key = random.nextLong();
    while (key == 0 || byKey.containsKey(key)) {
      key = random.nextLong();
    }
    return key;
  }

  private void forget(InboundConnection connection) {
    byKey.remove(connection.bulkKey());
    Caller caller = connections.remove(connection);
    if (caller != null) {
      streamBudget.giveBack(caller, 1);
    }
  }
}

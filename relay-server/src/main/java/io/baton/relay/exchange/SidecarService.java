package io.baton.relay.exchange;

import io.baton.proto.v1.SidecarFrame;
import io.baton.proto.v1.SidecarGrpc;
import io.baton.proto.v1.SidecarReply;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;

/** What the processes of this host call. */
final class SidecarService extends SidecarGrpc.SidecarImplBase implements AutoCloseable {

  private static final int MAX_PROCESSES = 1024;

  private final Exchange exchange;
  private final ScheduledExecutorService timer;
  private final Set<SidecarStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  SidecarService(Exchange exchange, ScheduledExecutorService timer) {
    this.exchange = exchange;
    this.timer = timer;
  }

  @Override
  public StreamObserver<SidecarFrame> attach(StreamObserver<SidecarReply> responses) {
    SidecarStream stream =
        new SidecarStream(
            exchange, (ServerCallStreamObserver<SidecarReply>) responses, timer, streams::remove);
    streams.add(stream);
    if (closed) {
      stream.end(Status.UNAVAILABLE, "the relay stops");
    } else if (streams.size() > MAX_PROCESSES) {
      stream.end(
          Status.RESOURCE_EXHAUSTED, MAX_PROCESSES + " processes are attached to this relay");
    }
    return stream;
  }

  /** Processes that are attached. */
  int processes() {
    return streams.size();
  }

  /** What they have registered to read; to be asked in the loop. */
  int readers() {
    return streams.stream().mapToInt(SidecarStream::readers).sum();
  }

  @Override
  public void close() {
    closed = true;
    streams.forEach(stream -> stream.end(Status.UNAVAILABLE, "the relay stops"));
  }
}

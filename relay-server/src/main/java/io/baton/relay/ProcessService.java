package io.baton.relay;

import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.baton.relay.exchange.Exchange;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.process.AcceptedStream;
import io.baton.transport.process.Dialect;
import io.baton.transport.process.SocketLoop;
import io.baton.transport.process.SocketServer;
import io.grpc.Status;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;

/** Serves the processes of this host, at a Unix-domain socket. */
final class ProcessService implements AutoCloseable {

  private static final int MAX_PROCESSES = 1024;

  private final Host host;
  private final SocketLoop loop;
  private final SocketServer server;
  private final Set<ProcessStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * What of the relay they have to do with.
   *
   * @param slot where one of them may be the stage executor
   * @param memory how its payloads travel
   * @param outputs for outputs that are being received
   * @param timer for deadlines; its tasks are short
   */
  record Host(
      RelayId self,
      PinnedPool pool,
      Exchange exchange,
      ExecutorSlot slot,
      PayloadMemory memory,
      Budget outputs,
      ScheduledExecutorService timer) {}

  /**
   * Listens until it is closed.
   *
   * @throws BindFailedException if it cannot
   */
  ProcessService(Host host, Endpoint.Unix socket) throws BindFailedException {
    this.host = host;
    this.loop = SocketLoop.start("baton-process-" + host.self().name());
    try {
      this.server = SocketServer.start(loop, socket, Dialect.RELAY, MAX_PROCESSES, this::accept);
    } catch (BindFailedException | RuntimeException e) {
      loop.close();
      throw e;
    }
  }

  private ProcessStream accept(AcceptedStream<ProcessReply, ProcessFrame> call) {
    ProcessStream stream = new ProcessStream(this, call);
    streams.add(stream);
    if (closed) {
      stream.end(Status.UNAVAILABLE, "the relay stops");
    }
    return stream;
  }

  void gone(ProcessStream stream) {
    streams.remove(stream);
  }

  Host host() {
    return host;
  }

  /** Tells them that the relay stops, and ends their connections. Idempotent. */
  @Override
  public void close() {
    closed = true;
    server.close();
    streams.forEach(stream -> stream.end(Status.UNAVAILABLE, "the relay stops"));
    loop.close();
  }
}

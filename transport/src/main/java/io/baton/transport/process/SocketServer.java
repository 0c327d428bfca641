package io.baton.transport.process;

import com.google.protobuf.MessageLite;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.Deaf;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.SocketFile;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens at a Unix-domain socket. What a dead server has left of it is removed, a live one's is
 * left alone, and only this user may connect; to be strict about it from the first moment, put the
 * socket into a directory that is closed to others.
 */
public final class SocketServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SocketServer.class);

  private static final int BACKLOG = 512;

  private final SocketLoop loop;
  private final ServerSocketChannel channel;
  private final Endpoint.Unix endpoint;

  private SocketServer(SocketLoop loop, ServerSocketChannel channel, Endpoint.Unix endpoint) {
    this.loop = loop;
    this.channel = channel;
    this.endpoint = endpoint;
  }

  /**
   * Listens until the result or the loop is closed.
   *
   * @param service is given each stream, in the loop, and says who hears it
   * @param maxStreams more are told that there are too many
   * @throws BindFailedException if the socket cannot be listened at
   */
  public static <Q extends MessageLite, A extends MessageLite> SocketServer start(
      SocketLoop loop,
      Endpoint.Unix endpoint,
      Dialect<Q, A> dialect,
      int maxStreams,
      Function<AcceptedStream<Q, A>, StreamObserver<A>> service)
      throws BindFailedException {
    SocketFile.removeStale(endpoint);
    try {
      ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.bind(UnixDomainSocketAddress.of(endpoint.path()), BACKLOG);
        SocketFile.closeToOthers(endpoint);
        channel.configureBlocking(false);
      } catch (IOException e) {
        channel.close();
        throw e;
      }
      SocketServer server = new SocketServer(loop, channel, endpoint);
      Listening<Q, A> listening = new Listening<>(loop, channel, dialect, maxStreams, service);
      loop.execute(listening::register);
      return server;
    } catch (IOException e) {
      throw BindFailedException.of(endpoint, e);
    }
  }

  public Endpoint.Unix endpoint() {
    return endpoint;
  }

  /** Takes no stream any more and removes the socket; those that are there go on. Idempotent. */
  @Override
  public void close() {
    if (!channel.isOpen()) {
      return;
    }
    try {
      channel.close();
      Files.deleteIfExists(endpoint.path());
      // The system closes it when the loop next looks at it.
      loop.execute(() -> {});
    } catch (IOException e) {
      log.warn("{} is left behind: {}", endpoint, e.getMessage());
    }
  }

  private static final class Listening<Q extends MessageLite, A extends MessageLite>
      implements SocketLoop.Registered {

    private final SocketLoop loop;
    private final ServerSocketChannel channel;
    private final Dialect<Q, A> dialect;
    private final int maxStreams;
    private final Function<AcceptedStream<Q, A>, StreamObserver<A>> service;
    private int streams;
    private @Nullable SelectionKey paused;

    Listening(
        SocketLoop loop,
        ServerSocketChannel channel,
        Dialect<Q, A> dialect,
        int maxStreams,
        Function<AcceptedStream<Q, A>, StreamObserver<A>> service) {
      this.loop = loop;
      this.channel = channel;
      this.dialect = dialect;
      this.maxStreams = maxStreams;
      this.service = service;
    }

    void register() {
      try {
        channel.register(loop.selector(), SelectionKey.OP_ACCEPT, this);
      } catch (IOException e) {
        log.debug("closed before it was listened at", e);
      }
    }

    @Override
    public void ready(SelectionKey key) {
      SocketChannel accepted = null;
      try {
        accepted = channel.accept();
        if (accepted != null) {
          accepted.configureBlocking(false);
          serve(accepted);
        }
      } catch (IOException | RuntimeException e) {
        close(accepted);
        if (channel.isOpen()) {
          log.warn("a process could not be attached, which is tried again: {}", e.getMessage());
          paused = key;
          key.interestOps(0);
        }
      }
    }

    private void serve(SocketChannel accepted) throws IOException {
      AcceptedStream<Q, A> stream = new AcceptedStream<>(loop, accepted, dialect, () -> streams--);
      if (++streams <= maxStreams) {
        stream.begin(service);
      } else {
        stream.begin(_ -> new Deaf<>());
        stream.onError(
            Status.RESOURCE_EXHAUSTED
                .withDescription(maxStreams + " processes are attached to this relay")
                .asException());
      }
    }

    private static void close(@Nullable SocketChannel accepted) {
      if (accepted != null) {
        try {
          accepted.close();
        } catch (IOException e) {
          log.debug("a socket did not close", e);
        }
      }
    }

    /** As long as the process may open no more files, looking at once would find that again. */
    @Override
    public void look(long nowNanos) {
      SelectionKey waiting = paused;
      if (waiting != null && waiting.isValid()) {
        waiting.interestOps(SelectionKey.OP_ACCEPT);
      }
      paused = null;
    }

    @Override
    public void abandon(String why) {
      log.debug("no more streams are taken: {}", why);
    }
  }
}

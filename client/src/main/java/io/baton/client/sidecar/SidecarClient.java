package io.baton.client.sidecar;

import io.baton.session.model.RelayId;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A process's connection to the relay of its host, through which it sends and receives. Any thread
 * may use it and what it makes; senders, receivers and readers come and go while it runs.
 *
 * <p>When the relay is lost, what was being sent fails as UNAVAILABLE, memory is taken away, and
 * the client connects again, with growing pauses, for as long as it is open. Then senders and
 * receivers are registered anew, requests to receive that still wait are made again, and requests
 * that came meanwhile are sent; whatever has no answer at its deadline fails.
 *
 * <p>Futures are completed on the client's own threads, its event loop in most cases, or on a
 * thread that calls it just then. What is chained to them must not block, and must not close the
 * client; use the {@code Async} methods for anything longer. To cancel a future withdraws the
 * request. All that fails, fails with a {@link SidecarException}.
 */
public final class SidecarClient implements AutoCloseable {

  private final Link link;

  private SidecarClient(Link link) {
    this.link = link;
  }

  /**
   * Begins to connect and returns without waiting for it.
   *
   * @param socket the Unix-domain socket that the relay listens at for the processes of its host
   * @throws IllegalArgumentException if the path is longer than a socket's can be
   */
  public static SidecarClient connect(Path socket, SidecarOptions options) {
    return new SidecarClient(Link.open(new Endpoint.Unix(socket), options));
  }

  /** Done when the relay has been reached for the first time. Nothing else needs to wait for it. */
  public CompletableFuture<RelayId> connected() {
    return link.connected();
  }

  public SidecarSender sender(SenderConfig config) {
    return new SidecarSender(link, config);
  }

  public SidecarReceiver receiver(ReceiverConfig config) {
    return new SidecarReceiver(link, config);
  }

  /** Receives like a receiver, and waits. */
  public SidecarReader reader(ReceiverConfig config) {
    return new SidecarReader(receiver(config));
  }

  /** How many pools are mapped into this process. */
  int mappedPools() {
    return link.mappedPools();
  }

  /**
   * Ends all requests as CANCELLED, takes all memory away, and takes leave of the relay, which is
   * given a second to hear what was said before. Idempotent.
   */
  @Override
  public void close() {
    link.close();
  }
}

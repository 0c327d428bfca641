package io.baton.client.sidecar;

import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Name;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Receives chunks for a member of a group, without waiting. Receiving takes nothing away: a chunk
 * may be received any number of times until it is marked done, by this receiver and by others.
 *
 * <p>What is received is kept by the relay until the chunk is closed. What comes after the deadline
 * of a request is kept as well, until it is received by another request, marked done, or the
 * receiver closes.
 */
public final class SidecarReceiver implements AutoCloseable {

  private final Link link;
  private final ReceiverConfig config;
  private final Registration registration;

  SidecarReceiver(Link link, ReceiverConfig config) {
    this.link = link;
    this.config = config;
    long number = link.nextNumber();
    this.registration =
        new Registration(number, request -> Frames.register(request, number, config));
    link.register(registration, config.timeout());
  }

  public ReceiverConfig config() {
    return config;
  }

  /** Done when the relay has accepted this receiver; receiving need not wait for it. */
  public CompletableFuture<@Nullable Void> registered() {
    return registration.registered().copy();
  }

  /** Receives a chunk within the receiver's timeout. */
  public CompletableFuture<Received> receive(String dataId, int index) {
    return receive(dataId, index, config.timeout());
  }

  /**
   * Receives a chunk, which may be sent later, or hears that there is none of that index.
   *
   * @param index from 0
   * @param timeout zero to get only what is here
   */
  public CompletableFuture<Received> receive(String dataId, int index, Duration timeout) {
    try {
      return link.submit(
          new Request.Receiving(registration, Request.deadline(timeout), key(dataId, index)));
    } catch (IllegalArgumentException e) {
      return Link.failed(Failure.Reason.INVALID_ARGUMENT, e);
    }
  }

  /**
   * Receives the chunks of a datum one after the other, and closes each when the consumer is done
   * with it.
   *
   * @param timeout for each chunk
   * @param consumer called on the client's threads, so that it must not block; what it throws ends
   *     it all
   * @return the number of chunks
   */
  public CompletableFuture<Integer> receiveAll(
      String dataId, Duration timeout, Consumer<ReceivedChunk> consumer) {
    return receiveFrom(dataId, 0, timeout, consumer);
  }

  private CompletableFuture<Integer> receiveFrom(
      String dataId, int index, Duration timeout, Consumer<ReceivedChunk> consumer) {
    return receive(dataId, index, timeout)
        .thenCompose(
            received ->
                switch (received) {
                  case Received.EndOfStream(int count) -> CompletableFuture.completedFuture(count);
                  case ReceivedChunk chunk -> {
                    try (chunk) {
                      consumer.accept(chunk);
                    }
                    yield receiveFrom(dataId, index + 1, timeout, consumer);
                  }
                });
  }

  /**
   * Says that this receiver is done with a chunk that it has received, and takes its memory away.
   * Idempotent; of a chunk that it has not received it says nothing.
   *
   * @throws IllegalArgumentException if there is no such id or index
   */
  public void markDone(String dataId, int index) {
    link.markDone(key(dataId, index));
  }

  private ChunkKey key(String dataId, int index) {
    Name.checked("the data id", dataId);
    if (index < 0) {
      throw new IllegalArgumentException("chunk " + index);
    }
    return new ChunkKey(registration.number(), dataId, index);
  }

  /**
   * Withdraws requests, takes the memory of chunks away that are still open, which is not the same
   * as being done with them, and leaves the group. Idempotent.
   */
  @Override
  public void close() {
    link.unregister(registration);
  }
}

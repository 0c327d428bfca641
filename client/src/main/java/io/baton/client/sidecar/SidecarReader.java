package io.baton.client.sidecar;

import io.baton.session.exchange.Failure;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Receives chunks for a member of a group, and waits for them. Many readers may share one client,
 * and many threads one reader. Waiting can be interrupted, and always ends.
 */
public final class SidecarReader implements AutoCloseable {

  /** The client ends every request by itself; this is for a client that is out of order. */
  private static final Duration LAST_RESORT = Duration.ofMinutes(1);

  private final SidecarReceiver receiver;

  SidecarReader(SidecarReceiver receiver) {
    this.receiver = receiver;
  }

  public ReceiverConfig config() {
    return receiver.config();
  }

  /** Receives a chunk within the reader's timeout. */
  public Received receive(String dataId, int index) throws SidecarException, InterruptedException {
    return receive(dataId, index, config().timeout());
  }

  /**
   * Receives a chunk, see {@link SidecarReceiver#receive(String, int, Duration)}.
   *
   * @throws SidecarException if nothing came in time, with reason DEADLINE_EXCEEDED, or will not
   *     come
   */
  public Received receive(String dataId, int index, Duration timeout)
      throws SidecarException, InterruptedException {
    CompletableFuture<Received> future = receiver.receive(dataId, index, timeout);
    try {
      return future.get(Request.nanos(timeout) + LAST_RESORT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof SidecarException why
          ? new SidecarException(why.reason(), String.valueOf(why.getMessage()), why)
          : new SidecarException(
              Failure.Reason.UNAVAILABLE, String.valueOf(e.getCause()), e.getCause());
    } catch (TimeoutException e) {
      withdraw(future);
      throw new SidecarException(
          Failure.Reason.DEADLINE_EXCEEDED,
          "chunk %d of %s: the client has not ended the request".formatted(index, dataId),
          e);
    } catch (InterruptedException e) {
      withdraw(future);
      throw e;
    }
  }

  /** What has come in the last moment stays to be received again. */
  private static void withdraw(CompletableFuture<Received> future) {
    if (!future.cancel(false)
        && future.state() == Future.State.SUCCESS
        && future.resultNow() instanceof ReceivedChunk chunk) {
      chunk.release();
    }
  }

  /** The chunks of a datum, one after the other. */
  public ChunkStream stream(String dataId) {
    return stream(dataId, config().timeout());
  }

  /**
   * The same.
   *
   * @param timeout for each chunk
   */
  public ChunkStream stream(String dataId, Duration timeout) {
    return new ChunkStream(this, dataId, timeout);
  }

  /** See {@link SidecarReceiver#markDone}. */
  public void markDone(String dataId, int index) {
    receiver.markDone(dataId, index);
  }

  /** Whoever waits gets a {@link SidecarException} with reason CANCELLED. Idempotent. */
  @Override
  public void close() {
    receiver.close();
  }
}

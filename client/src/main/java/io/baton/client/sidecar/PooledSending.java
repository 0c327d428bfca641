package io.baton.client.sidecar;

import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Failure;
import io.baton.transport.CopiedBytes;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sends a chunk through the pool: asks for memory, copies the bytes into it, and sends it. */
final class PooledSending {

  private final Link link;
  private final Registration registration;
  private final long deadlineNanos;
  private final ChunkHeader chunk;
  private final MemorySegment source;
  private final CompletableFuture<@Nullable Void> result = new CompletableFuture<>();

  PooledSending(
      Link link,
      Registration registration,
      long deadlineNanos,
      ChunkHeader chunk,
      MemorySegment source) {
    this.link = link;
    this.registration = registration;
    this.deadlineNanos = deadlineNanos;
    this.chunk = chunk;
    this.source = source;
  }

  CompletableFuture<@Nullable Void> start() {
    Request.Allocating<PoolMemory> allocating =
        new Request.Allocating<>(
            registration,
            deadlineNanos,
            chunk.content(),
            chunk.destinations(),
            Function.identity());
    withdrawWithResult(allocating);
    var _ =
        link.submit(allocating)
            .whenComplete(
                (memory, failure) -> {
                  if (failure != null) {
                    result.completeExceptionally(failure);
                  } else {
                    copyLater(memory);
                  }
                });
    return result;
  }

  private void copyLater(PoolMemory memory) {
    try {
      link.copy(source.byteSize(), () -> copy(memory));
    } catch (RejectedExecutionException e) {
      giveUp(memory, Failure.Reason.RESOURCE_EXHAUSTED, "too many copies wait");
    }
  }

  private void copy(PoolMemory memory) {
    try {
      if (!result.isDone()) {
        CopiedBytes.add(source.byteSize());
        MemorySegment.copy(source, 0, memory.segment(), 0, source.byteSize());
      }
    } catch (IllegalStateException e) {
      giveUp(memory, Failure.Reason.UNAVAILABLE, String.valueOf(e.getMessage()));
      return;
    }
    if (result.isDone() || !memory.tryClose("sent")) {
      giveUp(memory, Failure.Reason.CANCELLED, "withdrawn");
      return;
    }
    Request.Sending sending =
        new Request.Sending(registration, deadlineNanos, chunk, memory.sending());
    withdrawWithResult(sending);
    var _ =
        link.submit(sending)
            .whenComplete(
                (_, failure) -> {
                  if (failure != null) {
                    result.completeExceptionally(failure);
                  } else {
                    result.complete(null);
                  }
                });
  }

  private void giveUp(PoolMemory memory, Failure.Reason reason, String why) {
    var _ = memory.tryClose(why);
    memory.discard();
    result.completeExceptionally(
        new SidecarException(
            reason, "sending chunk %d of %s: %s".formatted(chunk.index(), chunk.dataId(), why)));
  }

  /** Whoever withdraws the whole withdraws what it has come to. */
  private void withdrawWithResult(Request<?> part) {
    var _ = result.whenComplete((_, _) -> part.future.cancel(false));
  }
}

package io.baton.transport.ucx;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.MpmcArrayQueue;

/** The way to one peer. Any thread may call; none is made to wait. */
public final class UcxConnection {

  /** Told at most once, on the progress thread. */
  public interface Listener {

    /**
     * The connection has ended without having been closed here. All its completions have been told
     * before; connecting again is for the listener to do.
     */
    void onLost(UcxFailure failure);
  }

  private final Progress progress;
  private final Link link;
  private final int maxHeaderBytes;
  private final Queue<HeaderSlot> slots;
  private final AtomicBoolean closeAsked = new AtomicBoolean();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final Runnable onEnded;
  private volatile boolean open = true;

  UcxConnection(
      Progress progress,
      ByteBuffer remote,
      Listener listener,
      int maxHeaderBytes,
      int maxSends,
      Runnable onEnded) {
    this.progress = progress;
    this.maxHeaderBytes = maxHeaderBytes;
    this.onEnded = onEnded;
    slots = new MpmcArrayQueue<>(Math.max(2, maxSends));
    for (int i = 0; i < maxSends; i++) {
      slots.add(new HeaderSlot());
    }
    link = new Link(progress, this, remote, listener);
  }

  /**
   * Sends a message. Success means that UCX does not need the bytes any more, not that they have
   * arrived.
   *
   * @param header copied; its position stays
   * @param body native memory or empty, untouched and mapped until {@code done} is told
   * @param done told if and only if the answer is {@link Handover#ACCEPTED}
   * @throws IllegalArgumentException if the header is longer than {@link UcxEngine#maxHeaderBytes}
   *     or the body is on the heap
   */
  public Handover send(ByteBuffer header, MemorySegment body, Completion done) {
    int headerBytes = header.remaining();
    if (headerBytes > maxHeaderBytes) {
      throw new IllegalArgumentException(
          "a header has at most " + maxHeaderBytes + " bytes, not " + headerBytes);
    }
    if (!body.isNative() && body.byteSize() > 0) {
      throw new IllegalArgumentException("a body is native memory");
    }
    if (!open) {
      return Handover.CLOSED;
    }
    HeaderSlot slot = slots.poll();
    if (slot == null) {
      return Handover.FULL;
    }
    slot.fill(header);
    progress.submit(new Outgoing(link, slot, headerBytes, body, done));
    return Handover.ACCEPTED;
  }

  /** Whether it still takes messages. */
  public boolean isOpen() {
    return open;
  }

  /**
   * Sends what is under way, cancels what is not sent within the engine's close timeout, and ends.
   * Idempotent.
   *
   * @return done when the connection is gone and all completions have been told
   */
  public CompletableFuture<Void> close() {
    open = false;
    if (closeAsked.compareAndSet(false, true)) {
      progress.submit(link::close);
    }
    return closed.copy();
  }

  /**
   * Waits until nothing that was given to it is under way any more, so that it can serve somebody
   * else. A connection for which that takes longer than the engine's close timeout is closed.
   *
   * @return done, on the progress thread, with whether the connection can go on
   */
  CompletableFuture<Boolean> settle() {
    CompletableFuture<Boolean> settled = new CompletableFuture<>();
    progress.submit(() -> link.settle(settled));
    return settled;
  }

  Link link() {
    return link;
  }

  void stopTaking() {
    open = false;
  }

  void release(HeaderSlot slot) {
    slots.add(slot);
  }

  void ended() {
    open = false;
    onEnded.run();
    closed.complete(null);
  }
}

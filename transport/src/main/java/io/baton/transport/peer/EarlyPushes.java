package io.baton.transport.peer;

import io.baton.session.model.Push;
import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.baton.transport.grpc.SenderLimits;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Pushes that wait for the peer's welcome, since only then it is known how their bytes travel.
 * Bounded like what waits to be sent. Any thread may use it.
 */
final class EarlyPushes {

  private record Early(Push push, Share share) {}

  private final Budget pushes;
  private final Budget bytes;
  private final Budget sharedBytes;

  // Under the lock; empty also read without.
  private final Deque<Early> waiting = new ArrayDeque<>();
  private volatile boolean empty = true;
  private boolean closed;

  /**
   * @param sharedBytes what may wait on this and other links together
   */
  EarlyPushes(SenderLimits limits, Budget sharedBytes) {
    this.pushes = new Budget(limits.maxFrames());
    this.bytes = new Budget(limits.maxBytes());
    this.sharedBytes = sharedBytes;
  }

  /** Whether a push would overtake none of these. */
  boolean isEmpty() {
    return empty;
  }

  /** False if there is no room for it. */
  synchronized boolean add(Push push, Share share) {
    long size = push.payload().bytes();
    if (closed || !pushes.tryTake(1, share)) {
      return false;
    }
    if (!bytes.tryTake(size, share)) {
      pushes.giveBack(1);
      return false;
    }
    if (!sharedBytes.tryTake(size, share)) {
      pushes.giveBack(1);
      bytes.giveBack(size);
      return false;
    }
    waiting.add(new Early(push, share));
    empty = false;
    return true;
  }

  /**
   * Sends all, in order.
   *
   * @return how many could not be sent
   */
  synchronized int send(BiPredicate<Push, Share> link) {
    int lost = 0;
    for (Early early = poll(); early != null; early = poll()) {
      lost += link.test(early.push(), early.share()) ? 0 : 1;
    }
    empty = true;
    return lost;
  }

  /**
   * Drops all.
   *
   * @return how many these were
   */
  synchronized int drop() {
    return send((push, share) -> false);
  }

  /** Drops all, and takes none any more. */
  synchronized int close() {
    closed = true;
    return drop();
  }

  private @Nullable Early poll() {
    Early early = waiting.poll();
    if (early != null) {
      long size = early.push().payload().bytes();
      pushes.giveBack(1);
      bytes.giveBack(size);
      sharedBytes.giveBack(size);
    }
    return early;
  }
}

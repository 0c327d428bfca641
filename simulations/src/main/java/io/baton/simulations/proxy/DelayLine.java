package io.baton.simulations.proxy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One direction of a connection: pieces go in at one end and come out at the other when they are
 * due, in order. One thread puts and one takes; each waits only for as long as the line is open.
 */
final class DelayLine {

  /** Some bytes, or none for the end of the stream. */
  static final class Piece {

    private final byte[] bytes;
    private final long dueNanos;

    Piece(byte[] bytes, long dueNanos) {
      this.bytes = bytes;
      this.dueNanos = dueNanos;
    }

    /** The bytes themselves, which nobody changes. */
    byte[] bytes() {
      return bytes;
    }

    boolean isEnd() {
      return bytes.length == 0;
    }
  }

  /** Every wait has an end, even if somebody forgets to signal. */
  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final int maxBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Piece> pieces = new ArrayDeque<>();
  private int bytes;
  private long lastDueNanos = Long.MIN_VALUE;
  private boolean stalled;
  private boolean closed;

  DelayLine(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Puts a piece in, waiting for room. A piece larger than the line goes in when the line is empty.
   *
   * @return false if the line is closed
   */
  boolean put(byte[] piece, long dueNanos) throws InterruptedException {
    lock.lock();
    try {
      while (!closed && bytes > 0 && bytes + (long) piece.length > maxBytes) {
        var _ = changed.awaitNanos(MAX_WAIT_NANOS);
      }
      if (closed) {
        return false;
      }
      // A delay that was shortened must not let later bytes overtake earlier ones.
      long due = pieces.isEmpty() || dueNanos - lastDueNanos > 0 ? dueNanos : lastDueNanos;
      lastDueNanos = due;
      pieces.add(new Piece(piece, due));
      bytes += piece.length;
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the next piece when it is due; none if the line is closed. */
  Optional<Piece> take() throws InterruptedException {
    lock.lock();
    try {
      while (!closed) {
        Piece head = pieces.peek();
        if (head == null || stalled) {
          var _ = changed.awaitNanos(MAX_WAIT_NANOS);
          continue;
        }
        long wait = head.dueNanos - System.nanoTime();
        if (wait <= 0) {
          pieces.remove();
          bytes -= head.bytes.length;
          changed.signalAll();
          return Optional.of(head);
        }
        var _ = changed.awaitNanos(Math.min(wait, MAX_WAIT_NANOS));
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** While stalled, nothing comes out, however long it has been due. */
  void stall(boolean on) {
    lock.lock();
    try {
      stalled = on;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      pieces.clear();
      bytes = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  int bytesInFlight() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }
}

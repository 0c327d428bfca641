package io.baton.transport.peer;

import io.baton.proto.v1.PeerReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Tells a peer which of its slots are no longer needed: several at a time where they are small, and
 * soon. Any thread may call.
 */
final class Releases {

  /** How long a slot waits to be told of, at most. */
  private static final Duration DELAY = Duration.ofMillis(10);

  /** Few enough that a small pool goes round, and enough that it costs little beside them. */
  private static final int TOLD_AT_ONCE = 16;

  /** What is large is told without delay: its copy took longer than that will. */
  private static final long LARGE_BYTES = 256 << 10;

  private final ScheduledExecutorService timer;
  private final Consumer<PeerReply> answers;

  // Under the lock.
  private List<Long> numbers = new ArrayList<>();
  private long bytes;
  private boolean scheduled;

  Releases(ScheduledExecutorService timer, Consumer<PeerReply> answers) {
    this.timer = timer;
    this.answers = answers;
  }

  void add(long number, long slotBytes) {
    boolean now;
    boolean later;
    synchronized (this) {
      numbers.add(number);
      bytes += slotBytes;
      now = numbers.size() >= TOLD_AT_ONCE || bytes >= LARGE_BYTES;
      later = !now && !scheduled;
      scheduled |= later;
    }
    if (now) {
      tell();
    } else if (later) {
      tellLater();
    }
  }

  private void tellLater() {
    try {
      var _ = timer.schedule(this::onDelayOver, DELAY.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The relay is being closed, and its connections with it.
    }
  }

  private void onDelayOver() {
    synchronized (this) {
      scheduled = false;
    }
    tell();
  }

  private void tell() {
    List<Long> told;
    synchronized (this) {
      told = numbers;
      numbers = new ArrayList<>();
      bytes = 0;
    }
    if (!told.isEmpty()) {
      answers.accept(PeerReplies.released(told));
    }
  }
}

package io.baton.transport.ucx;

import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A completion that can be waited for and counts how often it was told. */
final class RecordedCompletion implements Completion {

  private final CountDownLatch told = new CountDownLatch(1);
  private final AtomicInteger times = new AtomicInteger();
  private volatile @Nullable UcxFailure failure;
  private volatile @Nullable Thread thread;

  @Override
  public void succeeded() {
    tell(null);
  }

  @Override
  public void failed(UcxFailure reason) {
    tell(reason);
  }

  /** How it ended, or an error if it has not within ten seconds. */
  Optional<UcxFailure> outcome() throws InterruptedException {
    if (!told.await(10, TimeUnit.SECONDS)) {
      throw new AssertionError("not told within ten seconds");
    }
    return Optional.ofNullable(failure);
  }

  int times() {
    return times.get();
  }

  @Nullable Thread thread() {
    return thread;
  }

  private void tell(@Nullable UcxFailure reason) {
    failure = reason;
    thread = Thread.currentThread();
    times.incrementAndGet();
    told.countDown();
  }
}

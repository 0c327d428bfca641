package io.baton.simulations.chain;

import io.baton.client.stage.StageException;
import io.baton.session.model.Tensor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Holds an executor up in the middle of a step. */
final class Gate implements MischievousExecutor.Mischief {

  private final CountDownLatch called = new CountDownLatch(1);
  private final CountDownLatch opened = new CountDownLatch(1);

  @Override
  public Tensor forward(MischievousExecutor.Forward honest) throws StageException {
    called.countDown();
    await(opened);
    return honest.run();
  }

  /** Waits until somebody stands before the gate. */
  void awaitCaller() {
    await(called);
  }

  void open() {
    opened.countDown();
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(TestChain.DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody came");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}

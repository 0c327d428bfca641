package io.baton.relay.exchange;

import static org.awaitility.Awaitility.await;

import java.util.concurrent.CountDownLatch;

/** Something that keeps an exchange's loop from anything else until it is closed. */
public final class BusyLoop implements AutoCloseable {

  private final CountDownLatch busy = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);
  private final Thread thread;

  private BusyLoop(Exchange exchange) {
    thread = Thread.ofPlatform().name("busy").start(() -> exchange.inLoop(this::waitForTheEnd));
  }

  /** Returns when the loop is busy. */
  public static BusyLoop of(Exchange exchange) throws InterruptedException {
    BusyLoop loop = new BusyLoop(exchange);
    loop.busy.await();
    return loop;
  }

  private void waitForTheEnd() {
    busy.countDown();
    try {
      over.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    over.countDown();
    await().until(() -> !thread.isAlive());
  }
}

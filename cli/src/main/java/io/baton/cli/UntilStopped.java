package io.baton.cli;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/**
 * Keeps a server command alive until it is told to stop: by SIGTERM or SIGINT, or, where asked for,
 * by the end of standard input, which is how a process started by another notices that the other is
 * gone.
 */
final class UntilStopped {

  private UntilStopped() {}

  /**
   * Waits, and runs {@code stop} once before the process ends.
   *
   * @param untilInputEnds whether the end of standard input means to stop, too
   */
  static int await(boolean untilInputEnds, Runnable stop) throws InterruptedException {
    CountDownLatch inputEnded = new CountDownLatch(1);
    Thread hook = Thread.ofPlatform().name("baton-stop").unstarted(stop);
    Runtime.getRuntime().addShutdownHook(hook);
    if (untilInputEnds) {
      Thread.ofPlatform().daemon().name("baton-stdin").start(() -> readToEnd(inputEnded));
    }
    inputEnded.await();
    // Exiting runs the hook.
    return ExitCode.OK;
  }

  private static void readToEnd(CountDownLatch ended) {
    try {
      while (System.in.read() >= 0) {
        // Nobody has anything to say here but that it is over.
      }
    } catch (IOException e) {
      // As good as its end.
    } finally {
      ended.countDown();
    }
  }
}

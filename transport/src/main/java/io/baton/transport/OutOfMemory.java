package io.baton.transport;

/**
 * What is done where an error is caught that is no program's to go on after. The JVM ends by itself
 * when the heap is exhausted, if it is told to ({@code -XX:+ExitOnOutOfMemoryError}); what is
 * thrown for memory outside of it, or for threads, it leaves to whoever catches it.
 */
public final class OutOfMemory {

  private OutOfMemory() {}

  /**
   * Has it treated like an error that nobody caught, if that is what it is: a process that goes on
   * without memory answers nobody and does not stop when told to. The handler of the thread, or the
   * default one, may end the process; if it does not, this returns.
   */
  public static void report(Throwable error) {
    if (error instanceof OutOfMemoryError) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, error);
    }
  }
}

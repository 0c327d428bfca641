package io.baton.relay.exchange;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Errors that should not be. One in the middle of what there is to do would leave two of the
 * exchange's parts at odds for good, so each strikes only what it happens to, and all else goes on.
 */
final class Bugs {

  private static final Logger log = LoggerFactory.getLogger(Bugs.class);

  private Bugs() {}

  /**
   * Does that for one sending, datum, offer, gathering or process.
   *
   * @param what it is done for, to be named if something goes wrong
   * @param onBug ends that, and gives back what is its
   */
  static void contain(Object what, Runnable task, Consumer<RuntimeException> onBug) {
    try {
      task.run();
    } catch (RuntimeException bug) {
      log(what, bug);
      onBug.accept(bug);
    }
  }

  /** Tells somebody: who fails at being told fails alone, and all others are told. */
  static void contain(Object what, Runnable telling) {
    contain(what, telling, _ -> {});
  }

  static void log(Object what, RuntimeException bug) {
    log.error("an error with {} that should not be", what, bug);
  }
}

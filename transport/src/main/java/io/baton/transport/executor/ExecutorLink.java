package io.baton.transport.executor;

import io.baton.session.model.StageInfo;
import java.util.function.Consumer;

/**
 * How a relay reaches its stage executor, in the same process or over a socket. Any thread may use
 * it.
 */
public interface ExecutorLink {

  /** What the executor computes; constant. */
  StageInfo info();

  /**
   * Hands a command over and returns at once. Commands are carried out one at a time, in the order
   * in which they were handed over. A link that has too many waiting answers {@link
   * ExecutorReply.Failed}.
   *
   * @param reply called with any number of {@link ExecutorReply.Working} and then once with what
   *     came of it, on any thread, possibly before this returns; must not block
   */
  void submit(ExecutorCommand command, Consumer<ExecutorReply> reply);

  /**
   * Says that it is taken for one that hangs. A link to another process ends with that, which may
   * attach anew; one within this process stays, and works again when it answers.
   */
  default void hangs(String why) {}
}

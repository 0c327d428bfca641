package io.baton.transport.executor;

import io.baton.session.model.Tensor;
import java.util.Optional;

/** What came of a command. */
public sealed interface ExecutorReply {

  /**
   * It is done.
   *
   * @param output of a {@link ExecutorCommand.Forward}, empty for all others
   * @param computeNanos the time it took in the executor
   */
  record Done(Optional<Tensor> output, long computeNanos) implements ExecutorReply {}

  /**
   * It is being worked on. Said any number of times before one of the others.
   *
   * @param workLeft until it is done, in rows times layers
   */
  record Working(long workLeft) implements ExecutorReply {}

  /** It could not be done, and the session holds what it held before. */
  record Failed(String message) implements ExecutorReply {}

  /** The executor is gone, and with it all sessions. */
  record Lost(String message) implements ExecutorReply {}
}

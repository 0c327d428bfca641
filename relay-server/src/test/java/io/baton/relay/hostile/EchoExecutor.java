package io.baton.relay.hostile;

import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.StageInfo;
import io.baton.session.model.TensorSpec;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** A stage whose output is its input, at once, or when it is let go on. */
final class EchoExecutor implements ExecutorLink {

  static final String MODEL = "echo";
  static final int MAX_LENGTH = 1 << 20;

  private final int width;
  private final List<Runnable> waiting = new ArrayList<>();
  private boolean held;

  /**
   * @param width of a row, in 64-bit integers
   */
  EchoExecutor(int width) {
    this.width = width;
  }

  TensorSpec row() {
    return TensorSpec.of(DType.I64, 1, width);
  }

  @Override
  public StageInfo info() {
    return new StageInfo(MODEL, 1, new LayerSpan(0, 1), row(), row(), MAX_LENGTH, Set.of("side"));
  }

  @Override
  public void submit(ExecutorCommand command, Consumer<ExecutorReply> reply) {
    if (command instanceof ExecutorCommand.Forward forward) {
      runOrWait(
          () ->
              reply.accept(new ExecutorReply.Done(Optional.of(forward.input().activations()), 1)));
    } else {
      reply.accept(new ExecutorReply.Done(Optional.empty(), 1));
    }
  }

  private void runOrWait(Runnable answer) {
    synchronized (this) {
      if (held) {
        waiting.add(answer);
        return;
      }
    }
    answer.run();
  }

  /** Computes nothing until {@link #goOn}. */
  synchronized void hold() {
    held = true;
  }

  void goOn() {
    List<Runnable> answers;
    synchronized (this) {
      held = false;
      answers = List.copyOf(waiting);
      waiting.clear();
    }
    answers.forEach(Runnable::run);
  }
}

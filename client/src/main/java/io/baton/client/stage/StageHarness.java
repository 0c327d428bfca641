package io.baton.client.stage;

import io.baton.session.model.Payload;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives a {@link StageExecutor}: takes commands from any thread and carries them out on a thread
 * of its own, one at a time. Attach it to a relay of this process, or to one of another process
 * with {@link ExecutorAttachment}.
 *
 * <p>As long as no session is open and no command waits, it lets the executor {@link
 * StageExecutor#warmUp warm up}, until that has enough of it or fails. A session warms it up by
 * itself, and would only be held up.
 */
public final class StageHarness implements ExecutorLink, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(StageHarness.class);

  static final int QUEUE = 4096;
  private static final Duration REPORT_INTERVAL = Duration.ofMillis(200);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

  /**
   * @param command null only to wake the thread for its end
   */
  private record Task(@Nullable ExecutorCommand command, Consumer<ExecutorReply> reply) {}

  private static final Task WAKE = new Task(null, _ -> {});

  private final StageExecutor executor;
  private final StageInfo info;
  private final BlockingQueue<Task> queue = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closed;

  // Only on the thread. No more than the executor has let in.
  private final Set<SessionId> open = new HashSet<>();
  private boolean cold = true;

  private StageHarness(StageExecutor executor, String name) {
    this.executor = executor;
    this.info = executor.info();
    this.thread = Thread.ofPlatform().name("baton-stage-" + name).daemon().unstarted(this::run);
  }

  /** Starts the thread. The executor stays the caller's to close, after the harness. */
  public static StageHarness start(StageExecutor executor, String name) {
    StageHarness harness = new StageHarness(executor, name);
    harness.thread.start();
    return harness;
  }

  @Override
  public StageInfo info() {
    return info;
  }

  @Override
  public void submit(ExecutorCommand command, Consumer<ExecutorReply> reply) {
    if (closed) {
      answer(reply, stopped());
    } else if (queue.size() >= QUEUE && !(command instanceof ExecutorCommand.Close)) {
      // What ends a session is always taken: it frees room, and there is one for each at most.
      answer(reply, new ExecutorReply.Failed(QUEUE + " commands wait for the executor"));
    } else {
      queue.add(new Task(command, reply));
      if (closed) {
        // The thread may have gone between the check and the adding.
        answerAllStopped();
      }
    }
  }

  private void run() {
    try {
      while (!closed) {
        Task task = cold && open.isEmpty() ? queue.poll() : queue.take();
        if (task == null) {
          warmUp();
        } else if (task.command() != null) {
          answer(task.reply(), carryOut(task.command(), task.reply()));
        }
      }
    } catch (InterruptedException e) {
      log.warn("the harness of {} was interrupted", info.span());
    } finally {
      closed = true;
      answerAllStopped();
    }
  }

  private void warmUp() {
    try {
      cold = executor.warmUp(() -> !queue.isEmpty());
    } catch (StageException | RuntimeException | Error e) {
      // Nobody waits for it, and a stage that is cold serves all the same.
      log.warn("the executor of {} does not warm up", info.span(), e);
      cold = false;
    }
  }

  private void answerAllStopped() {
    for (Task task = queue.poll(); task != null; task = queue.poll()) {
      answer(task.reply(), stopped());
    }
  }

  /** Whoever waits for one answer must not keep all others from theirs. */
  private void answer(Consumer<ExecutorReply> reply, ExecutorReply answer) {
    try {
      reply.accept(answer);
    } catch (RuntimeException | Error e) {
      log.error("an answer of the executor of {} was not taken", info.span(), e);
    }
  }

  private static ExecutorReply stopped() {
    return new ExecutorReply.Lost("the stage executor has stopped");
  }

  private ExecutorReply carryOut(ExecutorCommand command, Consumer<ExecutorReply> listener) {
    long start = System.nanoTime();
    try {
      Optional<Tensor> output =
          switch (command) {
            case ExecutorCommand.Open(SessionId session, int maxLength) -> {
              executor.open(session, maxLength);
              open.add(session);
              yield Optional.empty();
            }
            case ExecutorCommand.Forward(SessionId session, int position, Payload input) ->
                Optional.of(forward(session, position, input, listener));
            case ExecutorCommand.Rollback(SessionId session, int length) -> {
              executor.rollback(session, length);
              yield Optional.empty();
            }
            case ExecutorCommand.Close(SessionId session) -> {
              open.remove(session);
              executor.close(session);
              yield Optional.empty();
            }
          };
      return new ExecutorReply.Done(output, System.nanoTime() - start);
    } catch (StageException e) {
      return new ExecutorReply.Failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      // Errors, too: whoever waits for the answer must get one, whatever goes wrong in here.
      log.warn("the executor of {} threw at {}", info.span(), command.session(), e);
      return new ExecutorReply.Failed("the executor threw " + e);
    }
  }

  /** A step of no tokens has an output of no tokens, and the executor need not know of it. */
  private Tensor forward(
      SessionId session, int position, Payload input, Consumer<ExecutorReply> listener)
      throws StageException {
    return input.tokens() == 0
        ? Tensor.wrap(info.outputRow().withRows(0), new byte[0])
        : executor.forward(
            session,
            position,
            input.activations(),
            input.sideInputs(),
            new Reporting((long) input.tokens() * info.span().layers(), listener));
  }

  /** Hands on how far a step has come, no more often than anybody needs to know. */
  private final class Reporting implements StageExecutor.Progress {

    private final long work;
    private final Consumer<ExecutorReply> listener;
    private long saidNanos = System.nanoTime();

    Reporting(long work, Consumer<ExecutorReply> listener) {
      this.work = work;
      this.listener = listener;
    }

    @Override
    public void computed(long done) {
      long now = System.nanoTime();
      if (done < work && now - saidNanos >= REPORT_INTERVAL.toNanos()) {
        saidNanos = now;
        answer(listener, new ExecutorReply.Working(work - done));
      }
    }
  }

  /**
   * Finishes the command that is being carried out, and answers all that wait with {@link
   * ExecutorReply.Lost}. Idempotent.
   *
   * @throws IllegalStateException if the executor does not come back within 10 s; it is interrupted
   *     then
   */
  @Override
  public void close() {
    closed = true;
    queue.add(WAKE);
    try {
      if (!thread.join(STOP_TIMEOUT)) {
        thread.interrupt();
        throw new IllegalStateException(
            "the executor of %s did not come back within %s".formatted(info.span(), STOP_TIMEOUT));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

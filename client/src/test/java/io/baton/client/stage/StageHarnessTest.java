package io.baton.client.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorReply;
import io.baton.verification.PayloadDigester;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StageHarnessTest {

  private static final SessionId SESSION = new SessionId(1, 2);
  private static final TensorSpec ROW = TensorSpec.of(DType.F32, 1, 2);

  /** Writes down what it is asked; its forward pass can be held up, and can throw. */
  private static final class Recorder implements StageExecutor {

    final List<String> calls = new CopyOnWriteArrayList<>();
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch leave = new CountDownLatch(1);
    volatile boolean interrupted;
    volatile Throwable failure = new StageException("unused");
    volatile boolean fails;

    @Override
    public StageInfo info() {
      return new StageInfo("model", 1, new LayerSpan(0, 1), ROW, ROW, 10, Set.of());
    }

    @Override
    public void open(SessionId session, int maxLength) {
      calls.add("open " + maxLength);
    }

    @Override
    public Tensor forward(
        SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sides)
        throws StageException {
      calls.add("forward " + position);
      if (fails) {
        switch (failure) {
          case StageException e -> throw e;
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          default -> throw new AssertionError(failure);
        }
      }
      entered.countDown();
      try {
        assertThat(leave.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        interrupted = true;
      }
      return activations;
    }

    @Override
    public void rollback(SessionId session, int length) {
      calls.add("rollback " + length);
    }

    @Override
    public void close(SessionId session) {
      calls.add("close");
    }
  }

  private final Recorder executor = new Recorder();
  private final StageHarness harness = StageHarness.start(executor, "test");

  @AfterEach
  void close_leavesNoThread() {
    executor.leave.countDown();
    harness.close();
    harness.close();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("baton-stage-test"));
  }

  private static Payload payload(int rows) {
    return new PayloadDigester(Digest.Algorithm.XXH3_128)
        .payload(Tensor.ofFloats(new float[2 * rows], rows, 2));
  }

  private static ExecutorCommand forward(int position) {
    return new ExecutorCommand.Forward(SESSION, position, payload(1));
  }

  private CompletableFuture<ExecutorReply> submit(ExecutorCommand command) {
    CompletableFuture<ExecutorReply> reply = new CompletableFuture<>();
    harness.submit(
        command, answer -> assertThat(reply.complete(answer)).as("answered exactly once").isTrue());
    return reply;
  }

  private static ExecutorReply get(CompletableFuture<ExecutorReply> reply) throws Exception {
    return reply.get(30, TimeUnit.SECONDS);
  }

  @Test
  void submit_forwardOfAStageThatSaysHowFarItIs_isHandedOnAndThenAnswered() throws Exception {
    StageExecutor parts =
        new StageExecutor() {
          @Override
          public StageInfo info() {
            return new StageInfo("model", 2, new LayerSpan(0, 2), ROW, ROW, 10, Set.of());
          }

          @Override
          public void open(SessionId session, int maxLength) {}

          @Override
          public Tensor forward(
              SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sides)
              throws StageException {
            throw new StageException("not asked in this way");
          }

          @Override
          public Tensor forward(
              SessionId session,
              int position,
              Tensor activations,
              SortedMap<String, Tensor> sides,
              Progress progress) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
            while (System.nanoTime() - end < 0) {
              progress.computed(1);
              progress.computed(4);
            }
            progress.computed(6);
            return activations;
          }

          @Override
          public void rollback(SessionId session, int length) {}

          @Override
          public void close(SessionId session) {}
        };
    List<ExecutorReply> replies = new CopyOnWriteArrayList<>();
    CountDownLatch done = new CountDownLatch(1);
    try (StageHarness other = StageHarness.start(parts, "parts")) {
      other.submit(
          new ExecutorCommand.Forward(SESSION, 0, payload(3)),
          reply -> {
            replies.add(reply);
            if (reply instanceof ExecutorReply.Done) {
              done.countDown();
            }
          });
      assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(replies.getLast()).isInstanceOf(ExecutorReply.Done.class);
    assertThat(replies.subList(0, replies.size() - 1))
        .as("a few times a second, and nothing of what is done")
        .hasSizeBetween(1, 5)
        .allMatch(
            reply ->
                reply.equals(new ExecutorReply.Working(5))
                    || reply.equals(new ExecutorReply.Working(2)));
  }

  @Test
  void submit_commands_areCarriedOutInOrder() throws Exception {
    executor.leave.countDown();
    var _ = submit(new ExecutorCommand.Open(SESSION, 10));
    CompletableFuture<ExecutorReply> output = submit(forward(0));
    var _ = submit(new ExecutorCommand.Rollback(SESSION, 0));
    ExecutorReply last = get(submit(new ExecutorCommand.Close(SESSION)));
    assertThat(executor.calls).containsExactly("open 10", "forward 0", "rollback 0", "close");
    assertThat(last)
        .isInstanceOfSatisfying(
            ExecutorReply.Done.class, done -> assertThat(done.output()).isEmpty());
    assertThat(get(output))
        .isInstanceOfSatisfying(
            ExecutorReply.Done.class,
            done -> assertThat(done.output()).contains(payload(1).activations()));
  }

  @Test
  void forward_ofNoTokens_doesNotAskTheExecutor() throws Exception {
    ExecutorReply reply = get(submit(new ExecutorCommand.Forward(SESSION, 3, payload(0))));
    assertThat(reply)
        .isInstanceOfSatisfying(
            ExecutorReply.Done.class,
            done -> assertThat(done.output().orElseThrow().spec()).isEqualTo(ROW.withRows(0)));
    assertThat(executor.calls).isEmpty();
  }

  @Test
  void forward_thatThrows_isAnsweredWhateverItThrows() throws Exception {
    executor.fails = true;
    for (Throwable failure :
        List.of(
            new StageException("out of sorts"),
            new IllegalStateException("out of sorts"),
            new StackOverflowError("out of sorts"))) {
      executor.failure = failure;
      assertThat(get(submit(forward(0))))
          .isInstanceOfSatisfying(
              ExecutorReply.Failed.class,
              failed -> assertThat(failed.message()).contains("out of sorts"));
    }
  }

  @Test
  void reply_thatThrows_costsNobodyElseTheirs() throws Exception {
    harness.submit(
        new ExecutorCommand.Close(SESSION),
        _ -> {
          throw new IllegalStateException("a waiter's own trouble");
        });
    assertThat(get(submit(new ExecutorCommand.Close(SESSION))))
        .isInstanceOf(ExecutorReply.Done.class);
  }

  @Test
  void submit_moreThanTheQueueHolds_failsButTakesEveryEnd() throws Exception {
    CompletableFuture<ExecutorReply> first = submit(forward(0));
    assertThat(executor.entered.await(30, TimeUnit.SECONDS)).isTrue();
    AtomicInteger done = new AtomicInteger();
    for (int i = 0; i < StageHarness.QUEUE; i++) {
      harness.submit(new ExecutorCommand.Rollback(SESSION, 0), _ -> done.incrementAndGet());
    }
    assertThat(get(submit(forward(1))))
        .isInstanceOfSatisfying(
            ExecutorReply.Failed.class, failed -> assertThat(failed.message()).contains("4096"));
    CompletableFuture<ExecutorReply> end = submit(new ExecutorCommand.Close(SESSION));
    executor.leave.countDown();
    assertThat(get(end)).isInstanceOf(ExecutorReply.Done.class);
    assertThat(get(first)).isInstanceOf(ExecutorReply.Done.class);
    assertThat(done).hasValue(StageHarness.QUEUE);
  }

  @Test
  void close_finishesWhatIsUnderWayAndAnswersTheRestWithLost() throws Exception {
    CompletableFuture<ExecutorReply> underWay = submit(forward(0));
    assertThat(executor.entered.await(30, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<ExecutorReply> waiting = submit(forward(1));
    CompletableFuture<Void> closing = CompletableFuture.runAsync(harness::close);
    executor.leave.countDown();
    closing.get(30, TimeUnit.SECONDS);
    assertThat(get(underWay)).isInstanceOf(ExecutorReply.Done.class);
    assertThat(executor.interrupted).isFalse();
    // Carried out or not, it is answered.
    assertThat(get(waiting)).isNotInstanceOf(ExecutorReply.Failed.class);
    assertThat(get(submit(forward(2)))).isInstanceOf(ExecutorReply.Lost.class);
  }

  /** Warms up until something else is to be done, as often as it is let. */
  private static final class Warming implements StageExecutor {

    final List<String> calls = new CopyOnWriteArrayList<>();
    private final @Nullable Throwable failure;

    Warming(@Nullable Throwable failure) {
      this.failure = failure;
    }

    @Override
    public StageInfo info() {
      return new StageInfo("model", 1, new LayerSpan(0, 1), ROW, ROW, 10, Set.of());
    }

    @Override
    public boolean warmUp(BooleanSupplier awaited) throws StageException {
      calls.add("warm");
      switch (failure) {
        case null -> await().atMost(30, TimeUnit.SECONDS).until(awaited::getAsBoolean);
        case StageException e -> throw e;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new AssertionError(failure);
      }
      return !calls.contains("open 3");
    }

    @Override
    public void open(SessionId session, int maxLength) throws StageException {
      calls.add("open " + maxLength);
      if (maxLength > 5) {
        throw new StageException("too long");
      }
    }

    @Override
    public Tensor forward(
        SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sides) {
      calls.add("forward");
      return activations;
    }

    @Override
    public void rollback(SessionId session, int length) {
      calls.add("rollback");
    }

    @Override
    public void close(SessionId session) {
      calls.add("close");
    }

    void awaitCall(String call, int times) {
      await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> calls.stream().filter(call::equals).count() == times);
    }
  }

  private static void run(StageHarness harness, ExecutorCommand command) throws Exception {
    CompletableFuture<ExecutorReply> reply = new CompletableFuture<>();
    harness.submit(command, reply::complete);
    get(reply);
  }

  @Test
  void warmUp_comesWhileNoSessionIsOpen_untilThereIsEnoughOfIt() throws Exception {
    Warming warming = new Warming(null);
    try (StageHarness other = StageHarness.start(warming, "warming")) {
      warming.awaitCall("warm", 1);
      run(other, new ExecutorCommand.Open(SESSION, 9));
      warming.awaitCall("warm", 2);
      run(other, new ExecutorCommand.Open(SESSION, 2));
      run(other, forward(0));
      run(other, new ExecutorCommand.Rollback(SESSION, 0));
      run(other, new ExecutorCommand.Close(SESSION));
      warming.awaitCall("warm", 3);
      run(other, new ExecutorCommand.Open(SESSION, 3));
      run(other, new ExecutorCommand.Close(SESSION));
      warming.awaitCall("warm", 4);
      run(other, new ExecutorCommand.Open(SESSION, 4));
      run(other, new ExecutorCommand.Close(SESSION));
      run(other, new ExecutorCommand.Open(SESSION, 5));
      run(other, new ExecutorCommand.Close(SESSION));
    }
    assertThat(warming.calls)
        .containsExactly(
            "warm",
            "open 9",
            "warm",
            "open 2",
            "forward",
            "rollback",
            "close",
            "warm",
            "open 3",
            "close",
            "warm",
            "open 4",
            "close",
            "open 5",
            "close");
  }

  @Test
  void warmUp_thatFails_isNotTriedAgainAndHarmsNothing() throws Exception {
    for (Throwable failure :
        List.of(
            new StageException("out of sorts"),
            new IllegalStateException("out of sorts"),
            new StackOverflowError("out of sorts"))) {
      Warming warming = new Warming(failure);
      try (StageHarness other = StageHarness.start(warming, "warming")) {
        run(other, new ExecutorCommand.Open(SESSION, 2));
        run(other, new ExecutorCommand.Close(SESSION));
        run(other, new ExecutorCommand.Rollback(SESSION, 0));
        assertThat(warming.calls.stream().filter("warm"::equals)).hasSizeLessThanOrEqualTo(1);
        warming.awaitCall("warm", 1);
        run(other, new ExecutorCommand.Open(SESSION, 2));
        run(other, new ExecutorCommand.Close(SESSION));
        warming.awaitCall("rollback", 1);
      }
      assertThat(warming.calls.stream().filter("warm"::equals)).hasSize(1);
    }
  }

  @Test
  void close_whileItWarmsUp_endsThatAndBeginsNoOther() {
    Warming warming = new Warming(null);
    StageHarness other = StageHarness.start(warming, "warming");
    warming.awaitCall("warm", 1);
    other.close();
    assertThat(warming.calls).containsExactly("warm");
  }
}

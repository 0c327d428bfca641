package io.baton.simulations.world;

import io.baton.session.stage.ExecutorWatch;
import io.baton.session.stage.StageEffect;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Computes one thing at a time, in the order in which it is asked for. */
final class Executor {

  private final RelayNode relay;
  private final ArrayDeque<Task> waiting = new ArrayDeque<>(2);
  private final Ticks ticks = new Ticks();
  private @Nullable Task running;
  private ExecutorWatch watch;
  private long nextCommand = 1;
  private boolean hung;
  private boolean pretends;

  Executor(RelayNode relay) {
    this.relay = relay;
    this.watch = newWatch();
  }

  private ExecutorWatch newWatch() {
    return new ExecutorWatch(relay.config().signs().stallTicks());
  }

  /** Whether it does not get on, as far as its relay can see. */
  boolean isStalled() {
    return watch.hangs();
  }

  /**
   * Gets on with nothing from now on, until it goes on or is {@link #reset}.
   *
   * @param pretending whether its relay says all the while that it does
   */
  void hang(boolean pretending) {
    hung = true;
    pretends = pretending;
    if (running != null) {
      relay.world().timeline().cancel(running);
    }
  }

  /** Goes on with what it was at. */
  void goOn() {
    boolean was = hung;
    hung = false;
    pretends = false;
    if (was && running != null) {
      begin(running);
    }
  }

  /** Computations that wait or run; a session has at most one of them. */
  int size() {
    return waiting.size() + (running == null ? 0 : 1);
  }

  void submit(StageSession session, StageEffect.Compute compute) {
    Task task = new Task(session, compute, nextCommand++);
    watch.given(task.number, work(compute));
    ticks.arm();
    if (running == null) {
      start(task);
    } else {
      waiting.add(task);
    }
  }

  /** Forgets what waits of a session that is over; what runs of it runs to its end. */
  void forget(StageSession session) {
    waiting.removeIf(
        task -> {
          if (task.session == session) {
            watch.answered(task.number);
          }
          return task.session == session;
        });
  }

  /** Forgets everything, as a process does that dies. */
  void reset() {
    if (running != null) {
      relay.world().timeline().cancel(running);
      running = null;
    }
    waiting.clear();
    relay.world().timeline().cancel(ticks);
    watch = newWatch();
    hung = false;
    pretends = false;
  }

  private long work(StageEffect.Compute compute) {
    return (long) compute.step().count() * relay.config().span().layers();
  }

  private void start(Task task) {
    running = task;
    task.nanos = relay.computeNanos(task.compute.step());
    task.failed = relay.nextComputationFails();
    relay.world().observer().onCompute(task.session, task.compute, task.nanos);
    if (!hung) {
      begin(task);
    }
  }

  private void begin(Task task) {
    task.begunNanos = relay.world().nowNanos();
    relay.world().timeline().schedule(task, task.begunNanos + task.nanos);
  }

  private void startNext() {
    running = null;
    Task next = waiting.poll();
    if (next != null) {
      start(next);
    }
  }

  private final class Task extends Event {
    private final StageSession session;
    private final StageEffect.Compute compute;
    private final long number;
    private long nanos;
    private long begunNanos;
    private boolean failed;

    Task(StageSession session, StageEffect.Compute compute, long number) {
      this.number = number;
      this.session = session;
      this.compute = compute;
    }

    @Override
    protected void run() {
      if (running != this || hung || relay.keeps(this)) {
        return;
      }
      watch.answered(number);
      startNext();
      WorldStatistics statistics = relay.world().statistics();
      statistics.computations++;
      statistics.computedTokens += compute.step().count();
      if (!session.isOver()) {
        session.computed(compute, nanos, failed);
      }
    }
  }

  /** Tells, as long as there is something to do, how much there is; and notices if it hangs. */
  private final class Ticks extends Event {

    /** What a relay says that is at nothing: a little less each time. */
    private long pretended = Long.MAX_VALUE;

    void arm() {
      if (!isPending()) {
        long next = relay.world().nowNanos() + relay.config().signs().tickNanos();
        relay.world().timeline().schedule(this, next);
      }
    }

    @Override
    protected void run() {
      if (relay.keeps(this) || !relay.isUp() || size() == 0) {
        return;
      }
      arm();
      report();
      if (!pretends && watch.tick()) {
        relay.executorHangs();
        return;
      }
      Map<Long, Long> left = watch.workLeft();
      List<Task> all = new ArrayList<>(waiting);
      if (running != null) {
        all.addFirst(running);
      }
      for (Task task : all) {
        if (!task.session.isOver()) {
          task.session.working(
              task.compute, pretends ? pretended-- : left.getOrDefault(task.number, 0L));
        }
      }
    }

    /** A step is computed at an even pace. */
    private void report() {
      if (relay.config().signs().reports() && running != null && !hung && running.nanos > 0) {
        long work = work(running.compute);
        long elapsed = relay.world().nowNanos() - running.begunNanos;
        watch.computed(running.number, work - (long) ((double) work * elapsed / running.nanos));
      }
    }
  }
}

package io.baton.simulations.world;

import io.baton.session.stage.StageEffect;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Computes one thing at a time, in the order in which it is asked for. */
final class Executor {

  private final RelayNode relay;
  private final ArrayDeque<Task> waiting = new ArrayDeque<>(2);
  private @Nullable Task running;

  Executor(RelayNode relay) {
    this.relay = relay;
  }

  /** Computations that wait or run; a session has at most one of them. */
  int size() {
    return waiting.size() + (running == null ? 0 : 1);
  }

  void submit(StageSession session, StageEffect.Compute compute) {
    Task task = new Task(session, compute);
    if (running == null) {
      start(task);
    } else {
      waiting.add(task);
    }
  }

  /** Forgets what waits of a session that is over; what runs of it runs to its end. */
  void forget(StageSession session) {
    waiting.removeIf(task -> task.session == session);
  }

  /** Forgets everything, as a process does that dies. */
  void reset() {
    if (running != null) {
      relay.world().timeline().cancel(running);
      running = null;
    }
    waiting.clear();
  }

  private void start(Task task) {
    running = task;
    task.nanos = relay.computeNanos(task.compute.step());
    task.failed = relay.nextComputationFails();
    relay.world().observer().onCompute(task.session, task.compute, task.nanos);
    relay.world().timeline().schedule(task, relay.world().nowNanos() + task.nanos);
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
    private long nanos;
    private boolean failed;

    Task(StageSession session, StageEffect.Compute compute) {
      this.session = session;
      this.compute = compute;
    }

    @Override
    protected void run() {
      if (running != this || relay.keeps(this)) {
        return;
      }
      startNext();
      WorldStatistics statistics = relay.world().statistics();
      statistics.computations++;
      statistics.computedTokens += compute.step().count();
      if (!session.isOver()) {
        session.computed(compute, nanos, failed);
      }
    }
  }
}

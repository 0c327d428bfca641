package io.baton.session.stage;

import io.baton.session.model.Payload;
import io.baton.session.model.Refusal;
import io.baton.session.model.Step;
import java.util.List;
import java.util.Optional;

/** Keeps the executor busy, one computation at a time, and takes in what comes of each. */
final class Execution {

  private final StageScratch scratch;
  private final StageOutbox out;

  Execution(StageScratch scratch, StageOutbox out) {
    this.scratch = scratch;
    this.out = out;
  }

  /** Gives the executor the first step that waits for it, if all before it are done. */
  void schedule() {
    if (scratch.running.isPresent()) {
      return;
    }
    for (int i = 0; i < scratch.carriedFrom(); i++) {
      Entry entry = scratch.open.get(i);
      if (entry.progress() instanceof Progress.Ready(Payload input)) {
        compute(i, entry, input);
        return;
      }
      if (!entry.isDone()) {
        return;
      }
    }
  }

  private void compute(int index, Entry entry, Payload input) {
    int position = entry.step().position();
    if (scratch.executorLength > position) {
      out.add(new StageEffect.Rollback(position));
    }
    long command = scratch.nextCommand++;
    scratch.running =
        Optional.of(
            new StageState.Running(command, position, Footprint.withOutput(scratch.config, input)));
    scratch.executorLength = entry.step().end();
    scratch.open.set(index, entry.with(new Progress.Computing(command)));
    out.add(new StageEffect.Compute(command, entry.step(), input));
  }

  /**
   * Hands on to the client that its next step is being worked on, if it is one that it waits for.
   */
  void working(StageInput.Working report) {
    if (!isRunning(report.command())) {
      return;
    }
    Optional<Entry> next =
        scratch.open.subList(0, scratch.carriedFrom()).stream()
            .filter(entry -> !entry.isDone())
            .findFirst();
    next.filter(Entry::confirmed)
        .ifPresent(
            entry -> {
              switch (entry.progress()) {
                case Progress.Computing _ -> tellWorking(entry, report.workLeft());
                // What runs is wanted no more, and this comes after it.
                case Progress.Ready _ -> tellWorking(entry, report.workLeft() + work(entry.step()));
                case Progress.Awaiting _, Progress.Done _ -> {}
              }
            });
  }

  private long work(Step step) {
    return (long) step.count() * scratch.config.stage().span().layers();
  }

  private void tellWorking(Entry entry, long workLeft) {
    out.add(new StageEffect.Working(entry.step().id(), workLeft));
  }

  void computed(StageInput.Computed result) {
    if (!isRunning(result.command())) {
      return;
    }
    scratch.running = Optional.empty();
    int index = indexOf(result.command());
    if (index < 0) {
      return;
    }
    Entry entry = scratch.open.get(index);
    Progress.Done done =
        new Progress.Done(
            result.output(), scratch.now - entry.arrivedNanos(), result.computeNanos());
    scratch.open.set(index, entry.with(done));
    if (entry.in(scratch.epoch)) {
      out.deliver(scratch.open.get(index), done);
    }
  }

  void failed(StageInput.ComputeFailed failure) {
    if (!isRunning(failure.command())) {
      return;
    }
    scratch.executorLength = scratch.running.orElseThrow().position();
    scratch.running = Optional.empty();
    int index = indexOf(failure.command());
    if (index < 0) {
      return;
    }
    Entry failed = scratch.open.get(index);
    List<Entry> later =
        List.copyOf(scratch.open.subList(index + 1, Math.max(index + 1, scratch.carriedFrom())));
    scratch.truncate(index);
    if (failed.in(scratch.epoch) && failed.confirmed()) {
      out.refuse(failed.step().id(), Refusal.STAGE_FAILED, failure.message());
    } else if (failed.in(scratch.epoch)) {
      // A peer's word alone must not end the session: the client will say what the input was.
      failed
          .peer()
          .ifPresent(peer -> out.drop(peer, failed.step().id(), DropReason.COMPUTE_FAILED));
      later.stream().filter(Entry::confirmed).findFirst().ifPresent(e -> out.refuseGap(e.step()));
    }
  }

  private boolean isRunning(long command) {
    return scratch.running.isPresent() && scratch.running.get().command() == command;
  }

  /** Index of the step that is being computed, or -1 if it is wanted no more. */
  private int indexOf(long command) {
    for (int i = 0; i < scratch.open.size(); i++) {
      if (scratch.open.get(i).progress() instanceof Progress.Computing(long running)
          && running == command) {
        return i;
      }
    }
    return -1;
  }
}

package io.baton.session.stage;

import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.StepId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A copy of a {@link StageState} that the parts of a {@link StageTransition} write to. */
final class StageScratch {

  final StageConfig config;
  final long now;
  final List<Entry> recorded;
  final List<Entry> open;
  final List<StageInput.PeerPush> parked;

  long epoch;
  Set<RelayId> pushSources;
  StageRole role;
  int settled;
  long settledNumber;
  Optional<StageState.Running> running;
  int executorLength;
  long nextCommand;

  StageScratch(StageState state, long nowNanos) {
    config = state.config();
    now = nowNanos;
    epoch = state.epoch();
    pushSources = state.pushSources();
    role = state.role();
    settled = state.settled();
    settledNumber = state.settledNumber();
    recorded = new ArrayList<>(state.recorded());
    open = new ArrayList<>(state.open());
    parked = new ArrayList<>(state.parked());
    running = state.running();
    executorLength = state.executorLength();
    nextCommand = state.nextCommand();
  }

  StageState finish() {
    return new StageState(
        config,
        epoch,
        pushSources,
        role,
        settled,
        settledNumber,
        recorded,
        open,
        parked,
        running,
        executorLength,
        nextCommand);
  }

  /** Position after the last step of this epoch. */
  int epochEnd() {
    int carried = carriedFrom();
    return carried == 0 ? settled : open.get(carried - 1).step().end();
  }

  /** Index of the first step that is carried over from an older epoch. */
  int carriedFrom() {
    int i = 0;
    while (i < open.size() && open.get(i).in(epoch)) {
      i++;
    }
    return i;
  }

  /** Index of the first step with a token at {@code position} or after it. */
  int firstFrom(int position) {
    int i = 0;
    while (i < open.size() && open.get(i).step().end() <= position) {
      i++;
    }
    return i;
  }

  int unconfirmed() {
    int n = 0;
    for (Entry entry : open) {
      if (entry.in(epoch) && !entry.confirmed()) {
        n++;
      }
    }
    return n;
  }

  int currentLength() {
    return StageState.currentLength(epoch, settled, open);
  }

  int indexOfOpen(StepId id) {
    return indexOf(open, id);
  }

  Optional<Entry> recorded(StepId id) {
    int index = indexOf(recorded, id);
    return index < 0 ? Optional.empty() : Optional.of(recorded.get(index));
  }

  private static int indexOf(List<Entry> entries, StepId id) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).step().id().equals(id)) {
        return i;
      }
    }
    return -1;
  }

  /** Forgets the open steps from {@code index} on. */
  void truncate(int index) {
    open.subList(index, open.size()).clear();
  }
}

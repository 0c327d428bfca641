package io.baton.session.stage;

import io.baton.session.Transition;
import io.baton.session.model.Payload;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One run of {@link StageMachine}: a scratch copy of the state, and the effects so far. */
final class StageTransition {

  private final StageConfig config;
  private final long now;
  private final List<Entry> recorded;
  private final List<Entry> open;
  private final List<StageInput.PeerPush> parked;
  private final List<StageEffect> effects = new ArrayList<>();

  private long epoch;
  private Set<RelayId> pushSources;
  private int settled;
  private long settledNumber;
  private Optional<StageState.Running> running;
  private int executorLength;
  private long nextCommand;

  StageTransition(StageState state, long nowNanos) {
    config = state.config();
    now = nowNanos;
    epoch = state.epoch();
    pushSources = state.pushSources();
    settled = state.settled();
    settledNumber = state.settledNumber();
    recorded = new ArrayList<>(state.recorded());
    open = new ArrayList<>(state.open());
    parked = new ArrayList<>(state.parked());
    running = state.running();
    executorLength = state.executorLength();
    nextCommand = state.nextCommand();
  }

  Transition<StageState, StageEffect> finish() {
    unpark();
    settle();
    schedule();
    return new Transition<>(
        new StageState(
            config,
            epoch,
            pushSources,
            settled,
            settledNumber,
            recorded,
            open,
            parked,
            running,
            executorLength,
            nextCommand),
        effects);
  }

  // ---- the client speaks

  void announce(StageInput.Announce announce) {
    if (announce.epoch() < epoch) {
      refuse(
          new StepId(announce.epoch(), 0),
          Refusal.STALE_EPOCH,
          "epoch %d is over: the session is at %d".formatted(announce.epoch(), epoch));
      return;
    }
    if (announce.epoch() > epoch) {
      raiseEpoch(announce.epoch(), announce.length());
    }
    pushSources = announce.pushSources();
    effects.add(new StageEffect.Opened(epoch, settled));
  }

  void clientStep(StageInput.ClientStep message) {
    Step step = message.step();
    if (step.id().epoch() < epoch) {
      refuse(
          step.id(),
          Refusal.STALE_EPOCH,
          "epoch %d is over: the session is at %d".formatted(step.id().epoch(), epoch));
      return;
    }
    if (!isAcceptable(message)) {
      return;
    }
    if (step.id().epoch() > epoch) {
      raiseEpoch(step.id().epoch(), step.position());
    }
    int index = indexOf(open, step.id());
    if (index >= 0) {
      arriveAgain(index, message);
      return;
    }
    int recordedIndex = indexOf(recorded, step.id());
    if (recordedIndex >= 0) {
      answerAgain(recorded.get(recordedIndex), message);
    } else if (step.id().number() <= settledNumber) {
      refuse(
          step.id(),
          Refusal.STEP_SETTLED,
          "step %s is settled and its answer is no longer kept".formatted(step.id()));
    } else {
      arriveNew(message);
    }
  }

  /** Refuses what no state could take; nothing is changed then. */
  private boolean isAcceptable(StageInput.ClientStep message) {
    Step step = message.step();
    if (step.end() > config.maxLength()) {
      refuse(
          step.id(),
          Refusal.TOO_LONG,
          "step %s ends at %d, and the session holds at most %d tokens"
              .formatted(step.id(), step.end(), config.maxLength()));
      return false;
    }
    if (message.digest().algorithm() != config.algorithm()) {
      refuse(
          step.id(),
          Refusal.MALFORMED,
          "a digest by %s in a session that uses %s"
              .formatted(message.digest().algorithm(), config.algorithm()));
      return false;
    }
    if (message.payload().isPresent()
        && !message.payload().get().digest().equals(message.digest())) {
      refuse(
          step.id(),
          Refusal.BAD_DIGEST,
          "step %s was announced as %s, and its payload is %s"
              .formatted(step.id(), message.digest(), message.payload().get().digest()));
      return false;
    }
    Optional<String> wrong = message.payload().flatMap(payload -> whatIsWrong(step, payload));
    wrong.ifPresent(what -> refuse(step.id(), Refusal.BAD_TENSOR, what));
    return wrong.isEmpty();
  }

  /** The client speaks of a step that is already here. */
  private void arriveAgain(int index, StageInput.ClientStep message) {
    Entry entry = open.get(index);
    boolean same = entry.covers(message.step()) && entry.input().equals(message.digest());
    if (entry.confirmed()) {
      answerAgain(entry, message);
      if (same && entry.progress() instanceof Progress.Awaiting(long deadline, boolean asked)) {
        open.set(index, bring(entry, message.payload(), deadline, asked));
      }
    } else if (same) {
      open.set(index, entry.claimedBy(fromClient(message)));
    } else if (entry.covers(message.step())) {
      disagree(index, message);
    } else {
      // A peer has put other tokens under the client's number.
      truncate(index);
      reportMismatch(entry, message);
      arriveNew(message);
    }
  }

  /** Fills a step that waits for its payload, or asks for the payload once more. */
  private Entry bring(Entry entry, Optional<Payload> payload, long deadline, boolean asked) {
    if (payload.isPresent()) {
      return entry.arrived(Optional.empty(), payload.get(), now);
    }
    if (asked) {
      effects.add(new StageEffect.AskPayload(entry.step().id()));
    }
    return entry.with(new Progress.Awaiting(deadline, asked));
  }

  /**
   * Repeats the answer to a step that the client has already confirmed; the first confirmation
   * stands.
   */
  private void answerAgain(Entry entry, StageInput.ClientStep message) {
    if (!entry.covers(message.step()) || !entry.input().equals(message.digest())) {
      refuse(
          message.step().id(),
          Refusal.CONFLICT,
          "step %s was confirmed as %s with digest %s"
              .formatted(message.step().id(), entry.step(), entry.input()));
    } else if (entry.progress() instanceof Progress.Done done) {
      respond(entry, done);
    }
  }

  /** A step that is heard of for the first time, from the client. */
  private void arriveNew(StageInput.ClientStep message) {
    Step step = message.step();
    if (step.position() < settled) {
      refuse(
          step.id(),
          Refusal.REWIND_NEEDS_EPOCH,
          "step %s begins at %d, before the settled length %d: announce a newer epoch"
              .formatted(step.id(), step.position(), settled));
      return;
    }
    if (step.position() > epochEnd()) {
      refuseGap(step);
      return;
    }
    int overlap = firstFrom(step.position());
    if (overlap < carriedFrom()) {
      arriveOver(overlap, message);
    } else if (carriedFrom() >= config.limits().waiting()) {
      refuse(
          step.id(),
          Refusal.TOO_MANY_STEPS,
          "%d steps are waiting at this stage".formatted(carriedFrom()));
    } else {
      place(fromClient(message));
    }
  }

  /** A new step of the client covers tokens that steps of this epoch already cover. */
  private void arriveOver(int index, StageInput.ClientStep message) {
    Step step = message.step();
    if (open.subList(index, carriedFrom()).stream().anyMatch(Entry::confirmed)) {
      refuse(
          step.id(),
          Refusal.REWIND_NEEDS_EPOCH,
          "step %s begins at %d, before steps already confirmed: announce a newer epoch"
              .formatted(step.id(), step.position()));
      return;
    }
    // What is there came from peers under other numbers, and the client's word stands above theirs.
    Entry entry = open.get(index);
    if (entry.covers(step) && entry.input().equals(message.digest())) {
      adopt(index, fromClient(message));
    } else if (entry.covers(step)) {
      disagree(index, message);
    } else {
      truncate(index);
      reportMismatch(entry, message);
      if (entry.step().position() == step.position()) {
        place(fromClient(message));
      } else {
        refuseGap(step);
      }
    }
  }

  private Entry fromClient(StageInput.ClientStep message) {
    return new Entry(
        message.step(),
        message.digest(),
        Optional.empty(),
        true,
        message.nextPeers(),
        now,
        message
            .payload()
            .<Progress>map(Progress.Ready::new)
            .orElseGet(() -> new Progress.Awaiting(now + config.limits().graceNanos(), false)));
  }

  /** The client's digest is not that of what a peer has brought: the client wins. */
  private void disagree(int index, StageInput.ClientStep message) {
    Entry rejected = open.get(index);
    List<Entry> later = List.copyOf(open.subList(index + 1, carriedFrom()));
    truncate(index);
    reportMismatch(rejected, message);
    open.add(asked(fromClient(message)));
    for (Entry entry : later) {
      if (!entry.confirmed()) {
        break;
      }
      // Confirmed, but computed on top of what was rejected.
      open.add(
          entry.progress() instanceof Progress.Ready
              ? entry
              : asked(entry.with(new Progress.Awaiting(now, false))));
    }
  }

  /** If the rejected input has been answered for, the client has to fence what came of it. */
  private void reportMismatch(Entry rejected, StageInput.ClientStep message) {
    rejected
        .peer()
        .ifPresent(
            peer ->
                effects.add(
                    new StageEffect.ReportMismatch(
                        message.step().id(),
                        message.digest(),
                        rejected.input(),
                        peer,
                        rejected.isDone(),
                        currentLength())));
  }

  /** Asks at once for a payload that no peer will bring. */
  private Entry asked(Entry entry) {
    if (entry.progress() instanceof Progress.Awaiting(long deadline, boolean asked) && !asked) {
      effects.add(new StageEffect.AskPayload(entry.step().id()));
      return entry.with(new Progress.Awaiting(deadline, true));
    }
    return entry;
  }

  // ---- a peer speaks

  void peerPush(StageInput.PeerPush message) {
    Step step = message.push().step();
    Payload payload = message.push().payload();
    if (step.id().epoch() < epoch) {
      drop(message, DropReason.STALE_EPOCH);
    } else if (step.end() > config.maxLength()
        || payload.digest().algorithm() != config.algorithm()
        || whatIsWrong(step, payload).isPresent()) {
      drop(message, DropReason.BAD_TENSOR);
    } else if (step.id().epoch() > epoch) {
      // Whether its sender may push is known once the client has announced the epoch.
      park(message);
    } else if (!pushSources.contains(message.from())) {
      drop(message, DropReason.NOT_PREVIOUS);
    } else {
      pushInEpoch(message);
    }
  }

  private void pushInEpoch(StageInput.PeerPush message) {
    Step step = message.push().step();
    Payload payload = message.push().payload();
    int index = indexOf(open, step.id());
    if (index >= 0) {
      open.set(index, pushAgain(open.get(index), message));
      return;
    }
    int recordedIndex = indexOf(recorded, step.id());
    if (recordedIndex >= 0) {
      pushAgain(recorded.get(recordedIndex), message);
    } else if (step.id().number() <= settledNumber || step.position() < epochEnd()) {
      drop(message, DropReason.OVERLAP);
    } else if (step.position() > epochEnd()) {
      park(message);
    } else if (unconfirmed() >= config.limits().speculation()) {
      drop(message, DropReason.SPECULATION_LIMIT);
    } else {
      place(
          new Entry(
              step,
              payload.digest(),
              Optional.of(message.from()),
              false,
              message.push().nextPeers(),
              now,
              new Progress.Ready(payload)));
    }
  }

  /** A push for a step that is already here; returns what becomes of the step. */
  private Entry pushAgain(Entry entry, StageInput.PeerPush message) {
    Payload payload = message.push().payload();
    boolean same = entry.covers(message.push().step()) && entry.input().equals(payload.digest());
    if (same && entry.progress() instanceof Progress.Awaiting) {
      return entry.arrived(Optional.of(message.from()), payload, now);
    }
    if (same) {
      drop(message, DropReason.DUPLICATE);
      return entry;
    }
    drop(message, DropReason.CONTRADICTS_EARLIER);
    if (entry.confirmed()) {
      effects.add(
          new StageEffect.ReportMismatch(
              entry.step().id(),
              entry.input(),
              payload.digest(),
              message.from(),
              false,
              currentLength()));
      return asked(entry);
    }
    return entry;
  }

  private void park(StageInput.PeerPush message) {
    long bytes = message.push().payload().bytes();
    for (StageInput.PeerPush other : parked) {
      bytes += other.push().payload().bytes();
    }
    if (parked.size() >= config.limits().parked() || bytes > config.limits().parkedBytes()) {
      drop(message, DropReason.PARKING_FULL);
    } else if (parked.contains(message)) {
      drop(message, DropReason.DUPLICATE);
    } else {
      parked.add(message);
    }
  }

  /** Uses the parked pushes whose turn has come, until none is left of which that is true. */
  private void unpark() {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (StageInput.PeerPush message : List.copyOf(parked)) {
        Step step = message.push().step();
        if (step.id().epoch() < epoch) {
          parked.remove(message);
          drop(message, DropReason.STALE_EPOCH);
        } else if (step.id().epoch() == epoch
            && (step.position() <= epochEnd() || indexOf(open, step.id()) >= 0)) {
          parked.remove(message);
          peerPush(message);
          changed = true;
        }
      }
    }
  }

  // ---- the executor speaks

  void computed(StageInput.Computed result) {
    if (running.isEmpty() || running.get().command() != result.command()) {
      return;
    }
    running = Optional.empty();
    int index = indexOfCommand(result.command());
    if (index < 0) {
      return;
    }
    Entry entry = open.get(index);
    Progress.Done done =
        new Progress.Done(result.output(), now - entry.arrivedNanos(), result.computeNanos());
    open.set(index, entry.with(done));
    if (entry.in(epoch)) {
      deliver(open.get(index), done);
    }
  }

  void computeFailed(StageInput.ComputeFailed failure) {
    if (running.isEmpty() || running.get().command() != failure.command()) {
      return;
    }
    executorLength = running.get().position();
    running = Optional.empty();
    int index = indexOfCommand(failure.command());
    if (index < 0) {
      return;
    }
    Entry failed = open.get(index);
    List<Entry> later = List.copyOf(open.subList(index + 1, Math.max(index + 1, carriedFrom())));
    truncate(index);
    if (failed.in(epoch) && failed.confirmed()) {
      refuse(failed.step().id(), Refusal.STAGE_FAILED, failure.message());
    } else if (failed.in(epoch)) {
      // A peer's word alone must not end the session: the client will say what the input was.
      failed
          .peer()
          .ifPresent(
              peer ->
                  effects.add(
                      new StageEffect.Dropped(
                          peer, failed.step().id(), DropReason.COMPUTE_FAILED)));
      later.stream().filter(Entry::confirmed).findFirst().ifPresent(e -> refuseGap(e.step()));
    }
  }

  void tick() {
    for (int i = 0; i < open.size(); i++) {
      if (open.get(i).progress() instanceof Progress.Awaiting(long deadline, boolean asked)
          && !asked
          && now - deadline >= 0) {
        open.set(i, asked(open.get(i)));
      }
    }
  }

  // ---- what follows from all of these

  /** Fences the older epochs; what the client does not vouch for any more becomes provisional. */
  private void raiseEpoch(long newEpoch, int length) {
    epoch = newEpoch;
    List<Entry> provisional = new ArrayList<>();
    if (length < settled) {
      for (Entry entry : recorded) {
        if (entry.step().position() >= length && entry.step().count() > 0) {
          provisional.add(entry);
        }
      }
      recorded.removeIf(entry -> entry.step().end() > length);
      settled = length;
    }
    provisional.addAll(open);
    open.clear();
    int end = settled;
    for (Entry entry : provisional) {
      if (entry.step().position() != end || entry.progress() instanceof Progress.Awaiting) {
        break;
      }
      open.add(entry.with(false));
      end = entry.step().end();
    }
  }

  /** Puts a step after the last one of this epoch, taking over a computation if there is one. */
  private void place(Entry fresh) {
    int carried = carriedFrom();
    int match = carried;
    while (match < open.size() && open.get(match).step().count() == 0 && fresh.step().count() > 0) {
      match++;
    }
    if (match < open.size()
        && open.get(match).covers(fresh.step())
        && open.get(match).input().equals(fresh.input())) {
      open.subList(carried, match).clear();
      adopt(carried, fresh);
    } else {
      truncate(carried);
      open.add(fresh);
    }
  }

  /** Gives the computation of another step to this one. */
  private void adopt(int index, Entry claim) {
    Entry entry = open.get(index).claimedBy(claim);
    open.set(index, entry);
    if (entry.progress() instanceof Progress.Done done) {
      deliver(entry, done);
    }
  }

  /** Hands the output to the next stage, first, because the client has further to go with it. */
  private void deliver(Entry entry, Progress.Done done) {
    if (!entry.nextPeers().isEmpty()) {
      effects.add(new StageEffect.PushOutput(entry.step(), entry.nextPeers(), done.output()));
    }
    respond(entry, done);
  }

  private void respond(Entry entry, Progress.Done done) {
    effects.add(
        new StageEffect.Respond(
            entry.step(),
            entry.source(),
            entry.input(),
            done.output(),
            currentLength(),
            done.stageNanos(),
            done.computeNanos()));
  }

  private void settle() {
    passOver();
    while (!open.isEmpty()
        && open.getFirst().in(epoch)
        && open.getFirst().confirmed()
        && open.getFirst().isDone()) {
      Entry entry = open.removeFirst();
      settled = entry.step().end();
      settledNumber = Math.max(settledNumber, entry.step().id().number());
      recorded.add(entry);
      if (recorded.size() > config.limits().recorded()) {
        recorded.removeFirst();
      }
    }
  }

  /**
   * Forgets the steps of no tokens that the client has gone past without a word on them: a forged
   * one would hold up for good everything that comes after it.
   */
  private void passOver() {
    boolean confirmedLater = false;
    for (int i = carriedFrom() - 1; i >= 0; i--) {
      Entry entry = open.get(i);
      if (confirmedLater && !entry.confirmed() && entry.step().count() == 0) {
        open.remove(i);
      }
      confirmedLater |= entry.confirmed();
    }
  }

  /** Gives the executor the first step that waits for it, if all before it are done. */
  private void schedule() {
    if (running.isPresent()) {
      return;
    }
    for (int i = 0; i < carriedFrom(); i++) {
      Entry entry = open.get(i);
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
    if (executorLength > position) {
      effects.add(new StageEffect.Rollback(position));
    }
    long command = nextCommand++;
    running = Optional.of(new StageState.Running(command, position));
    executorLength = entry.step().end();
    open.set(index, entry.with(new Progress.Computing(command)));
    effects.add(new StageEffect.Compute(command, entry.step(), input));
  }

  // ---- helpers

  private Optional<String> whatIsWrong(Step step, Payload payload) {
    TensorSpec expected = config.stage().inputRow().withRows(step.count());
    if (!payload.activations().spec().equals(expected)) {
      return Optional.of(
          "step %s takes activations of %s, not %s"
              .formatted(step.id(), expected, payload.activations().spec()));
    }
    return payload.sideInputs().keySet().stream()
        .filter(name -> !config.stage().sideInputs().contains(name))
        .findFirst()
        .map(name -> "this stage knows no side input named '%s'".formatted(name));
  }

  /** Position after the last step of this epoch. */
  private int epochEnd() {
    int carried = carriedFrom();
    return carried == 0 ? settled : open.get(carried - 1).step().end();
  }

  /** Index of the first step that is carried over from an older epoch. */
  private int carriedFrom() {
    int i = 0;
    while (i < open.size() && open.get(i).in(epoch)) {
      i++;
    }
    return i;
  }

  /** Index of the first step with a token at {@code position} or after it. */
  private int firstFrom(int position) {
    int i = 0;
    while (i < open.size() && open.get(i).step().end() <= position) {
      i++;
    }
    return i;
  }

  private int unconfirmed() {
    int n = 0;
    for (Entry entry : open) {
      if (entry.in(epoch) && !entry.confirmed()) {
        n++;
      }
    }
    return n;
  }

  private int currentLength() {
    int length = settled;
    for (Entry entry : open) {
      if (!entry.in(epoch) || !entry.isDone()) {
        break;
      }
      length = entry.step().end();
    }
    return length;
  }

  private static int indexOf(List<Entry> entries, StepId id) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).step().id().equals(id)) {
        return i;
      }
    }
    return -1;
  }

  private int indexOfCommand(long command) {
    for (int i = 0; i < open.size(); i++) {
      if (open.get(i).progress() instanceof Progress.Computing(long running)
          && running == command) {
        return i;
      }
    }
    return -1;
  }

  private void truncate(int index) {
    open.subList(index, open.size()).clear();
  }

  private void refuseGap(Step step) {
    refuse(
        step.id(),
        Refusal.GAP,
        "step %s begins at %d, and the next one here is at %d"
            .formatted(step.id(), step.position(), epochEnd()));
  }

  private void refuse(StepId step, Refusal reason, String message) {
    effects.add(new StageEffect.Refuse(step, reason, message, currentLength()));
  }

  private void drop(StageInput.PeerPush message, DropReason reason) {
    effects.add(new StageEffect.Dropped(message.from(), message.push().step().id(), reason));
  }
}

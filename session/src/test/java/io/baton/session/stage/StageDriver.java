package io.baton.session.stage;

import static io.baton.session.testing.TestPayloads.payload;
import static io.baton.session.testing.TestPayloads.rows;

import io.baton.session.Transition;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.testing.Oracle;
import io.baton.session.testing.TestPayloads;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A stage with an executor that computes the oracle and insists on being asked in order. */
final class StageDriver {

  private static final Ticket TICKET = new Ticket(new byte[] {1});

  static final RelayId PREVIOUS = new RelayId("previous", 1L << 32);
  static final RelayId STRANGER = new RelayId("stranger", 1L << 32);
  static final Peer NEXT = peer("next");
  static final Peer OTHER_NEXT = peer("otherNext");
  static final LayerSpan SPAN = new LayerSpan(1, 3);
  static final int MAX_LENGTH = 200_000;

  private static final SessionId SESSION = new SessionId(1, 2);

  StageState state;
  long now = 1_000;
  long epoch;
  private List<Peer> nextPeers = List.of(NEXT);
  private List<Long> absorbed = new ArrayList<>();
  private Optional<StageEffect.Compute> computing = Optional.empty();

  private StageDriver(StageState state) {
    this.state = state;
  }

  /** A session that is open in epoch 1. */
  static StageDriver opened() {
    return opened(StageConfig.Limits.DEFAULT, MAX_LENGTH);
  }

  static StageDriver opened(StageConfig.Limits limits, int maxLength) {
    StageDriver driver =
        new StageDriver(
            StageState.initial(
                new StageConfig(
                    TestPayloads.stage(3, SPAN, maxLength, "beams"),
                    maxLength,
                    Digest.Algorithm.SHA256,
                    limits)));
    driver.announce(1, 0);
    return driver;
  }

  private static Peer peer(String name) {
    return new Peer(new RelayId(name, 1L << 32), name + ":1", TICKET);
  }

  /** The outputs of this stage for a whole session. */
  static Payload outputs(Payload... inputs) {
    List<Long> all = new ArrayList<>();
    for (Payload input : inputs) {
      all.addAll(rows(input));
    }
    int last = inputs[inputs.length - 1].tokens();
    return payload(Oracle.run(SPAN, all).subList(all.size() - last, all.size()));
  }

  StageDriver nextPeers(Peer... peers) {
    nextPeers = List.of(peers);
    return this;
  }

  List<StageEffect> announce(long newEpoch, int length) {
    return announce(newEpoch, length, StageRole.ACTIVE);
  }

  List<StageEffect> announce(long newEpoch, int length, StageRole role) {
    epoch = Math.max(epoch, newEpoch);
    return give(new StageInput.Announce(newEpoch, length, Set.of(PREVIOUS), role));
  }

  Step step(long number, int position, int count) {
    return new Step(new StepId(epoch, number), position, count);
  }

  /** The client brings the payload. */
  List<StageEffect> send(long number, int position, Payload payload) {
    return client(step(number, position, payload.tokens()), payload.digest(), Optional.of(payload));
  }

  /** The client brings the digest alone. */
  List<StageEffect> confirm(long number, int position, Payload payload) {
    return client(step(number, position, payload.tokens()), payload.digest(), Optional.empty());
  }

  List<StageEffect> client(Step step, Digest digest, Optional<Payload> payload) {
    return give(new StageInput.ClientStep(step, nextPeers, digest, payload));
  }

  List<StageEffect> push(long number, int position, Payload payload) {
    return push(PREVIOUS, epoch, number, position, payload);
  }

  List<StageEffect> push(RelayId from, long inEpoch, long number, int position, Payload payload) {
    Step step = new Step(new StepId(inEpoch, number), position, payload.tokens());
    return give(new StageInput.PeerPush(from, pushOf(step, payload)));
  }

  Push pushOf(Step step, Payload payload) {
    return new Push(SESSION, TICKET, step, nextPeers, payload);
  }

  /** The executor finishes what it computes. */
  List<StageEffect> computed() {
    StageEffect.Compute done = take();
    absorbed.addAll(rows(done.input()));
    List<Long> outputs = Oracle.run(SPAN, absorbed);
    return give(
        new StageInput.Computed(
            done.command(),
            payload(
                outputs.subList(done.step().position(), done.step().end()),
                done.input().sideInputs()),
            7));
  }

  List<StageEffect> computeFailed() {
    return give(new StageInput.ComputeFailed(take().command(), "out of memory"));
  }

  /** The executor works on, with so much left. */
  List<StageEffect> working(long workLeft) {
    return give(new StageInput.Working(computing.orElseThrow().command(), workLeft));
  }

  List<StageEffect> tickAfter(long nanos) {
    now += nanos;
    return give(new StageInput.Tick());
  }

  boolean isComputing() {
    return computing.isPresent();
  }

  Payload computingInput() {
    return computing.orElseThrow().input();
  }

  /** Tokens that the executor holds. */
  int executorLength() {
    return absorbed.size();
  }

  private StageEffect.Compute take() {
    StageEffect.Compute taken = computing.orElseThrow();
    computing = Optional.empty();
    return taken;
  }

  List<StageEffect> give(StageInput input) {
    Transition<StageState, StageEffect> made = StageMachine.step(state, input, now);
    long most = Footprint.of(state) + Footprint.most(state.config(), input);
    if (Footprint.of(made.state()) > most) {
      throw new AssertionError("larger than %d bytes after %s".formatted(most, input));
    }
    state = made.state();
    for (StageEffect effect : made.effects()) {
      if (effect instanceof StageEffect.Rollback(int length)) {
        if (computing.isPresent() || length >= absorbed.size()) {
          throw new AssertionError("no time to roll back to " + length);
        }
        absorbed = new ArrayList<>(absorbed.subList(0, length));
      }
      if (effect instanceof StageEffect.Compute compute) {
        if (computing.isPresent() || compute.step().position() != absorbed.size()) {
          throw new AssertionError("no time to compute " + compute.step());
        }
        computing = Optional.of(compute);
      }
    }
    return made.effects();
  }
}

package io.baton.simulations.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.Transition;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import io.baton.simulations.swarm.Violation.Kind;
import io.baton.simulations.world.OraclePayloads;
import io.baton.simulations.world.Protocol;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A checker that cannot fail proves nothing: each is shown what it must object to. */
class CheckersTest {

  private static final int SEEDS = 1_000;

  static Stream<Arguments> brokenProtocols() {
    return Stream.of(
        Arguments.of("no epoch fence", BrokenProtocols.withoutEpochFence()),
        Arguments.of("no trimming", BrokenProtocols.withoutTrimming()),
        Arguments.of("no digest check", BrokenProtocols.withoutDigestCheck()),
        Arguments.of(
            "standby promoted while behind", BrokenProtocols.withStandbyPromotedWhileBehind()),
        Arguments.of(
            "replay under the old step number", BrokenProtocols.withReplayUnderTheOldStepNumber()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenProtocols")
  void brokenProtocol_isCaughtWithinAThousandSeeds(String name, Protocol protocol)
      throws InterruptedException {
    Swarm swarm = new Swarm(0, SEEDS, protocol);
    swarm.run(2, () -> {});

    assertThat(swarm.lowestFailing()).as(name).isLessThan(SEEDS);
    Violation caught = SwarmRun.ofSeed(swarm.lowestFailing(), protocol).violation().orElseThrow();
    System.out.printf(
        "%s: caught by seed %d: %s: %s%n",
        name, swarm.lowestFailing(), caught.kind(), caught.getMessage());
  }

  @Test
  void productionProtocol_failsNoneOfTheSameSeeds() throws InterruptedException {
    Swarm swarm = new Swarm(0, SEEDS, Protocol.PRODUCTION);
    swarm.run(2, () -> {});
    assertThat(swarm.lowestFailing()).isEqualTo(Long.MAX_VALUE);
    assertThat(swarm.seeds()).isEqualTo(SEEDS);
  }

  // ---- one violation each

  private static void assertCaught(Kind kind, Protocol protocol) {
    for (long seed = 0; seed < 20; seed++) {
      Optional<Violation> violation = SwarmRun.ofSeed(seed, protocol).violation();
      if (violation.isPresent()) {
        assertThat(violation.get().kind()).as(violation.get().getMessage()).isEqualTo(kind);
        return;
      }
    }
    throw new AssertionError("not caught: " + kind);
  }

  private static Protocol stageEffects(UnaryOperator<List<StageEffect>> change) {
    return Wrapped.stages(
        machine ->
            (state, input, now) -> {
              Transition<StageState, StageEffect> made = machine.step(state, input, now);
              return new Transition<>(made.state(), change.apply(made.effects()));
            });
  }

  private static Protocol stageStates(UnaryOperator<StageState> change) {
    return Wrapped.stages(
        machine ->
            (state, input, now) -> {
              Transition<StageState, StageEffect> made = machine.step(state, input, now);
              return new Transition<>(change.apply(made.state()), made.effects());
            });
  }

  private static Protocol routeEffects(UnaryOperator<RouteEffect> change) {
    return Wrapped.routes(
        machine ->
            (state, input, now) -> {
              Transition<RouteState, RouteEffect> made = machine.step(state, input, now);
              return new Transition<>(made.state(), made.effects().stream().map(change).toList());
            });
  }

  @Test
  void tokens_otherThanTheOracles() {
    assertCaught(
        Kind.TOKENS,
        routeEffects(
            effect ->
                effect instanceof RouteEffect.Accepted accepted && accepted.position() > 3
                    ? new RouteEffect.Accepted(
                        accepted.request(),
                        accepted.position(),
                        OraclePayloads.payload(new long[accepted.output().tokens()]))
                    : effect));
  }

  @Test
  void length_beyondTheSessions() {
    assertCaught(
        Kind.LENGTH,
        stageStates(
            s ->
                s.open().isEmpty() && s.settled() > 0
                    ? new StageState(
                        s.config(),
                        s.epoch(),
                        s.pushSources(),
                        s.role(),
                        s.config().maxLength(),
                        s.settledNumber(),
                        s.recorded(),
                        s.open(),
                        s.parked(),
                        s.running(),
                        s.executorLength(),
                        s.nextCommand())
                    : s));
  }

  @Test
  void answers_twice() {
    assertCaught(
        Kind.ANSWERS,
        stageEffects(
            effects -> {
              List<StageEffect> more = new ArrayList<>(effects);
              effects.stream().filter(StageEffect.Respond.class::isInstance).forEach(more::add);
              return more;
            }));
  }

  @Test
  void answers_againUnasked() {
    assertCaught(Kind.ANSWERS, Wrapped.stages(Repeating::new));
  }

  /** Answers a step once more at the next event. */
  private static final class Repeating implements Protocol.Stage {
    private final Protocol.Stage machine;
    private List<StageEffect> last = List.of();

    Repeating(Protocol.Stage machine) {
      this.machine = machine;
    }

    @Override
    public Transition<StageState, StageEffect> step(
        StageState state, StageInput input, long nowNanos) {
      Transition<StageState, StageEffect> made = machine.step(state, input, nowNanos);
      List<StageEffect> all = new ArrayList<>(made.effects());
      all.addAll(last);
      last = made.effects().stream().filter(StageEffect.Respond.class::isInstance).toList();
      return new Transition<>(made.state(), all);
    }
  }

  @Test
  void queue_beyondItsBound() {
    assertCaught(
        Kind.BOUNDS,
        Wrapped.stages(
            machine ->
                (state, input, now) -> {
                  Transition<StageState, StageEffect> made = machine.step(state, input, now);
                  StageState s = made.state();
                  return input instanceof StageInput.PeerPush push
                      ? new Transition<>(
                          new StageState(
                              s.config(),
                              s.epoch(),
                              s.pushSources(),
                              s.role(),
                              s.settled(),
                              s.settledNumber(),
                              s.recorded(),
                              s.open(),
                              Collections.nCopies(100, push),
                              s.running(),
                              s.executorLength(),
                              s.nextCommand()),
                          made.effects())
                      : made;
                }));
  }

  @Test
  void waiting_withoutADeadline() {
    assertCaught(
        Kind.TIMER,
        Wrapped.routes(
            machine ->
                (state, input, now) ->
                    input instanceof RouteInput.Submit
                        ? new Transition<>(state, List.of())
                        : machine.step(state, input, now)));
  }

  @Test
  void machine_thatThrows() {
    assertCaught(
        Kind.EXCEPTION,
        Wrapped.stages(
            _ ->
                (_, _, _) -> {
                  throw new IllegalStateException("broken");
                }));
  }

  @Test
  void session_thatIsNeverAnswered() {
    assertCaught(
        Kind.STUCK,
        stageEffects(
            effects ->
                effects.stream()
                    .filter(effect -> !(effect instanceof StageEffect.Opened))
                    .toList()));
  }

  @Test
  void stream_thatIsNeverClosed() {
    assertCaught(
        Kind.LEFT_OVER,
        Wrapped.routes(
            machine ->
                (state, input, now) -> {
                  Transition<RouteState, RouteEffect> made = machine.step(state, input, now);
                  return new Transition<>(
                      made.state(),
                      made.effects().stream()
                          .filter(effect -> !(effect instanceof RouteEffect.CloseStage))
                          .toList());
                }));
  }

  @Test
  void timer_thatFiresForEver() {
    assertCaught(
        Kind.ENDLESS,
        Wrapped.routes(
            machine ->
                (state, input, now) ->
                    input instanceof RouteInput.Tick
                        ? new Transition<>(state, List.of())
                        : machine.step(state, input, now)));
  }

  @Test
  void relay_thatIsBlamedAndHasNotLied() {
    assertCaught(
        Kind.BLAME,
        Wrapped.routes(
            machine ->
                (state, input, now) -> {
                  Transition<RouteState, RouteEffect> made = machine.step(state, input, now);
                  if (!(input instanceof RouteInput.Answered answer)) {
                    return made;
                  }
                  List<RouteEffect> effects = new ArrayList<>(made.effects());
                  effects.add(
                      new RouteEffect.MismatchSeen(
                          answer.relay(),
                          answer.step().id(),
                          answer.inputDigest(),
                          answer.output().digest(),
                          answer.relay()));
                  return new Transition<>(made.state(), effects);
                }));
  }
}

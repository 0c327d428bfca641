package io.baton.simulations.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.baton.simulations.study.SessionTimeline.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RelayedSimulatorTest {

  private static final Duration HOUR = Duration.ofHours(1);
  private static final FailureModel NONE = new FailureModel(0);

  private static SessionRun run(Strategy strategy, int tokens, FailureModel failures, long seed) {
    return Simulators.of(strategy)
        .run(Chains.round(4), new Workload(1, tokens, HOUR), failures, seed, SessionTimeline.NONE);
  }

  @Test
  void push_withoutFailures_takesFiveTransfersAStep() {
    SessionRun run = run(Strategy.PUSH_REPLAY, 100, NONE, 1);

    assertThat(run.finished()).isTrue();
    assertThat(run.steps()).isEqualTo(100);
    // Discovery and opening take a round trip each; then five times 10 ms and four times 1 ms.
    assertThat(run.nanos() / 1e6).isCloseTo(40 + 100 * 54, within(1.0));
    assertThat(run.replayedTokens()).isZero();
  }

  @Test
  void clientPath_withoutFailures_takesEightTransfersAStep() {
    SessionRun run = run(Strategy.CLIENT_REPLAY, 100, NONE, 1);

    assertThat(run.nanos() / 1e6).isCloseTo(40 + 100 * 84, within(1.0));
  }

  @Test
  void standby_withoutFailures_slowsNothingDown() {
    assertThat(run(Strategy.PUSH_STANDBY, 100, NONE, 1).nanos())
        .isEqualTo(run(Strategy.PUSH_REPLAY, 100, NONE, 1).nanos());
  }

  @ParameterizedTest
  @EnumSource(names = {"CLIENT_REPLAY", "PUSH_REPLAY", "PUSH_STANDBY"})
  void failures_strikeAsOftenAsTheModelSays(Strategy strategy) {
    double probability = 0.01;
    long failures = 0;
    for (int seed = 0; seed < 16; seed++) {
      SessionRun run = run(strategy, 200, new FailureModel(probability), seed);
      assertThat(run.finished()).isTrue();
      failures += run.failures();
    }

    // Five transfers a step, and some more that are replayed; the deviation is 13 of 160.
    assertThat(failures).isBetween(125L, 225L);
  }

  @Test
  void failure_isReplayedByAReplacement() {
    SessionRun run = run(Strategy.PUSH_REPLAY, 200, new FailureModel(0.01), 3);

    assertThat(run.failures()).isPositive();
    assertThat(run.recoveries()).isPositive();
    assertThat(run.replayedTokens()).isPositive();
    assertThat(run.takeovers()).isZero();
    assertThat(run.nanos()).isGreaterThan(run.failures() * 2_000_000_000L);
  }

  @Test
  void failure_withAStandby_costsLess() {
    FailureModel failures = new FailureModel(0.003);
    SessionRun replayed = run(Strategy.PUSH_REPLAY, 400, failures, 3);
    SessionRun takenOver = run(Strategy.PUSH_STANDBY, 400, failures, 3);

    assertThat(takenOver.takeovers()).isPositive();
    assertThat(takenOver.replayedTokens()).isLessThan(replayed.replayedTokens());
    assertThat(takenOver.nanos()).isLessThan(400 * 60_000_000L).isLessThan(replayed.nanos());
  }

  @Test
  void strikingCopies_killsStandbysThatNothingElseWould() {
    SessionRun spared = run(Strategy.PUSH_STANDBY, 400, new FailureModel(0.01, false), 3);
    SessionRun struck = run(Strategy.PUSH_STANDBY, 400, new FailureModel(0.01, true), 3);

    assertThat(struck.failures()).isGreaterThan(spared.failures() * 5 / 4);
    assertThat(struck.finished()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"CLIENT_REPLAY", "PUSH_REPLAY", "PUSH_STANDBY"})
  void beyondTheCap_isNotFinished(Strategy strategy) {
    SessionRun run =
        Simulators.of(strategy)
            .run(
                Chains.round(4),
                new Workload(1, 100, Duration.ofSeconds(3)),
                NONE,
                1,
                SessionTimeline.NONE);

    assertThat(run.finished()).isFalse();
    assertThat(run.nanos()).isEqualTo(3_000_000_000L);
  }

  @ParameterizedTest
  @EnumSource(names = {"CLIENT_REPLAY", "PUSH_REPLAY", "PUSH_STANDBY"})
  void sameSeed_givesTheSameHistory(Strategy strategy) {
    assertThat(history(strategy, 3)).isEqualTo(history(strategy, 3)).isNotEmpty();
    assertThat(history(strategy, 3)).isNotEqualTo(history(strategy, 4));
  }

  private static List<String> history(Strategy strategy, long seed) {
    List<String> history = new ArrayList<>();
    Simulators.of(strategy)
        .run(
            Chains.round(4),
            new Workload(4, 60, HOUR),
            new FailureModel(0.02),
            seed,
            (kind, sender, party, from, to) ->
                history.add("%s %d %d %d %d".formatted(kind, sender, party, from, to)));
    return history;
  }

  @Test
  void recordedSession_showsOneFailureAndTheTakeover() {
    RecordedSession session =
        RecordedSession.find(
                Strategy.PUSH_STANDBY,
                Chains.round(4),
                new Workload(1, 100, HOUR),
                new FailureModel(0.003),
                1)
            .orElseThrow();

    assertThat(kinds(session, Kind.DEATH)).isEqualTo(1);
    assertThat(kinds(session, Kind.TAKEOVER)).isPositive();
    assertThat(kinds(session, Kind.TOKEN)).isEqualTo(8);
    assertThat(session.gap()).isBetween(Duration.ofMillis(60), Duration.ofMillis(500));
  }

  private static long kinds(RecordedSession session, Kind kind) {
    return session.segments().stream().filter(segment -> segment.kind() == kind).count();
  }
}

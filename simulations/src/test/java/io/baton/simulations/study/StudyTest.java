package io.baton.simulations.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StudyTest {

  private static StudyInputs inputs(String strategy, String tokens, String rates, String repeats)
      throws BadInputException {
    return StudyInputs.of(
        GivenInputs.none()
            .withOption(Input.STRATEGY, strategy)
            .withOption(Input.TOKENS, tokens)
            .withOption(Input.FAILURE_RATE, rates)
            .withOption(Input.REPEATS, repeats));
  }

  /** One failure in 20 steps, a thousand tokens: the promise of the standby. */
  @Test
  void standby_keepsThreeFifthsOfItsRateAtOneInAHundred() throws Exception {
    StudyResult result =
        new Study(inputs("push-standby", "1024", "1e-2", "8"), 2, Progress.NONE).run();

    Cell struck = result.cell(Strategy.PUSH_STANDBY, 1e-2);
    assertThat(struck.finished()).isEqualTo(8);
    assertThat(result.kept(struck)).isBetween(0.6, 0.9);
  }

  @Test
  void figures_dependOnTheSeedAndNotOnTheThreads() throws Exception {
    StudyInputs inputs = inputs("all", "40", "1e-2", "6");

    assertThat(new Study(inputs, 1, Progress.NONE).run())
        .isEqualTo(new Study(inputs, 3, Progress.NONE).run());
  }

  @Test
  void noneFinished_isAnOutcome() throws Exception {
    StudyResult result = new Study(inputs("restart", "1024", "0.1", "2"), 1, Progress.NONE).run();

    Cell cell = result.cell(Strategy.RESTART, 0.1);
    assertThat(cell.stepsPerSecond()).isEmpty();
    assertThat(result.kept(cell)).isZero();
  }

  @Test
  void progress_isToldOfEverySession() throws Exception {
    AtomicLong expected = new AtomicLong();
    AtomicLong ran = new AtomicLong();
    Progress progress =
        new Progress() {
          @Override
          public void begins(long sessions) {
            expected.set(sessions);
          }

          @Override
          public void ran() {
            ran.incrementAndGet();
          }
        };

    new Study(inputs("restart,push-replay", "10", "1e-2", "5"), 2, progress).run();

    assertThat(expected).hasValue(20);
    assertThat(ran).hasValue(20);
  }

  @Test
  void charts_haveEveryStrategyAtEveryPoint() throws Exception {
    StudyResult result =
        new Study(inputs("all", "24", "1e-2", "2"), 2, Progress.NONE).runWithCharts();

    assertThat(result.overFailureRate()).hasSize(8 * 5);
    assertThat(result.overRoundTrip()).hasSize(8 * 5);
    assertThat(result.sessions())
        .extracting(RecordedSession::strategy)
        .containsExactly(Strategy.CLIENT_REPLAY, Strategy.PUSH_REPLAY, Strategy.PUSH_STANDBY);
  }
}

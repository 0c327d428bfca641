package io.baton.session.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.testing.TestPayloads;
import org.junit.jupiter.api.Test;

class TrialsTest {

  private static final RouteConfig.Patience PATIENCE = RouteConfig.Patience.DEFAULT.withFailures(2);

  private static Candidate relay(String name, long incarnation) {
    return new Candidate(
        new RelayId(name, incarnation),
        name + ":1",
        TestPayloads.stage(1, new LayerSpan(0, 1), 10));
  }

  @Test
  void failed_countsEachAndKnowsThePlaceAgain() {
    Trials trials = Trials.NONE.failed(relay("a", 1), "lost").failed(relay("a", 2), "lost again");
    assertThat(trials.failures()).isEqualTo(2);
    assertThat(trials.hasFailed(relay("a", 3))).isTrue();
    assertThat(trials.hasFailed(relay("b", 1))).isFalse();
    assertThat(trials.areMany(PATIENCE)).isFalse();
    assertThat(trials.failed(relay("b", 1), "lost").areMany(PATIENCE)).isTrue();
  }

  @Test
  void failed_keepsTheLatestToTell() {
    Trials trials = Trials.NONE;
    for (int i = 0; i < 3 * Trials.KEPT; i++) {
      trials = trials.failed(relay("a", i), "cause " + i);
    }
    assertThat(trials.latest()).hasSize(Trials.KEPT);
    assertThat(trials.latest().getLast().cause()).isEqualTo("cause " + (3 * Trials.KEPT - 1));
    assertThat(trials.failed()).hasSize(1);
  }

  @Test
  void resynchronised_isCountedForEachRelayAndIsNoFailure() {
    RelayId a = new RelayId("a", 1);
    Trials trials = Trials.NONE.resynchronised(a).resynchronised(a);
    assertThat(trials.resynchronisations(a)).isEqualTo(2);
    assertThat(trials.resynchronisations(new RelayId("b", 1))).isZero();
    assertThat(trials.failures()).isZero();
  }

  @Test
  void disturbed_byWhatAnHonestRelayMayHaveOnItsWay_isBorne() {
    RelayId a = new RelayId("a", 1);
    Trials trials = Trials.NONE;
    for (int i = 0; i < Trials.NOISE; i++) {
      trials = trials.disturbed(a);
    }
    assertThat(trials.isNoisy(a)).isFalse();
    assertThat(trials.disturbed(a).isNoisy(a)).isTrue();
    assertThat(trials.disturbed(a).isNoisy(new RelayId("b", 1))).isFalse();
  }

  @Test
  void quest_endsByTimeAlone() {
    Quest quest = Quest.begun(100);
    for (int i = 0; i < 1_000; i++) {
      quest = quest.again(100 + i);
    }
    assertThat(quest.isOver(PATIENCE, 100 + PATIENCE.silenceNanos() - 1)).isFalse();
    assertThat(quest.isOver(PATIENCE, 100 + PATIENCE.silenceNanos())).isTrue();
    assertThat(quest.answered(true).isOver(PATIENCE, 100 + PATIENCE.searchNanos() - 1)).isFalse();
    assertThat(quest.answered(true).isOver(PATIENCE, 100 + PATIENCE.searchNanos())).isTrue();
  }
}

package io.baton.session.explore;

import static io.baton.session.explore.Scenario.at;
import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.explore.Scenario.Fault;
import io.baton.session.model.LayerSpan;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every order of events in small worlds. What must hold in each world is in {@link Explorer}: the
 * tokens are those of the oracle, nothing is computed twice or on top of anything else, nobody but
 * a liar is blamed, nothing gets stuck, and a request fails only if no route is left.
 */
class ExhaustiveTest {

  private static final int LIMIT = 400_000;

  // ---- without faults

  @Test
  void healthyChain_threeStages() {
    assertThat(explore(Scenario.chain(3, 1)).worlds()).isGreaterThan(50);
    assertThat(explore(Scenario.chain(3, 2)).worlds()).isGreaterThan(150);
    assertThat(explore(Scenario.chain(4, 3)).worlds()).isGreaterThan(500);
  }

  @Test
  void healthyChain_pushesInOrder() {
    assertThat(explore(Scenario.chain(3, 2).withPushesInOrder()).worlds()).isGreaterThan(150);
  }

  @Test
  void healthyChain_confirmingInFull() {
    assertThat(explore(Scenario.chain(3, 2).confirmingInFull()).worlds()).isGreaterThan(300);
  }

  @Test
  void healthyChain_withoutPush() {
    assertThat(explore(Scenario.chain(3, 2).withoutPush()).worlds()).isGreaterThan(40);
  }

  @Test
  void healthyChain_prefillAndDecode() {
    Scenario scenario = Scenario.chain(3, 0).submitting(at(0, 1L, 2L, 3L), at(3, 4L), at(4, 5L));
    assertThat(explore(scenario).worlds()).isGreaterThan(200);
  }

  @Test
  void healthyChain_zeroTokenSteps() {
    Scenario scenario = Scenario.chain(3, 0).submitting(at(0), at(0, 1L, 2L), at(2), at(2, 3L));
    assertThat(explore(scenario).worlds()).isGreaterThan(400);
  }

  @Test
  void healthyChain_rewind() {
    Scenario scenario =
        Scenario.chain(3, 0).submitting(at(0, 1L, 2L), at(2, 3L), at(1, 4L), at(2, 3L), at(0, 1L));
    Explorer.Result result = explore(scenario);
    assertThat(result.worlds()).isGreaterThan(400);
    assertThat(result.seen()).contains("Rollback");
  }

  @Test
  void healthyChain_withStandbys() {
    Explorer.Result result = explore(spared(2).withStandbys());
    assertThat(result.worlds()).isGreaterThan(1_000);
    assertThat(result.seen()).contains("Absorbed", "StandbyReady").doesNotContain("StandbyLost");
  }

  // ---- with faults

  @ParameterizedTest
  @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "RESTART")
  void oneFault_withStandbys(Fault fault) {
    Scenario scenario = Scenario.chain(2, 2).withSpare(1, 2).withStandbys().with(fault, 1);
    assertThat(explore(scenario).seen()).contains("Absorbed");
  }

  @Test
  void restart_withStandbys() {
    Scenario scenario = Scenario.chain(2, 1).withSpare(1, 2).withStandbys();
    assertThat(explore(scenario.with(Fault.RESTART, 1)).seen()).contains("Absorbed");
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void oneFault_threeStagesWithSpares(Fault fault) {
    Scenario scenario =
        Scenario.chain(3, 2).withSpare(0, 1).withSpare(1, 2).withSpare(2, 3).with(fault, 1);
    assertThat(explore(scenario).failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"DRAIN", "DISCONNECT"})
  void twoFaults_twoStagesWithSpares(Fault fault) {
    explore(spared(2).with(fault, 2));
  }

  @ParameterizedTest
  @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "DRAIN")
  void twoFaults_twoStagesWithoutSpares(Fault fault) {
    explore(Scenario.chain(2, 2).with(fault, 2));
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {
        "LOSE_PUSH",
        "DUPLICATE_PUSH",
        "CORRUPT_PUSH",
        "FORGE_PUSH",
        "LOSE_MESSAGE",
        "REORDER_MESSAGE",
        "EARLY_TIMER"
      })
  void passingFault_neverEndsASessionWithoutSpares(Fault fault) {
    assertThat(explore(Scenario.chain(3, 2).with(fault, 1)).failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void oneFault_amongZeroTokenSteps(Fault fault) {
    Scenario scenario = spared(0).submitting(at(0, 1L, 2L), at(2), at(2, 3L)).with(fault, 1);
    assertThat(explore(scenario).failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void oneFault_aroundARewind(Fault fault) {
    Scenario scenario = spared(0).submitting(at(0, 1L, 2L), at(2, 3L), at(1, 4L)).with(fault, 1);
    assertThat(explore(scenario).failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void oneFault_confirmingInFull(Fault fault) {
    assertThat(explore(spared(2).confirmingInFull().with(fault, 1)).failures()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"LOSE_MESSAGE", "CRASH", "VANISH", "RESTART", "DISCONNECT", "FAIL_COMPUTE"})
  void oneFault_withoutPush(Fault fault) {
    assertThat(explore(spared(2).withoutPush().with(fault, 1)).failures()).isZero();
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void twoFaults_ofDifferentKinds(Fault one, Fault other) {
    explore(spared(2).with(one, 1).with(other, 1));
  }

  static Stream<Arguments> pairs() {
    // Pairs of these make large worlds that hold nothing new.
    Set<Fault> large = EnumSet.of(Fault.DISCONNECT, Fault.DRAIN, Fault.RESTART, Fault.EARLY_TIMER);
    List<Arguments> pairs = new ArrayList<>();
    for (Fault one : Fault.values()) {
      for (Fault other : Fault.values()) {
        if (one.compareTo(other) < 0
            && !(large.contains(one) && large.contains(other))
            && !(one == Fault.CRASH && other == Fault.DRAIN)) {
          pairs.add(Arguments.of(one, other));
        }
      }
    }
    return pairs.stream();
  }

  @Test
  void crash_oneSpanBecomesTwo() {
    Scenario scenario =
        chain(new LayerSpan(0, 1), new LayerSpan(1, 3), new LayerSpan(1, 2), new LayerSpan(2, 3));
    Explorer.Result result = explore(scenario.with(Fault.CRASH, 1));
    assertThat(result.worlds()).isGreaterThan(500);
  }

  @Test
  void crash_twoSpansBecomeOne() {
    Scenario scenario =
        chain(new LayerSpan(0, 1), new LayerSpan(1, 2), new LayerSpan(2, 3), new LayerSpan(1, 3));
    Explorer.Result result = explore(scenario.with(Fault.CRASH, 1));
    assertThat(result.worlds()).isGreaterThan(500);
  }

  @Test
  void crash_neighbourWidens() {
    Scenario scenario =
        chain(new LayerSpan(0, 2), new LayerSpan(2, 3), new LayerSpan(0, 1), new LayerSpan(1, 3));
    assertThat(explore(scenario.with(Fault.CRASH, 1)).worlds()).isGreaterThan(500);
  }

  private static Scenario chain(LayerSpan... spans) {
    Scenario like = Scenario.chain(3, 2);
    return new Scenario(
        List.of(spans),
        like.script(),
        like.push(),
        like.standby(),
        like.confirm(),
        like.pushesInOrder(),
        like.faults());
  }

  /** Two stages, each with a spare. */
  private static Scenario spared(int steps) {
    return Scenario.chain(2, steps).withSpare(0, 1).withSpare(1, 2);
  }

  private static Explorer.Result explore(Scenario scenario) {
    Explorer.Result result = new Explorer(scenario, LIMIT).explore();
    System.out.printf(
        "%7d worlds, %5d ends, %4d failures: %d stages, %d relays, %d steps, %s%n",
        result.worlds(),
        result.ends(),
        result.failures(),
        scenario.layers(),
        scenario.relays().size(),
        scenario.script().size(),
        scenario.faults());
    assertThat(result.worlds()).isGreaterThan(40);
    assertThat(result.ends()).isPositive();
    assertThat(result.seen()).contains("Accepted", "Respond", "Compute");
    assertThat(result.seen())
        .containsAll(scenario.faults().keySet().stream().map(Fault::name).toList());
    if (scenario.allows(Fault.CORRUPT_PUSH)) {
      assertThat(result.seen()).contains("MismatchSeen", "ReportMismatch", "Rollback");
    }
    if (scenario.allows(Fault.LOSE_PUSH) && scenario.isPushPrompt()) {
      assertThat(result.seen()).contains("AskPayload");
    }
    return result;
  }
}

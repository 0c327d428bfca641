package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.session.model.RelayId;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteStats;
import io.baton.session.stage.StageConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains in which a relay stands by for each stage. */
@Timeout(120)
class StandbyChainTest {

  private static final int STAGES = 3;

  private static TestChain chain() throws Exception {
    return TestChain.withSpares(STAGES);
  }

  /** The same with taps, and stages that wait so long for a push. */
  private static TestChain tapped(Duration grace) throws Exception {
    return TestChain.withSpares(
        STAGES, TestChain.limits(StageConfig.Limits.DEFAULT, grace), Node.Front.TAP);
  }

  private static Decoding decode(TestChain chain) {
    return chain.decode(options -> options.withStandby(true));
  }

  private static Node node(TestChain chain, RelayId relay) {
    return chain.nodes().stream()
        .filter(node -> node.relayIfAlive().filter(alive -> alive.id().equals(relay)).isPresent())
        .findFirst()
        .orElseThrow(() -> new AssertionError(relay + " is not alive"));
  }

  private static Node active(TestChain chain, Decoding decoding, int stage) {
    return node(chain, decoding.session().route().get(stage).relay());
  }

  private static Node standby(TestChain chain, Decoding decoding, int stage) {
    Candidate standby =
        decoding.session().standbys().keySet().stream()
            .filter(candidate -> candidate.stage().span().first() == stage)
            .findFirst()
            .orElseThrow(() -> new AssertionError("nobody stands by for stage " + stage));
    return node(chain, standby.relay());
  }

  /** Waits until so many stand by, and each has absorbed all that the session holds. */
  private static void awaitLevel(Decoding decoding, int standbys) {
    TestChain.eventually()
        .untilAsserted(
            () -> {
              Map<Candidate, Integer> held = decoding.session().standbys();
              assertThat(held).hasSize(standbys);
              assertThat(held.values()).containsOnly(decoding.session().length());
            });
  }

  private static void assertTakenOver(Decoding decoding, int takeovers) {
    RouteStats stats = decoding.session().stats();
    assertThat(stats.takeovers()).isEqualTo(takeovers);
    assertThat(stats.replayedTokens()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void takeover_atEachStageAndStep_replaysNothing(int stage) throws Exception {
    for (int steps : new int[] {1, 2, 5, 9}) {
      try (TestChain chain = chain()) {
        Decoding decoding = decode(chain);
        decoding.steps(steps);
        awaitLevel(decoding, STAGES);
        Node successor = standby(chain, decoding, stage);
        active(chain, decoding, stage).kill();
        decoding.steps(5);
        assertTakenOver(decoding, 1);
        assertThat(decoding.session().stats().reroutes()).isEqualTo(1);
        assertThat(active(chain, decoding, stage)).isSameAs(successor);
        assertThat(successor.oracle.tokensComputed).hasValue(steps + 5L);
      }
    }
  }

  @Test
  void takeover_inTheMiddleOfAStep_replaysNothing() throws Exception {
    for (int stage = 0; stage < STAGES; stage++) {
      try (TestChain chain = chain()) {
        Decoding decoding = decode(chain);
        decoding.steps(4);
        awaitLevel(decoding, STAGES);
        Node node = active(chain, decoding, stage);
        Gate gate = new Gate();
        node.executor.does(gate);
        Tensor input = decoding.next(1);
        CompletableFuture<Tensor> output = decoding.start(input);
        gate.awaitCaller();
        node.kill();
        gate.open();
        decoding.check(4, input, output);
        decoding.steps(4);
        assertTakenOver(decoding, 1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 2", "0, 2"})
  void takeover_ofTwoStagesAtOnce_replaysNothing(int one, int other) throws Exception {
    try (TestChain chain = chain()) {
      Decoding decoding = decode(chain);
      decoding.steps(6);
      awaitLevel(decoding, STAGES);
      Node first = active(chain, decoding, one);
      Node second = active(chain, decoding, other);
      first.kill();
      second.kill();
      decoding.steps(5);
      assertTakenOver(decoding, 2);
    }
  }

  @Test
  void takeover_theOneThatCameBackStandsByAndTakesOverInItsTurn() throws Exception {
    try (TestChain chain = chain()) {
      Decoding decoding = decode(chain);
      decoding.steps(5);
      awaitLevel(decoding, STAGES);
      Node lost = active(chain, decoding, 1);
      lost.kill();
      decoding.steps(2);
      lost.restart();
      TestChain.eventually()
          .until(
              () -> {
                decoding.steps(1);
                return decoding.session().standbys().size() == STAGES;
              });
      awaitLevel(decoding, STAGES);
      assertThat(decoding.session().stats().standbyTokens()).isPositive();
      active(chain, decoding, 1).kill();
      decoding.steps(3);
      assertThat(active(chain, decoding, 1)).isSameAs(lost);
      assertTakenOver(decoding, 2);
    }
  }

  @Test
  void standby_thatDiesBeforeItsStage_leavesAReplay() throws Exception {
    try (TestChain chain = chain()) {
      List<String> lost = new CopyOnWriteArrayList<>();
      SessionListener listener =
          new SessionListener() {
            @Override
            public void onStandbyLost(Candidate standby, String cause) {
              lost.add(standby.relay().name());
            }
          };
      Decoding decoding = chain.decode(chain.options().withStandby(true), listener);
      decoding.steps(6);
      awaitLevel(decoding, STAGES);
      Node standby = standby(chain, decoding, 1);
      standby.kill();
      TestChain.eventually().until(() -> decoding.session().standbys().size() == STAGES - 1);
      assertThat(lost).containsExactly(standby.name());
      decoding.steps(2);
      assertThat(decoding.session().stats().reroutes()).isZero();
      Node stage = active(chain, decoding, 1);
      stage.kill();
      stage.restart();
      decoding.steps(3);
      assertThat(decoding.session().stats().takeovers()).isZero();
      assertThat(decoding.session().stats().replayedTokens()).isEqualTo(8);
    }
  }

  @Test
  void standby_thatIsReadyJustNow_takesOverOrIsReplayed() throws Exception {
    try (TestChain chain = chain()) {
      CompletableFuture<RelayId> back = new CompletableFuture<>();
      AtomicInteger seen = new AtomicInteger();
      SessionListener listener =
          new SessionListener() {
            @Override
            public void onStandbyReady(Candidate standby, int length) {
              // The first three are those of the beginning.
              if (seen.incrementAndGet() > STAGES) {
                back.complete(standby.relay());
              }
            }
          };
      Decoding decoding = chain.decode(chain.options().withStandby(true), listener);
      decoding.steps(12);
      awaitLevel(decoding, STAGES);
      Node standby = standby(chain, decoding, 1);
      standby.kill();
      standby.restart();
      TestChain.eventually()
          .until(
              () -> {
                decoding.steps(1);
                return back.isDone();
              });
      active(chain, decoding, 1).kill();
      decoding.steps(5);
      assertThat(active(chain, decoding, 1)).isSameAs(standby);
      assertThat(decoding.session().stats().takeovers()).isEqualTo(1);
    }
  }

  /** Nobody waits for a standby: it is stuck for as long as stages wait, and the chain is not. */
  @Test
  void pushes_toAStandbyThatAreLost_holdNobodyUp() throws Exception {
    try (TestChain chain = tapped(TestChain.DEADLINE)) {
      Decoding decoding = decode(chain);
      decoding.steps(2);
      awaitLevel(decoding, STAGES);
      Node standby = standby(chain, decoding, 1);
      standby.tap().pushesMeet((push, onward) -> {});
      decoding.steps(30);
      assertThat(standby.oracle.tokensComputed).hasValue(2);
      assertThat(decoding.session().stats().stepsFromClient()).isZero();
      assertThat(decoding.session().stats().reroutes()).isZero();
    }
  }

  @Test
  void pushes_toAStandbyThatAreLost_areMadeUpForByTheClient() throws Exception {
    try (TestChain chain = tapped(Duration.ofMillis(20))) {
      Decoding decoding = decode(chain);
      decoding.steps(2);
      awaitLevel(decoding, STAGES);
      standby(chain, decoding, 2).tap().pushesMeet((push, onward) -> {});
      decoding.steps(20);
      awaitLevel(decoding, STAGES);
      active(chain, decoding, 2).kill();
      decoding.steps(3);
      assertTakenOver(decoding, 1);
    }
  }

  @Test
  void standby_thatIsSlow_catchesUpWhenItCan() throws Exception {
    try (TestChain chain = chain()) {
      Decoding decoding = decode(chain);
      decoding.steps(2);
      awaitLevel(decoding, STAGES);
      Node standby = standby(chain, decoding, 1);
      Gate gate = new Gate();
      standby.executor.does(gate);
      decoding.steps(30);
      assertThat(standby.oracle.tokensComputed).hasValue(2);
      gate.open();
      awaitLevel(decoding, STAGES);
      assertThat(decoding.session().stats().standbyTokens()).isPositive();
      active(chain, decoding, 1).kill();
      decoding.steps(3);
      assertTakenOver(decoding, 1);
    }
  }

  @Test
  void pushes_toAStandbyThatAreCorrupted_changeNothingInTheChain() throws Exception {
    try (TestChain chain = tapped(Duration.ofMillis(20))) {
      Decoding decoding = decode(chain);
      decoding.steps(2);
      awaitLevel(decoding, STAGES);
      Node standby = standby(chain, decoding, 1);
      standby.tap().pushesMeet((push, onward) -> onward.push(PushFaultsTest.corrupted(push)));
      decoding.steps(10);
      assertThat(decoding.session().stats().reroutes()).isZero();
      awaitLevel(decoding, STAGES);
      assertThat(decoding.session().stats().mismatches()).isPositive();
      active(chain, decoding, 1).kill();
      decoding.steps(5);
      assertThat(active(chain, decoding, 1)).isSameAs(standby);
      assertTakenOver(decoding, 1);
    }
  }

  @Test
  void pushes_toStandbys_areCountedApart() throws Exception {
    try (TestChain chain = chain()) {
      Decoding decoding = decode(chain);
      decoding.steps(2);
      awaitLevel(decoding, STAGES);
      int before = chain.nodes().indexOf(active(chain, decoding, 0));
      long sent = chain.status(before).pushesSent();
      long toStandby = chain.status(before).standbyPushesSent();
      decoding.steps(5);
      awaitLevel(decoding, STAGES);
      assertThat(chain.status(before).pushesSent()).isEqualTo(sent + 5);
      assertThat(chain.status(before).standbyPushesSent()).isEqualTo(toStandby + 5);
      assertThat(chain.status(before).standbyPushesShed()).isZero();
    }
  }

  /** Who is dialled is named by a client: before there is a step to hand on, nobody. */
  @Test
  void open_withoutAStep_connectsToNobody() throws Exception {
    try (TestChain chain = tapped(TestChain.DEADLINE)) {
      Decoding decoding = decode(chain);
      TestChain.eventually().until(() -> decoding.session().standbys().size() == STAGES);
      assertThat(chain.nodes()).allMatch(node -> node.tap().peersConnected() == 0);
      decoding.steps(1);
      for (int stage = 1; stage < STAGES; stage++) {
        Tap active = active(chain, decoding, stage).tap();
        TestChain.eventually().until(() -> active.peersConnected() == 1);
      }
    }
  }

  @Test
  void discovery_ofAnIdleSession_doesNotTakePlace() throws Exception {
    try (TestChain chain = TestChain.of(2, Node.Front.TAP)) {
      Decoding decoding = decode(chain);
      decoding.steps(5);
      Tap tap = chain.node(0).tap();
      AtomicInteger last = new AtomicInteger(-1);
      TestChain.eventually()
          .during(Duration.ofMillis(600))
          .until(
              () -> {
                int now = tap.described();
                return last.getAndSet(now) == now;
              });
    }
  }

  @Test
  void discovery_thatTakesLong_isTheOnlyOne() throws Exception {
    try (TestChain chain = TestChain.of(1, Node.Front.TAP)) {
      Decoding decoding = decode(chain);
      decoding.steps(1);
      Gate gate = new Gate();
      chain.node(0).executor.does(gate);
      Tap tap = chain.node(0).tap();
      Tensor input = decoding.next(1);
      CompletableFuture<Tensor> output = decoding.start(input);
      gate.awaitCaller();
      tap.describesNothing();
      int before = tap.described();
      TestChain.eventually().until(() -> tap.described() > before);
      // Longer than the longest time between two searches.
      TestChain.eventually()
          .during(Duration.ofMillis(800))
          .until(() -> tap.described() == before + 1);
      gate.open();
      decoding.check(1, input, output);
    }
  }

  @Test
  void rewind_withStandbys_isFollowedByThem() throws Exception {
    try (TestChain chain = chain()) {
      Decoding decoding = decode(chain);
      decoding.steps(8);
      awaitLevel(decoding, STAGES);
      decoding.rewind(3);
      decoding.steps(3);
      awaitLevel(decoding, STAGES);
      active(chain, decoding, 1).kill();
      decoding.steps(3);
      assertTakenOver(decoding, 1);
    }
  }

  @Test
  void options_haveNoStandbysUnlessAskedFor() throws Exception {
    try (TestChain chain = chain()) {
      SessionOptions options = chain.options();
      assertThat(options.route().standby()).isFalse();
      assertThat(options.withStandby(true).route().standby()).isTrue();
      Decoding decoding = chain.decode();
      decoding.steps(3);
      assertThat(decoding.session().standbys()).isEmpty();
    }
  }
}

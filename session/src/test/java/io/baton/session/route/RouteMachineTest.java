package io.baton.session.route;

import static io.baton.session.testing.TestPayloads.ROW;
import static io.baton.session.testing.TestPayloads.payload;
import static io.baton.session.testing.TestPayloads.rows;
import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.session.testing.Oracle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteMachineTest {

  private static final RouteConfig.Patience PATIENCE = RouteConfig.Patience.DEFAULT;

  private static final long SECOND = 1_000_000_000;

  private RouteDriver client = RouteDriver.chain(3);
  private final List<Long> tokens = new ArrayList<>();

  // ---- a healthy chain

  @Test
  void healthyChain_sendsOnePayloadAndTheRestAsDigests() {
    step(1, 2);
    assertThat(client.sends("a"))
        .singleElement()
        .satisfies(s -> assertThat(s.payload()).isPresent());
    for (String name : List.of("b", "c")) {
      assertThat(client.sends(name))
          .singleElement()
          .satisfies(s -> assertThat(s.payload()).isEmpty());
    }
    assertThat(client.sends("a").getFirst().nextPeers())
        .extracting(peer -> peer.relay().name())
        .containsExactly("b", "c");
    assertThat(client.state.stats()).isEqualTo(new RouteStats(2, 0, 0, 0, 0, 0, 0));
  }

  @Test
  void healthyChain_nameThePushSourceOfEachStage() {
    step(1);
    assertThat(client.all(RouteEffect.Open.class))
        .extracting(RouteEffect.Open::pushSources)
        .containsExactly(Set.of(), Set.of(client.get("a").id()), Set.of(client.get("b").id()));
    assertThat(client.all(RouteEffect.RouteOpened.class)).hasSize(1);
  }

  @Test
  void withoutPush_sendsEveryPayloadAndNamesNobody() {
    client = new RouteDriver(RouteConfig.of(2, ROW, 100).withPush(false));
    client.relay("a", 0, 1);
    client.relay("b", 1, 2);
    step(1);
    assertThat(client.all(RouteEffect.Send.class))
        .allSatisfy(send -> assertThat(send.payload()).isPresent())
        .allSatisfy(send -> assertThat(send.nextPeers()).isEmpty());
    assertThat(client.all(RouteEffect.Open.class))
        .allSatisfy(open -> assertThat(open.pushSources()).isEmpty());
    assertThat(client.state.stats()).isEqualTo(new RouteStats(0, 1, 0, 0, 0, 0, 0));
  }

  @Test
  void confirmInFull_sendsEveryPayloadAndStillPushes() {
    client = new RouteDriver(RouteConfig.of(2, ROW, 100).withConfirm(RouteConfig.Confirm.FULL));
    client.relay("a", 0, 1);
    client.relay("b", 1, 2);
    step(1);
    assertThat(client.sends("b").getFirst().payload()).isPresent();
    assertThat(client.sends("a").getFirst().nextPeers()).hasSize(1);
  }

  @Test
  void begin_opensTheRouteBeforeTheFirstStep() {
    client.give(new RouteInput.Begin());
    client.run();
    assertThat(client.state.phase()).isEqualTo(RouteState.Phase.RUNNING);
    client.forget();
    step(1);
    assertThat(client.all(RouteEffect.Open.class)).isEmpty();
  }

  @Test
  void earlyAnswers_areHeldUntilTheyCanBeChecked() {
    step(1);
    client.submit(1, 2);
    RouteEffect.Send send = (RouteEffect.Send) client.waiting.remove();
    tokens.add(2L);
    RouteInput.Answered fromA =
        client.compute(client.get("a"), send, send.payload().orElseThrow(), Source.CLIENT);
    Payload atB = fromA.output();
    RouteInput.Answered fromB = client.compute(client.get("b"), to("b", send), atB, Source.PEER);
    RouteInput.Answered fromC =
        client.compute(client.get("c"), to("c", send), fromB.output(), Source.PEER);
    client.forget();
    client.give(fromC);
    client.give(fromB);
    assertThat(client.all(RouteEffect.Accepted.class)).isEmpty();
    assertThat(client.state.length()).isEqualTo(1);
    client.give(fromA);
    assertThat(client.all(RouteEffect.Accepted.class)).hasSize(1);
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void answers_areMatchedByNumberInAnyOrder() {
    grow(3);
    client.relay("d", 0, 1);
    client.lose("a");
    client.submit(3, 4);
    runUntilSends(4);
    List<RouteEffect.Send> sends = takeSends();
    List<RouteInput.Answered> answers = new ArrayList<>();
    for (RouteEffect.Send send : sends) {
      answers.add(
          client.compute(client.get("d"), send, send.payload().orElseThrow(), Source.CLIENT));
    }
    tokens.add(4L);
    client.forget();
    for (RouteInput.Answered answer : answers.reversed()) {
      client.give(answer);
    }
    client.run();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(3, 1));
  }

  @Test
  void answers_toNothingAreIgnored() {
    step(1);
    RouteState before = client.state;
    RelayId a = client.get("a").id();
    StepId old = new StepId(1, 1);
    client.give(
        new RouteInput.Answered(
            a, new Step(old, 0, 1), Source.CLIENT, payload(1).digest(), payload(5)));
    client.give(
        new RouteInput.Answered(
            new RelayId("z", 0),
            new Step(old, 0, 1),
            Source.CLIENT,
            payload(1).digest(),
            payload(5)));
    client.give(new RouteInput.PayloadAsked(a, old));
    client.give(new RouteInput.Opened(a, 1, 0, ticket()));
    client.give(new RouteInput.Refused(a, new StepId(7, 1), Refusal.GAP, "?"));
    client.give(new RouteInput.RelayLost(new RelayId("z", 0), "?"));
    client.give(new RouteInput.RelayDraining(new RelayId("z", 0)));
    assertThat(client.state.hops()).isEqualTo(before.hops());
    assertThat(client.state.epoch()).isEqualTo(before.epoch());
    assertThat(client.state.history()).isEqualTo(before.history());
    assertThat(client.all(RouteEffect.Disconnect.class)).isEmpty();
  }

  @Test
  void noise_beyondWhatAnHonestRelayMayHaveOnItsWay_costsItsPlace() {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    RelayId b = client.get("b").id();
    List<RouteInput> noises =
        List.of(
            new RouteInput.Answered(
                b,
                new Step(new StepId(1, 1), 0, 1),
                Source.CLIENT,
                payload(1).digest(),
                payload(5)),
            new RouteInput.Absorbed(
                b, new Step(new StepId(1, 1), 0, 1), Source.CLIENT, payload(1).digest(), 1),
            new RouteInput.PayloadAsked(b, new StepId(1, 77)),
            new RouteInput.MismatchReported(
                b,
                new StepId(1, 77),
                payload(1).digest(),
                payload(2).digest(),
                client.get("a").id(),
                true),
            new RouteInput.Opened(b, 1, 0, ticket()),
            new RouteInput.Refused(b, new StepId(1, 77), Refusal.GAP, "?"));
    int said = 0;
    while (client.all(RouteEffect.Disconnect.class).isEmpty()) {
      client.give(noises.get(said++ % noises.size()));
      assertThat(said).isLessThanOrEqualTo(Trials.NOISE + 1);
    }
    assertThat(said).isEqualTo(Trials.NOISE + 1);
    assertThat(client.state.trials().latest().getLast().relay().relay()).isEqualTo(b);
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void needPayload_askedOverAndOver_isAnsweredTwiceAndCostsTheRelayItsPlace() {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    client.forget();
    RelayId b = client.get("b").id();
    StepId step = new StepId(client.state.epoch(), client.state.nextNumber() - 1);
    for (int i = 0; i < 2_000 && client.all(RouteEffect.Disconnect.class).isEmpty(); i++) {
      client.give(new RouteInput.PayloadAsked(b, step));
    }
    assertThat(client.sends("b")).hasSize(2);
    assertThat(client.state.trials().latest().getLast().cause()).contains("asks for the payload");
    client.waiting.removeIf(effect -> isFor(effect, "b"));
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void answer_thatIsNoNumber_failsTheStageThatMadeIt() {
    TensorSpec row = TensorSpec.of(DType.F32, 1, 2);
    RouteDriver floats = new RouteDriver(RouteConfig.of(1, row, 10));
    StageInfo stage =
        new StageInfo("model", 1, new LayerSpan(0, 1), row, row, 10, java.util.Set.of());
    Candidate liar = new Candidate(new RelayId("liar", 1), "liar:1", stage);
    Candidate spare = new Candidate(new RelayId("spare", 1), "spare:1", stage);
    Payload input = floats(1, 2);
    floats.give(new RouteInput.Submit(1, 0, input));
    floats.give(new RouteInput.Discovered(List.of(liar, spare)));
    floats.give(new RouteInput.Opened(liar.relay(), 1, 0, ticket()));
    Step step = floats.last(RouteEffect.Send.class).step();
    floats.give(
        new RouteInput.Answered(
            liar.relay(), step, Source.CLIENT, input.digest(), floats(0, Float.NaN)));
    assertThat(floats.route()).containsExactly("spare");
    assertThat(floats.state.trials().latest().getLast().toString())
        .contains("liar at liar:1")
        .contains("NaN or infinite");
    floats.give(new RouteInput.Opened(spare.relay(), 2, 0, ticket()));
    floats.give(
        new RouteInput.Answered(
            spare.relay(),
            floats.last(RouteEffect.Send.class).step(),
            Source.CLIENT,
            input.digest(),
            floats(3, 4)));
    assertThat(floats.all(RouteEffect.Accepted.class)).hasSize(1);

    floats.forget();
    floats.give(new RouteInput.Submit(2, 1, floats(Float.POSITIVE_INFINITY, 1)));
    assertThat(floats.last(RouteEffect.Declined.class).reason()).isEqualTo(Refusal.BAD_TENSOR);
  }

  private static Payload floats(float... values) {
    return new Payload(
        Tensor.ofFloats(values, 1, values.length),
        Collections.emptySortedMap(),
        payload(Arrays.hashCode(values)).digest());
  }

  @Test
  void needPayload_isSentThePayload() {
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    client.get("b").pushed.clear();
    tokens.add(2L);
    client.run();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
    assertThat(client.sends("b").getLast().payload()).isPresent();
    assertThat(client.state.stats().stepsFromClient()).isEqualTo(1);
  }

  @Test
  void answerOfAnotherShape_failsTheStage() {
    client.relay("d", 0, 1);
    step(1);
    client.submit(1, 2);
    RouteEffect.Send send = (RouteEffect.Send) client.waiting.remove();
    client.give(
        new RouteInput.Answered(
            send.relay(), send.step(), Source.CLIENT, send.digest(), payload(1, 2)));
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("d", "b", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  // ---- disagreement

  @Test
  void mismatch_raisesTheEpochAndBlamesTheRelayBefore() {
    step(1);
    submitWithCorruptedPush(2);
    assertThat(client.all(RouteEffect.MismatchSeen.class))
        .singleElement()
        .satisfies(
            seen -> {
              assertThat(seen.blamed()).isEqualTo(client.get("a").id());
              assertThat(seen.stage()).isEqualTo(client.get("b").id());
            });
    assertThat(client.state.epoch()).isEqualTo(2);
    assertThat(client.route()).containsExactly("a", "b", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void mismatch_afterTheLimitThatRelayNoLongerPushes() {
    step(1);
    for (int i = 0; i < 3; i++) {
      assertThat(mayPush("b")).isTrue();
      submitWithCorruptedPush(i + 2);
    }
    assertThat(mayPush("b")).isFalse();
    assertThat(mayPush("c")).isTrue();
    step(9);
    assertThat(client.sends("a").getFirst().nextPeers()).isEmpty();
    assertThat(client.sends("b").getFirst().payload()).isPresent();
    assertThat(client.sends("b").getFirst().nextPeers()).hasSize(1);
    assertThat(client.state.stats().mismatches()).isEqualTo(3);
  }

  @Test
  void mismatch_ofWhatTheClientSentFailsTheStage() {
    client.relay("d", 0, 1);
    step(1);
    client.submit(1, 2);
    RouteEffect.Send send = (RouteEffect.Send) client.waiting.remove();
    client.give(
        new RouteInput.Answered(
            send.relay(), send.step(), Source.CLIENT, payload(9).digest(), payload(9)));
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("d", "b", "c");
    assertThat(client.last(RouteEffect.MismatchSeen.class).blamed())
        .isEqualTo(client.get("a").id());
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void mismatchReport_withoutRollbackOnlyBlames() {
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    report("b", client.state.nextNumber() - 1, false);
    assertThat(client.state.epoch()).isEqualTo(1);
    assertThat(client.state.disputes())
        .containsEntry(new RouteState.Dispute(client.get("a").id(), client.get("b").id()), 1);
    report("b", client.state.nextNumber() - 1, true);
    assertThat(client.state.epoch()).isEqualTo(2);
  }

  /** The client's own digest, who may push and what differs: each shows that the stage lies. */
  @ParameterizedTest
  @ValueSource(strings = {"digest", "peer", "equal"})
  void mismatchReport_thatCannotBeTrue_failsTheStageAndNotItsNeighbour(String lie) {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    RelayId b = client.get("b").id();
    StepId step = new StepId(client.state.epoch(), client.state.nextNumber() - 1);
    Digest sent = client.sends("b").getLast().digest();
    client.give(
        new RouteInput.MismatchReported(
            b,
            step,
            lie.equals("digest") ? payload(1).digest() : sent,
            lie.equals("equal") ? sent : payload(2).digest(),
            client.get(lie.equals("peer") ? "c" : "a").id(),
            true));
    assertThat(client.last(RouteEffect.MismatchSeen.class).blamed()).isEqualTo(b);
    assertThat(client.state.disputes()).isEmpty();
    client.waiting.removeIf(effect -> isFor(effect, "b"));
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(mayPush("d")).as("a has done nothing").isTrue();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void mismatchReports_thatCannotBeChecked_costTheNeighbourNothingElsewhere() {
    client.relay("d", 1, 2);
    step(1);
    for (int i = 0; i < 3; i++) {
      client.submit(client.state.length(), i + 2);
      client.carryOut(client.waiting.remove());
      report("b", client.state.nextNumber() - 1, true);
      tokens.add(i + 2L);
      client.run();
    }
    assertThat(mayPush("b")).isFalse();
    client.lose("b");
    step(9);
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(mayPush("d")).isTrue();
  }

  @Test
  void mismatchReports_ofAStageThatTakesNoPushesFailIt() {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    for (int i = 0; i < 3; i++) {
      report("b", client.state.nextNumber() - 1, false);
    }
    assertThat(client.state.epoch()).as("a is no longer to push").isEqualTo(2);
    client.waiting.removeIf(effect -> effect instanceof RouteEffect.Send);
    client.run();
    tokens.add(2L);
    client.submit(2, 3);
    client.carryOut(client.waiting.remove());
    report("b", client.state.nextNumber() - 1, true);
    tokens.add(3L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(2, 1));
  }

  // ---- failover

  @Test
  void failover_replaysToTheSpareAndTrims() {
    grow(3);
    client.relay("d", 1, 2);
    client.lose("b");
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    client.forget();
    step(7);
    // The spare learns all; nothing goes to those who have it.
    assertThat(client.get("d").absorbed).hasSize(4);
    assertThat(client.sends("a")).hasSize(1);
    assertThat(client.sends("c")).hasSize(1);
  }

  @Test
  void failover_replayedStepsNameNoHealthyNextPeer() {
    grow(3);
    client.relay("d", 1, 2);
    client.forget();
    client.lose("b");
    client.run();
    assertThat(client.sends("d")).hasSize(3);
    assertThat(client.sends("d")).allSatisfy(send -> assertThat(send.nextPeers()).isEmpty());
    assertThat(client.sends("a")).isEmpty();
    assertThat(client.sends("c")).isEmpty();
    assertThat(client.state.stats().replayedTokens()).isEqualTo(3);
    assertThat(client.state.stats().reroutes()).isEqualTo(1);
  }

  @Test
  void failover_neighbouringReplacementsAreFedFromTheHistory() {
    grow(2);
    client.relay("d", 1, 2);
    client.relay("e", 2, 3);
    client.forget();
    client.get("c").up = false;
    client.lose("b");
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "e");
    step(7);
    assertThat(client.get("e").absorbed).hasSize(3);
  }

  @Test
  void failover_aNewBoundaryIsPushedBetweenReplacements() {
    client = new RouteDriver(RouteConfig.of(3, ROW, 100));
    client.relay("a", 0, 1);
    client.relay("b", 1, 3);
    grow(2);
    client.relay("d", 1, 2);
    client.relay("e", 2, 3);
    client.forget();
    client.lose("b");
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "e");
    assertThat(client.sends("d").getFirst().nextPeers())
        .extracting(peer -> peer.relay().name())
        .containsExactly("e");
    step(7);
  }

  @Test
  void failover_inTheMiddleOfAStep() {
    for (String victim : List.of("a", "b", "c")) {
      for (int after = 0; after < 3; after++) {
        client = RouteDriver.chain(3);
        client.relay("x", 0, 1);
        client.relay("y", 1, 2);
        client.relay("z", 2, 3);
        tokens.clear();
        grow(2);
        client.submit(2, 8);
        for (int i = 0; i < after; i++) {
          client.carryOut(client.waiting.remove());
        }
        client.waiting.removeIf(effect -> isFor(effect, victim));
        client.lose(victim);
        tokens.add(8L);
        client.run();
        assertThat(rows(client.last(RouteEffect.Accepted.class).output()))
            .as("%s after %d", victim, after)
            .isEqualTo(expected(2, 1));
        step(9);
      }
    }
  }

  @Test
  void failover_whenTheReplacementFailsDuringItsReplay() {
    grow(4);
    client.relay("d", 1, 2);
    client.relay("e", 1, 2);
    client.lose("b");
    runUntilSends(1);
    client.carryOut(client.waiting.remove());
    client.lose("d");
    client.run();
    assertThat(client.route()).containsExactly("a", "e", "c");
    step(7);
    assertThat(client.state.stats().reroutes()).isEqualTo(2);
  }

  @Test
  void failover_toTheSameRelayInANewIncarnation() {
    grow(3);
    client.get("b").up = false;
    client.relay(new RelayId("b", 2L << 32), 1, 2);
    client.give(new RouteInput.RelayLost(new RelayId("b", 1L << 32), "restarted"));
    client.run();
    step(7);
    assertThat(client.state.route().get(1).relay()).isEqualTo(new RelayId("b", 2L << 32));
    assertThat(client.get("b").absorbed).hasSize(4);
  }

  @Test
  void connectionLost_theSameIncarnationReplaysOnlyWhatItLacks() {
    grow(3);
    client.submit(3, 8);
    client.carryOut(client.waiting.remove());
    client.waiting.clear();
    client.give(new RouteInput.RelayLost(client.get("b").id(), "connection reset"));
    client.run();
    assertThat(client.state.phase()).isEqualTo(RouteState.Phase.SEARCHING);
    client.forget();
    client.tickAtDeadline();
    while (client.state.phase() == RouteState.Phase.SEARCHING) {
      client.run();
      client.tickAtDeadline();
    }
    tokens.add(8L);
    client.run();
    assertThat(client.sends("b")).hasSize(1);
    assertThat(client.state.stats().replayedTokens()).isZero();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(3, 1));
  }

  @Test
  void spans_oneBecomesTwoAndTwoBecomeOne() {
    client = new RouteDriver(RouteConfig.of(3, ROW, 100));
    client.relay("a", 0, 1);
    client.relay("b", 1, 3);
    grow(2);
    client.relay("d", 1, 2);
    client.relay("e", 2, 3);
    client.lose("b");
    step(7);
    assertThat(client.route()).containsExactly("a", "d", "e");
    client.relay("f", 1, 3);
    client.lose("d");
    step(8);
    assertThat(client.route()).containsExactly("a", "f");
    assertThat(client.seen).noneMatch(effect -> isFor(effect, "d"));
  }

  @Test
  void spans_aNeighbourWidens() {
    client = new RouteDriver(RouteConfig.of(3, ROW, 100));
    client.relay("a", 0, 2);
    client.relay("b", 2, 3);
    grow(2);
    client.relay("w", 1, 3);
    client.relay("n", 0, 1);
    client.lose("b");
    step(7);
    assertThat(client.route()).containsExactly("n", "w");
  }

  @Test
  void relayWithTwoCandidates_servesOneStageOnly() {
    client = new RouteDriver(RouteConfig.of(2, ROW, 100));
    client.relay("a", 0, 1);
    Candidate first = client.get("a").candidate;
    Candidate second =
        new Candidate(
            first.relay(),
            first.address(),
            io.baton.session.testing.TestPayloads.stage(2, new LayerSpan(1, 2), 100));
    client.give(new RouteInput.Begin());
    client.give(new RouteInput.Discovered(List.of(first, second)));
    assertThat(client.state.phase()).isEqualTo(RouteState.Phase.SEARCHING);
  }

  @Test
  void draining_movesOnBeforeTheRelayStops() {
    grow(2);
    client.relay("d", 1, 2);
    discover();
    client.give(new RouteInput.RelayDraining(client.get("b").id()));
    assertThat(client.all(RouteEffect.CloseStage.class))
        .containsExactly(new RouteEffect.CloseStage(client.get("b").id()));
    step(7);
    assertThat(client.route()).containsExactly("a", "d", "c");
  }

  @Test
  void draining_withNowhereToGoStays() {
    grow(2);
    client.give(new RouteInput.RelayDraining(client.get("b").id()));
    step(7);
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void ban_expires() {
    grow(1);
    client.relay("d", 1, 2);
    discover();
    client.lose("b");
    client.get("b").up = true;
    step(7);
    assertThat(client.route()).containsExactly("a", "d", "c");
    client.now += PATIENCE.banNanos();
    client.lose("d");
    step(8);
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void ban_isForgottenByARelayThatServesAgain() {
    grow(1);
    client.give(new RouteInput.RelayLost(client.get("b").id(), "reset"));
    RouteState.Ban ban = client.state.bans().get(client.get("b").id());
    assertThat(ban).isEqualTo(new RouteState.Ban(client.now + PATIENCE.banNanos(), 1));
    while (client.state.phase() == RouteState.Phase.SEARCHING) {
      client.tickAtDeadline();
      client.run();
    }
    step(7);
    assertThat(client.state.bans()).isEmpty();
  }

  @Test
  void memoryOfARelayThatFailedTwice_doesNotAttract() {
    grow(4);
    client.relay("d", 1, 2);
    client.relay("f", 2, 3);
    discover();
    client.lose("b");
    client.now += 10 * PATIENCE.banNanos();
    client.lose("c");
    assertThat(client.route()).as("b may have kept all").containsExactly("a", "b", "f");
    client.lose("b");
    client.now += 10 * PATIENCE.banNanos();
    client.lose("f");
    assertThat(client.route()).as("c has failed once").containsExactly("a", "d", "c");
  }

  // ---- giving up

  @Test
  void noRelay_failsAfterBoundedRetriesAndSaysWhoWasTriedAndWhy() {
    giveUp();
    RouteFailure failure = client.last(RouteEffect.Failed.class).failure();
    assertThat(failure.message())
        .isEqualTo("no relay that can be reached serves layer 1 after 10.0 s of asking");
    assertThat(failure.tried())
        .isNotEmpty()
        .allSatisfy(tried -> assertThat(tried.relay().relay().name()).isEqualTo("b"));
    assertThat(failure.tried().getFirst().cause()).isEqualTo("connection reset");
    assertThat(client.state.phase()).isEqualTo(RouteState.Phase.DORMANT);
    assertThat(client.state.nextDeadlineNanos()).isEmpty();
    assertThat(client.state.length()).isEqualTo(1);
  }

  @Test
  void search_inVain_countsNothingAgainstALaterFailure() {
    client.configure(config -> config.withPatience(PATIENCE.withFailures(1)));
    RouteDriver.Relay b = client.get("b");
    b.up = false;
    client.submit(0, 1);
    client.run();
    while (client.now < 1_000 + PATIENCE.searchNanos() / 2) {
      client.tickAtDeadline();
      client.run();
    }
    b.up = true;
    client.relay("d", 1, 2);
    client.tickAtDeadline();
    runUntilSends(1);
    client.lose("b");
    tokens.add(1L);
    client.run();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(0, 1));
    assertThat(client.all(RouteEffect.Failed.class)).isEmpty();
  }

  @Test
  void firstSearch_failed_countsNothingAgainstTheRequestThatComesMeanwhile() {
    client.get("b").up = false;
    client.give(new RouteInput.Begin());
    client.run();
    long begun = client.now;
    while (client.now - begun < PATIENCE.searchNanos() - PATIENCE.maxBackoffNanos()) {
      client.tickAtDeadline();
      client.run();
    }
    client.submit(0, 1);
    long submitted = client.now;
    while (client.all(RouteEffect.Failed.class).isEmpty()) {
      client.tickAtDeadline();
      client.run();
    }
    assertThat(client.now - submitted)
        .isBetween(PATIENCE.searchNanos(), PATIENCE.searchNanos() + PATIENCE.maxBackoffNanos());
  }

  @Test
  void search_whileARelayIsSilent_lastsLongerAndEndsAllTheSame() {
    client.submit(0, 1);
    long begun = client.now;
    List<Candidate> known = List.of(client.get("a").candidate);
    while (client.all(RouteEffect.Failed.class).isEmpty()) {
      client.waiting.clear();
      client.give(new RouteInput.Discovered(known, 2));
      client.tickAtDeadline();
    }
    assertThat(client.now - begun)
        .isBetween(PATIENCE.silenceNanos(), PATIENCE.silenceNanos() + PATIENCE.maxBackoffNanos());
    assertThat(client.last(RouteEffect.Failed.class).failure().message())
        .isEqualTo("no relay that can be reached serves layer 1 after 20.0 s of asking");
  }

  @Test
  void failures_beyondTheBound_endOnlyWhenNobodyIsLeftWhoHasNotFailed() {
    client.configure(config -> config.withPatience(PATIENCE.withFailures(0)));
    for (String spare : List.of("d", "e", "f")) {
      client.relay(spare, 1, 2);
    }
    client.submit(0, 1);
    client.run();
    client.submit(1, 2);
    Set<String> failed = new LinkedHashSet<>();
    for (int i = 0; i < 4; i++) {
      client.waiting.removeIf(effect -> effect instanceof RouteEffect.Send);
      runOpens();
      assertThat(client.all(RouteEffect.Failed.class)).isEmpty();
      String last = client.route().get(1);
      failed.add(last);
      // It is up, and might be tried again; but it has failed.
      client.give(new RouteInput.RelayLost(client.get(last).id(), "reset"));
    }
    assertThat(failed).containsExactlyInAnyOrder("b", "d", "e", "f");
    client.run();
    RouteFailure failure = client.last(RouteEffect.Failed.class).failure();
    assertThat(failure.tried())
        .extracting(tried -> tried.relay().relay().name())
        .containsExactlyElementsOf(failed);
  }

  @Test
  void failures_ofOneThatRestartsForEver_end() {
    client.submit(0, 1);
    client.run();
    client.submit(1, 2);
    int lives = 0;
    while (client.all(RouteEffect.Failed.class).isEmpty()) {
      RouteDriver.Relay b = client.get("b");
      b.up = false;
      client.relay(new RelayId("b", (long) (++lives + 1) << 32), 1, 2);
      client.give(new RouteInput.RelayLost(b.id(), "restarted"));
      client.waiting.removeIf(effect -> effect instanceof RouteEffect.Send);
      runOpens();
      assertThat(lives).isLessThan(50);
    }
    assertThat(lives).isEqualTo(PATIENCE.failures() + 1);
  }

  @Test
  void noRelay_aLaterRequestTriesAnew() {
    giveUp();
    client.waiting.clear();
    client.relay("d", 1, 2);
    client.now += 100_000_000_000L;
    client.forget();
    client.submit(1, 6);
    tokens.add(6L);
    while (client.all(RouteEffect.Accepted.class).isEmpty()) {
      client.run();
      if (client.state.phase() == RouteState.Phase.SEARCHING) {
        client.tickAtDeadline();
      }
    }
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void noRelay_aLaterRequestGivesFailedRelaysAnotherChanceAtOnce() {
    long hour = 3_600_000_000_000L;
    client.configure(
        config ->
            config.withPatience(
                new RouteConfig.Patience(
                    PATIENCE.openNanos(),
                    PATIENCE.stepNanos(),
                    PATIENCE.stallNanos(),
                    PATIENCE.longestNanos(),
                    PATIENCE.attempts(),
                    PATIENCE.failures(),
                    PATIENCE.searchNanos(),
                    PATIENCE.silenceNanos(),
                    PATIENCE.backoffNanos(),
                    PATIENCE.maxBackoffNanos(),
                    hour,
                    hour)));
    giveUp();
    client.waiting.clear();
    discover();
    client.submit(1, 6);
    assertThat(client.state.phase()).isEqualTo(RouteState.Phase.OPENING);
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void openRefused_triesAnother() {
    client.relay("d", 1, 2);
    client.submit(0, 1);
    client.carryOut(client.waiting.remove());
    RelayId b = client.get("b").id();
    client.give(
        new RouteInput.Refused(
            b, new StepId(client.state.epoch(), 0), Refusal.NO_ROOM, "8 sessions are open"));
    tokens.add(1L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(client.all(RouteEffect.Disconnect.class))
        .containsExactly(new RouteEffect.Disconnect(b));
  }

  @Test
  void openTimesOut_isRepeatedThenAnotherIsTried() {
    client.relay("d", 1, 2);
    client.submit(0, 1);
    client.carryOut(client.waiting.remove());
    List<RouteEffect.Open> opens = takeOpens();
    opens.removeIf(open -> open.relay().relay().name().equals("b"));
    opens.forEach(client::carryOut);
    client.forget();
    client.tickAtDeadline();
    assertThat(client.all(RouteEffect.Open.class))
        .singleElement()
        .satisfies(open -> assertThat(open.relay().relay().name()).isEqualTo("b"));
    client.waiting.clear();
    client.tickAtDeadline();
    tokens.add(1L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
  }

  @Test
  void stepTimesOut_isSentAgainWithItsPayloadThenAnotherIsTried() {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    client.waiting.clear();
    client.forget();
    assertThat(client.state.nextDeadlineNanos())
        .hasValue(client.now + PATIENCE.stepNanos() + 16_000);
    client.tickAtDeadline();
    assertThat(client.sends("b"))
        .singleElement()
        .satisfies(send -> assertThat(send.payload()).isPresent());
    client.waiting.clear();
    client.tickAtDeadline();
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  // ---- slow or dead

  /** A route of which b has the step and has not answered it, with d as its spare. */
  private StepId waitForB() {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    client.waiting.clear();
    return client.sends("b").getLast().step().id();
  }

  /** Time passes, and the client's timers fire. */
  private void pass(long nanos) {
    long end = client.now + nanos;
    while (client.state.nextDeadlineNanos().isPresent()
        && client.state.nextDeadlineNanos().getAsLong() <= end) {
      client.tickAtDeadline();
    }
    client.now = end;
  }

  private void says(StepId step, long workLeft) {
    client.give(new RouteInput.Working(client.get("b").id(), step, workLeft));
  }

  @Test
  void silence_costsSeconds() {
    waitForB();
    pass(PATIENCE.attempts() * (PATIENCE.stepNanos() + SECOND / 10));
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(PATIENCE.attempts() * PATIENCE.stepNanos()).isLessThanOrEqualTo(10 * SECOND);
    assertThat(PATIENCE.attempts() * PATIENCE.openNanos()).isLessThanOrEqualTo(10 * SECOND);
  }

  @Test
  void working_asLongAsItGetsOn_isWaitedFor() {
    StepId step = waitForB();
    client.forget();
    for (int left = 500; left > 0; left--) {
      pass(SECOND);
      says(step, left);
    }
    assertThat(client.seen).isEmpty();
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void working_thenSilence_costsSecondsFromThereOn() {
    StepId step = waitForB();
    pass(SECOND);
    says(step, 5);
    pass(PATIENCE.stepNanos() - 1);
    assertThat(client.route()).containsExactly("a", "b", "c");
    pass(PATIENCE.stepNanos() + SECOND / 10);
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 5, Long.MAX_VALUE})
  void working_withoutGettingOn_isLeftAndSaidOf(long workLeft) {
    StepId step = waitForB();
    long begun = client.now;
    while (client.route().contains("b") && client.now - begun < 10 * PATIENCE.stallNanos()) {
      pass(SECOND);
      says(step, workLeft);
    }
    assertThat(client.now - begun)
        .isBetween(PATIENCE.stallNanos(), PATIENCE.stallNanos() + 15 * SECOND);
    assertThat(client.state.cause()).contains("b", "says that it works", "does not get on");
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
  }

  @Test
  void working_forEver_isBelievedForSoLong() {
    StepId step = waitForB();
    long begun = client.now;
    long left = Long.MAX_VALUE - 1;
    while (client.route().contains("b") && client.now - begun < 2 * PATIENCE.longestNanos()) {
      pass(SECOND);
      says(step, left--);
    }
    assertThat(client.now - begun)
        .isBetween(PATIENCE.longestNanos(), PATIENCE.longestNanos() + 15 * SECOND);
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
  }

  @Test
  void working_onSomethingElse_isNoSign() {
    StepId step = waitForB();
    for (int i = 0; i < 2 * PATIENCE.stepNanos() / SECOND + 1; i++) {
      pass(SECOND);
      says(new StepId(step.epoch(), step.number() + 1), 100 - i);
      says(new StepId(step.epoch() + 1, step.number()), 100 - i);
      says(new StepId(step.epoch(), 0), 100 - i);
    }
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
  }

  @Test
  void working_onAnOpening_isWaitedFor() {
    client.relay("d", 1, 2);
    client.submit(0, 1);
    client.carryOut(client.waiting.remove());
    List<RouteEffect.Open> opens = takeOpens();
    RouteEffect.Open late =
        opens.stream().filter(o -> o.relay().relay().name().equals("b")).findFirst().orElseThrow();
    opens.stream().filter(open -> !open.equals(late)).forEach(client::carryOut);
    for (int left = 100; left > 0; left--) {
      pass(SECOND);
      says(new StepId(late.epoch(), 0), left);
    }
    tokens.add(1L);
    client.carryOut(late);
    client.run();
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void working_inAStorm_isNoise() {
    StepId step = waitForB();
    for (int i = 0; i <= 2 * Trials.NOISE && client.route().contains("b"); i++) {
      says(step, 1_000 - i);
    }
    assertThat(client.state.cause()).contains("nobody waits for");
  }

  @Test
  void tick_tooEarlyChangesNothing() {
    client.submit(0, 1);
    RouteState before = client.state;
    client.give(new RouteInput.Tick());
    assertThat(client.state).isEqualTo(before);
  }

  @Test
  void resynchronise_raisesTheEpochThenTriesAnother() {
    client.relay("d", 1, 2);
    step(1);
    client.submit(1, 2);
    for (int i = 0; i < 2; i++) {
      assertThat(client.route()).containsExactly("a", "b", "c");
      refuseAt("b", Refusal.GAP);
      runOpens();
    }
    refuseAt("b", Refusal.GAP);
    tokens.add(2L);
    client.run();
    assertThat(client.route()).containsExactly("a", "d", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void damagedPayload_isSentAgain() {
    step(1);
    client.submit(1, 2);
    RouteEffect.Send send = (RouteEffect.Send) client.waiting.remove();
    client.give(
        new RouteInput.Refused(send.relay(), send.step().id(), Refusal.BAD_DIGEST, "damaged"));
    tokens.add(2L);
    client.run();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
    assertThat(client.state.epoch()).isEqualTo(1);
  }

  @Test
  void staleListOfRelays_isRenewedThoughPatienceEndsBeforeTheList() {
    RouteConfig.Patience hasty =
        new RouteConfig.Patience(
            1_000, 1_000, 1_000, 1_000, 1, 1, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000);
    client.configure(config -> config.withPatience(hasty));
    for (String spare : List.of("d", "e", "f")) {
      client.relay(spare, 0, 1);
    }
    step(1);
    for (RouteDriver.Relay relay : List.copyOf(client.relays.values())) {
      relay.up = false;
      client.relay(
          new RelayId(relay.id().name(), 2L << 32),
          relay.candidate.span().first(),
          relay.candidate.span().end());
    }
    client.give(
        new RouteInput.RelayLost(client.state.route().getFirst().relay(), "connection reset"));
    client.run();
    for (int i = 0; i < 3 && client.state.length() < 2; i++) {
      client.submit(1, 2);
      client.run();
    }
    tokens.add(2L);
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void damagedAnswer_toAStepThatOnlyAPeerHasBrought_raisesTheEpoch() {
    step(1);
    client.submit(1, 2);
    RouteEffect.Send send = (RouteEffect.Send) client.waiting.remove();
    client.give(
        new RouteInput.Refused(
            client.get("b").id(), send.step().id(), Refusal.BAD_DIGEST, "damaged"));
    tokens.add(2L);
    client.run();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
    assertThat(client.state.epoch()).isEqualTo(2);
  }

  @Test
  void refusedForGood_declinesTheRequestAndTheSessionGoesOn() {
    step(1);
    client.forget();
    client.give(
        new RouteInput.Submit(
            99, 1, payload(List.of(2L), new TreeMap<>(Map.of("beams", payload(1).activations())))));
    refuseAt("a", Refusal.BAD_TENSOR);
    assertThat(client.last(RouteEffect.Declined.class).reason()).isEqualTo(Refusal.BAD_TENSOR);
    client.waiting.removeIf(RouteEffect.Send.class::isInstance);
    client.run();
    step(3);
  }

  @ParameterizedTest
  @EnumSource(
      value = Refusal.class,
      names = {"TOO_LONG", "BAD_TENSOR"})
  void refusedForGood_withoutAReason_isTheRelaysFailure(Refusal reason) {
    client.relay("d", 0, 1);
    step(1);
    client.submit(1, 2);
    refuseAt("a", reason);
    tokens.add(2L);
    client.run();
    assertThat(client.all(RouteEffect.Declined.class)).isEmpty();
    assertThat(client.route()).containsExactly("d", "b", "c");
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
  }

  @Test
  void refusedForGood_inAReplayIsTheRelaysFailure() {
    grow(2);
    client.relay("d", 1, 2);
    client.relay("e", 1, 2);
    client.lose("b");
    runUntilSends(1);
    RouteEffect.Send replay = takeSends().getFirst();
    assertThat(replay.relay().name()).isEqualTo("d");
    client.give(
        new RouteInput.Refused(
            replay.relay(), replay.step().id(), Refusal.BAD_TENSOR, "not for me"));
    client.run();
    assertThat(client.route()).containsExactly("a", "e", "c");
    step(7);
  }

  @Test
  void sessionLostAtARelay_isReplayed() {
    grow(2);
    client.submit(2, 7);
    client.carryOut(client.waiting.remove());
    client.get("b").absorbed.clear();
    RelayId b = client.get("b").id();
    client.waiting.clear();
    client.give(
        new RouteInput.Refused(
            b, new StepId(client.state.epoch(), 0), Refusal.NO_SESSION, "expired"));
    tokens.add(7L);
    while (client.all(RouteEffect.Accepted.class).size() < 1
        || client.state.request().isPresent()) {
      client.run();
      if (client.state.phase() == RouteState.Phase.SEARCHING) {
        client.tickAtDeadline();
      }
    }
    assertThat(client.get("b").absorbed).hasSize(3);
  }

  @Test
  void relayThatClaimsTooMuch_failed() {
    client.relay("d", 0, 1);
    client.submit(0, 1);
    client.carryOut(client.waiting.remove());
    RouteEffect.Open open = (RouteEffect.Open) client.waiting.remove();
    client.give(RouteDriver.opened(open, 5));
    tokens.add(1L);
    client.run();
    assertThat(client.route()).containsExactly("d", "b", "c");
  }

  @Test
  void relayThatHoldsPartOfAStep_isAskedToLetGoOfIt() {
    step(1, 2, 3);
    client.give(new RouteInput.RelayLost(client.get("b").id(), "reset"));
    while (client.state.phase() != RouteState.Phase.OPENING) {
      client.tickAtDeadline();
    }
    List<RouteEffect.Open> opens = takeOpens();
    RouteEffect.Open atB =
        opens.stream().filter(o -> o.relay().relay().name().equals("b")).findFirst().orElseThrow();
    assertThat(atB.length()).isEqualTo(3);
    client.give(RouteDriver.opened(atB, 2));
    assertThat(takeOpens())
        .filteredOn(o -> o.relay().relay().name().equals("b"))
        .singleElement()
        .satisfies(o -> assertThat(o.length()).isZero());
  }

  // ---- requests

  @Test
  void rewind_equalsAFreshRunFromThere() {
    grow(3);
    client.forget();
    client.submit(1, 50);
    tokens.subList(1, 3).clear();
    tokens.add(50L);
    client.run();
    assertThat(client.state.length()).isEqualTo(2);
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(1, 1));
    step(51);
  }

  @Test
  void rewind_intoAStepKeepsItsFirstTokens() {
    step(1, 2, 3);
    client.submit(2, 50);
    tokens.remove(2);
    tokens.add(50L);
    client.run();
    assertThat(rows(client.last(RouteEffect.Accepted.class).output())).isEqualTo(expected(2, 1));
    client.relay("d", 1, 2);
    client.lose("b");
    step(51);
  }

  @Test
  void zeroTokens_areAnsweredAndLeaveNoTrace() {
    step();
    step(1);
    History before = client.state.history();
    step();
    assertThat(client.state.history()).isEqualTo(before);
    step(2);
  }

  @Test
  void zeroTokens_answeredBeforeAReplacementIsThroughLeaveNoTrace() {
    grow(2);
    client.relay("d", 1, 2);
    client.submit(2);
    client.carryOut(client.waiting.remove());
    client.carryOut(client.waiting.remove());
    client.lose("b");
    client.run();
    step(7);
  }

  @Test
  void badRequests_areDeclinedWithNothingChanged() {
    client = new RouteDriver(RouteConfig.of(1, ROW, 4));
    client.relay("a", 0, 1);
    step(1, 2);
    RouteState before = client.state;
    Payload floats = payload(Tensor.ofFloats(new float[] {1}, 1, 1), new TreeMap<>());
    assertDeclined(new RouteInput.Submit(70, 2, payload(1, 2, 3)), Refusal.TOO_LONG);
    assertDeclined(new RouteInput.Submit(71, 3, payload(1)), Refusal.GAP);
    assertDeclined(new RouteInput.Submit(72, -1, payload(1)), Refusal.GAP);
    assertDeclined(new RouteInput.Submit(73, 2, floats), Refusal.BAD_TENSOR);
    assertThat(client.state).isEqualTo(before);
    client.submit(2, 3);
    before = client.state;
    assertDeclined(new RouteInput.Submit(74, 2, payload(3)), Refusal.TOO_MANY_STEPS);
    assertThat(client.state).isEqualTo(before);
  }

  @Test
  void close_endsTheSessionEverywhere() {
    step(1);
    client.submit(1, 2);
    client.forget();
    client.give(new RouteInput.Close());
    assertThat(client.all(RouteEffect.CloseStage.class))
        .extracting(close -> close.relay().name())
        .containsExactly("a", "b", "c");
    assertThat(client.all(RouteEffect.Failed.class)).hasSize(1);
    assertThat(client.state.nextDeadlineNanos()).isEmpty();
    assertDeclined(new RouteInput.Submit(80, 0, payload(1)), Refusal.NO_SESSION);
    client.give(new RouteInput.Close());
  }

  @Test
  void close_reachesRelaysThatHadNotAnsweredTheirOpening() {
    client.submit(0, 1);
    client.carryOut(client.waiting.remove());
    client.forget();
    client.give(new RouteInput.Close());
    assertThat(client.all(RouteEffect.CloseStage.class)).hasSize(3);
  }

  // ---- bounds

  @Test
  void window_boundsWhatIsUnderWay() {
    client = new RouteDriver(RouteConfig.of(2, ROW, 1000).withWindow(4));
    client.relay("a", 0, 1);
    client.relay("b", 1, 2);
    grow(20);
    client.relay("d", 1, 2);
    client.lose("b");
    runUntilSends(4);
    assertThat(client.waiting.stream().filter(RouteEffect.Send.class::isInstance)).hasSize(4);
    client.run();
    assertThat(client.get("d").absorbed).hasSize(20);
    step(7);
  }

  @Test
  void mergedReplay_sendsFewLongSteps() {
    client = new RouteDriver(RouteConfig.of(2, ROW, 1000).withMergeTokens(8));
    client.relay("a", 0, 1);
    client.relay("b", 1, 2);
    grow(20);
    client.relay("d", 1, 2);
    client.forget();
    client.lose("b");
    client.run();
    assertThat(client.sends("d")).extracting(send -> send.step().count()).containsExactly(8, 8, 4);
    step(7);
  }

  @Test
  void mergedReplay_ofAnIdleEntranceLearnsEachStepsOutput() {
    client = new RouteDriver(RouteConfig.of(2, ROW, 1000).withMergeTokens(8));
    client.relay("w", 0, 2);
    grow(10);
    client.relay("a", 0, 1);
    client.relay("b", 1, 2);
    client.lose("w");
    step(7);
    client.relay("c", 1, 2);
    client.lose("b");
    step(8);
    assertThat(client.get("c").absorbed).hasSize(12);
  }

  @Test
  void memory_isBoundedBeyondTheHistory() {
    client = new RouteDriver(RouteConfig.of(1, ROW, RouteDriver.MAX_LENGTH));
    client.relay("a", 0, 1);
    step(1);
    RouteState state = client.state;
    RelayId a = client.get("a").id();
    RouteMachine machine = new RouteMachine(io.baton.session.testing.TestPayloads.PAYLOADS, 1);
    Payload row = payload(5);
    for (int i = 0; i < 100_000; i++) {
      state = machine.step(state, new RouteInput.Submit(i + 10, i + 1, row), i).state();
      Step step = state.hops().getFirst().flights().getFirst().step();
      state =
          machine
              .step(state, new RouteInput.Answered(a, step, Source.CLIENT, row.digest(), row), i)
              .state();
    }
    assertThat(state.length()).isEqualTo(100_001);
    assertThat(state.history().segments().size()).isEqualTo(100_001);
    assertThat(state.history().known(1)).as("the last stage's outputs are not kept").isZero();
    assertThat(state.hops().getFirst().flights()).isEmpty();
    assertThat(state.held()).hasSize(1);
    assertThat(state.trials()).isEqualTo(Trials.NONE);
    assertThat(state.bans()).isEmpty();
    assertThat(state.disputes()).isEmpty();
  }

  @Test
  void failures_rememberedAreBounded() {
    for (int i = 0; i < 2_000; i++) {
      client.relays.clear();
      for (int stage = 0; stage < 3; stage++) {
        client.relay(new RelayId("s" + stage, (long) i << 32), stage, stage + 1);
      }
      discover();
      tokens.clear();
      client.forget();
      client.give(new RouteInput.Begin());
      client.run();
      client.give(new RouteInput.RelayLost(client.state.route().getFirst().relay(), "restarted"));
    }
    assertThat(client.state.bans().size() + client.state.held().size()).isLessThan(1_100);
    assertThat(client.state.trials().latest().size()).isLessThanOrEqualTo(Trials.KEPT);
  }

  // ---- helpers

  private void step(long... rows) {
    int position = tokens.size();
    for (long row : rows) {
      tokens.add(row);
    }
    assertThat(rows(client.step(rows))).isEqualTo(expected(position, rows.length));
  }

  /** Loses the only relay of the second stage for good, with a request under way. */
  private void giveUp() {
    grow(1);
    client.lose("b");
    client.submit(1, 5);
    int ticks = 0;
    while (client.all(RouteEffect.Failed.class).isEmpty()) {
      client.run();
      client.tickAtDeadline();
      assertThat(++ticks).isLessThan(50);
    }
  }

  private void grow(int steps) {
    for (int i = 0; i < steps; i++) {
      step(100 + i);
    }
  }

  /** What a run without failures gives. */
  private List<Long> expected(int position, int count) {
    return Oracle.run(new LayerSpan(0, client.state.config().layers()), tokens)
        .subList(position, position + count);
  }

  private void discover() {
    client.give(
        new RouteInput.Discovered(
            client.relays.values().stream().map(relay -> relay.candidate).toList()));
  }

  private boolean mayPush(String name) {
    return client.state.hops().stream()
        .filter(hop -> hop.relay().name().equals(name))
        .noneMatch(hop -> hop.pushSources().isEmpty());
  }

  /** A step of which the second stage gets other bytes from the first than the client. */
  private void submitWithCorruptedPush(long row) {
    client.forget();
    client.submit(tokens.size(), row);
    tokens.add(row);
    RouteEffect.Send send = (RouteEffect.Send) client.waiting.remove();
    RouteDriver.Relay b = client.get("b");
    int length = b.absorbed.size();
    RouteInput.Answered lie = client.compute(b, to("b", send), payload(666), Source.PEER);
    client.give(lie);
    b.absorbed = new ArrayList<>(b.absorbed.subList(0, length));
    client.carryOut(send);
    client.run();
  }

  private RouteEffect.Send to(String name, RouteEffect.Send send) {
    return new RouteEffect.Send(
        client.get(name).id(), send.step(), List.of(), send.digest(), send.payload());
  }

  private void report(String name, long number, boolean rolledBack) {
    client.give(
        new RouteInput.MismatchReported(
            client.get(name).id(),
            new StepId(client.state.epoch(), number),
            client.sends(name).getLast().digest(),
            payload(2).digest(),
            client.get("a").id(),
            rolledBack));
  }

  /** Runs until a relay refuses the step that it is sent first. */
  private void refuseAt(String name, Refusal reason) {
    while (true) {
      RouteEffect effect = client.waiting.remove();
      if (effect instanceof RouteEffect.Send send && send.relay().name().equals(name)) {
        client.give(new RouteInput.Refused(send.relay(), send.step().id(), reason, "refused"));
        return;
      }
      client.carryOut(effect);
    }
  }

  /** Carries out openings alone. */
  private void runOpens() {
    while (client.waiting.peek() != null && !(client.waiting.peek() instanceof RouteEffect.Send)) {
      client.carryOut(client.waiting.remove());
    }
  }

  private void runUntilSends(int count) {
    while (client.waiting.stream().filter(RouteEffect.Send.class::isInstance).count() < count
        || !(client.waiting.peek() instanceof RouteEffect.Send)) {
      client.carryOut(client.waiting.remove());
    }
  }

  private List<RouteEffect.Send> takeSends() {
    List<RouteEffect.Send> sends =
        client.waiting.stream()
            .filter(RouteEffect.Send.class::isInstance)
            .map(RouteEffect.Send.class::cast)
            .toList();
    client.waiting.clear();
    return sends;
  }

  private List<RouteEffect.Open> takeOpens() {
    List<RouteEffect.Open> opens = new ArrayList<>();
    for (RouteEffect effect : client.waiting) {
      if (effect instanceof RouteEffect.Open open) {
        opens.add(open);
      }
    }
    client.waiting.clear();
    return opens;
  }

  private static boolean isFor(RouteEffect effect, String name) {
    return effect instanceof RouteEffect.Send send && send.relay().name().equals(name);
  }

  private static io.baton.session.model.Ticket ticket() {
    return new io.baton.session.model.Ticket(new byte[] {1});
  }

  private void assertDeclined(RouteInput.Submit submit, Refusal reason) {
    client.forget();
    client.give(submit);
    assertThat(client.seen)
        .singleElement()
        .satisfies(
            effect -> {
              RouteEffect.Declined declined = (RouteEffect.Declined) effect;
              assertThat(declined.request()).isEqualTo(submit.request());
              assertThat(declined.reason()).isEqualTo(reason);
              assertThat(declined.message()).isNotBlank();
            });
  }
}

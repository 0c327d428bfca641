package io.baton.session.route;

import static io.baton.session.testing.TestPayloads.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.LayerSpan;
import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.StageRole;
import io.baton.session.model.StepId;
import io.baton.session.testing.Oracle;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Routes that name a standby for each stage. */
class StandbyRouteTest {

  private final RouteDriver client = RouteDriver.chain(3);

  @BeforeEach
  void standby() {
    client.configure(config -> config.withStandby(true));
    client.relay("a2", 0, 1);
    client.relay("b2", 1, 2);
    client.relay("c2", 2, 3);
  }

  @Test
  void open_tellsStandbysWithTheRoute() {
    client.step(1);
    assertThat(client.route()).containsExactly("a", "b", "c");
    assertThat(client.all(RouteEffect.Open.class))
        .filteredOn(open -> open.role() == StageRole.STANDBY)
        .extracting(open -> open.relay().relay().name())
        .containsExactly("a2", "b2", "c2");
    assertThat(standingBy()).containsExactly("a2", "b2", "c2");
    RouteEffect.Open standby = opening("c2");
    assertThat(standby.pushSources()).isEqualTo(opening("c").pushSources());
  }

  @Test
  void open_withoutSparesGoesOnAlone() {
    RouteDriver alone = RouteDriver.chain(2);
    alone.configure(config -> config.withStandby(true));
    assertThat(alone.step(1)).isEqualTo(payload(oracle(2, 1)));
    assertThat(alone.state.standingBy()).isEmpty();
  }

  @Test
  void step_isPushedToTheStandbyToo() {
    client.step(1);
    client.step(2);
    Peer toB = client.sends("a").getFirst().nextPeers().getFirst();
    assertThat(toB.relay().name()).isEqualTo("b");
    assertThat(toB.standby().orElseThrow().relay().name()).isEqualTo("b2");
    assertThat(client.sends("b2")).singleElement().matches(send -> send.payload().isEmpty());
    assertThat(client.sends("b2").getFirst().step()).isEqualTo(client.sends("b").getFirst().step());
    // The client is the stage before the first.
    assertThat(client.sends("a2")).singleElement().matches(send -> send.payload().isPresent());
    assertThat(client.sends("a2").getFirst().nextPeers()).isEmpty();
    assertThat(client.get("c2").absorbed).hasSize(2);
    assertThat(client.state.stats().standbyTokens()).isZero();
  }

  @Test
  void failure_theStandbyTakesOverWithoutAReplay() {
    client.step(1);
    client.step(2);
    client.lose("b");
    assertThat(client.step(3)).isEqualTo(payload(oracle(3, 1, 2, 3).getLast()));
    assertThat(client.route()).containsExactly("a", "b2", "c");
    assertThat(client.state.stats().takeovers()).isEqualTo(1);
    assertThat(client.state.stats().replayedTokens()).isZero();
    assertThat(client.state.stats().reroutes()).isEqualTo(1);
  }

  @Test
  void failure_inTheMiddleOfAStepIsTakenOverToo() {
    client.step(1);
    client.submit(1, 2);
    // The first stage has answered, and pushed; the second dies with the step.
    client.carryOut(take("a"));
    client.get("b").up = false;
    client.carryOut(take("b2"));
    client.lose("b");
    client.run();
    assertThat(client.last(RouteEffect.Accepted.class).output())
        .isEqualTo(payload(oracle(3, 1, 2).getLast()));
    assertThat(client.state.stats().replayedTokens()).isZero();
  }

  @Test
  void failure_ofTheStandbyLeavesTheRouteAsItIs() {
    client.step(1);
    long epoch = client.state.epoch();
    client.forget();
    client.lose("b2");
    assertThat(client.last(RouteEffect.StandbyLost.class).standby().relay().name()).isEqualTo("b2");
    client.run();
    client.step(2);
    assertThat(client.state.epoch()).isEqualTo(epoch);
    assertThat(client.state.stats().reroutes()).isZero();
    assertThat(standingBy()).containsExactly("a2", "c2");
  }

  @Test
  void failure_aNewRelayIsSoughtAndCatchesUpByReplay() {
    client.step(1);
    client.step(2);
    client.lose("b");
    client.step(3);
    assertThat(standingBy()).containsExactlyInAnyOrder("a2", "c2");
    client.relay(new RelayId("b", 2L << 32), 1, 2);
    client.now += client.state.config().patience().maxBackoffNanos();
    client.step(31);
    client.run();
    assertThat(standingBy()).containsExactlyInAnyOrder("a2", "c2", "b");
    assertThat(client.get("b").absorbed).hasSize(4);
    assertThat(client.state.stats().standbyTokens()).isEqualTo(3);
    client.lose("b2");
    assertThat(client.step(4)).isEqualTo(payload(oracle(3, 1, 2, 3, 31, 4).getLast()));
    assertThat(client.state.stats().takeovers()).isEqualTo(2);
    assertThat(client.state.stats().replayedTokens()).isZero();
  }

  @Test
  void seek_waitsLongerEachTime() {
    client.step(1);
    client.lose("b2");
    client.submit(1, 2);
    client.forget();
    long before = client.state.nextDeadlineNanos().orElseThrow();
    client.tickAtDeadline();
    long after = client.state.nextDeadlineNanos().orElseThrow();
    assertThat(client.all(RouteEffect.Discover.class)).hasSize(1);
    assertThat(after - client.now).isPositive();
    client.tickAtDeadline();
    assertThat(client.state.nextDeadlineNanos().orElseThrow() - after)
        .isGreaterThan(after - before);
  }

  @Test
  void seek_endsWhenEachStageHasItsStandby() {
    client.step(1);
    assertThat(client.state.nextDeadlineNanos()).isEmpty();
  }

  @Test
  void behind_itIsSentWhatItLacksBeforeItCounts() {
    client.get("b2").up = false;
    client.step(1);
    client.step(2);
    client.get("b2").up = true;
    client.now += client.state.config().patience().maxBanNanos();
    client.step(3);
    assertThat(client.get("b2").absorbed).hasSize(3);
    client.get("b2").absorbed.clear();
    client.lose("b");
    // It says itself that it holds nothing any more, and is believed over what it once held.
    assertThat(client.step(4)).isEqualTo(payload(oracle(3, 1, 2, 3, 4).getLast()));
    assertThat(client.state.stats().replayedTokens()).isEqualTo(3);
  }

  @Test
  void behind_itIsPushedNothingUntilItHasCaughtUp() {
    client.configure(config -> config.withStandby(true).withWindow(4));
    client.step(1);
    client.submit(1, 2);
    RouteEffect.Send slow = holdBack("b2");
    client.submit(2, 3);
    assertThat(holdBack("a").nextPeers().getFirst().standby()).isEmpty();
    client.carryOut(client.sends("a").getLast());
    client.run();
    client.carryOut(slow);
    client.run();
    assertThat(client.get("b2").absorbed).hasSize(3);
    client.lose("b");
    assertThat(client.step(4)).isEqualTo(payload(oracle(3, 1, 2, 3, 4).getLast()));
    assertThat(client.state.stats().replayedTokens()).isZero();
  }

  @Test
  void opened_moreThanTheSessionHoldsIsNoStandby() {
    client.submit(0, 1);
    RouteEffect.Open open = null;
    while (!client.waiting.isEmpty()) {
      RouteEffect effect = client.waiting.remove();
      if (effect instanceof RouteEffect.Open to && to.relay().relay().name().equals("b2")) {
        open = to;
      } else {
        client.carryOut(effect);
      }
    }
    client.give(RouteDriver.opened(java.util.Objects.requireNonNull(open), 7));
    assertThat(client.last(RouteEffect.StandbyLost.class).cause()).contains("claims 7 tokens");
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void absorbed_otherBytesDoNotCount() {
    client.step(1);
    client.submit(1, 2);
    RouteEffect.Send send = holdBack("b2");
    client.give(
        new RouteInput.Absorbed(
            send.relay(), send.step(), Source.PEER, payload(99).digest(), send.step().end()));
    client.lose("b");
    assertThat(opening("b2").length()).isEqualTo(1);
  }

  @Test
  void absorbed_byTheHopItselfIsNoAnswer() {
    client.step(1);
    client.forget();
    client.submit(1, 2);
    RouteEffect.Send send = client.sends("a").getFirst();
    client.give(
        new RouteInput.Absorbed(send.relay(), send.step(), Source.CLIENT, send.digest(), 2));
    assertThat(client.all(RouteEffect.Accepted.class)).isEmpty();
    client.run();
    assertThat(client.all(RouteEffect.Accepted.class)).hasSize(1);
  }

  @Test
  void overdue_aStandbyThatDoesNotAnswerIsLeft() {
    client.step(1);
    client.get("c2").up = false;
    client.step(2);
    client.tickAtDeadline();
    assertThat(client.last(RouteEffect.StandbyLost.class).cause()).isEqualTo("no answer in time");
    assertThat(client.state.stats().reroutes()).isZero();
  }

  @Test
  void refused_aStandbyThatRefusesIsLeft() {
    client.step(1);
    RelayId c2 = client.get("c2").id();
    client.give(
        new RouteInput.Refused(
            c2, new StepId(client.state.epoch(), 0), Refusal.NO_SESSION, "the lease ran out"));
    assertThat(client.last(RouteEffect.StandbyLost.class).cause()).contains("the lease ran out");
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void draining_aStandbyIsClosed() {
    client.step(1);
    client.forget();
    client.give(new RouteInput.RelayDraining(client.get("c2").id()));
    assertThat(client.all(RouteEffect.CloseStage.class))
        .extracting(close -> close.relay().name())
        .containsExactly("c2");
    client.run();
    assertThat(client.step(2)).isEqualTo(payload(oracle(3, 1, 2).getLast()));
  }

  @Test
  void mismatch_atAStandbyChangesNothingInTheChain() {
    client.step(1);
    long epoch = client.state.epoch();
    client.forget();
    client.submit(1, 2);
    client.carryOut(client.waiting.remove());
    RouteEffect.Send sent = client.sends("b2").getLast();
    for (int i = 0; i < 5; i++) {
      client.give(
          new RouteInput.MismatchReported(
              sent.relay(),
              sent.step().id(),
              sent.digest(),
              payload(2).digest(),
              client.get("a").id(),
              true));
    }
    assertThat(client.state.epoch()).isEqualTo(epoch);
    assertThat(client.state.stats().mismatches()).isEqualTo(3);
    assertThat(client.all(RouteEffect.StandbyLost.class)).isEmpty();
    client.run();
    assertThat(client.last(RouteEffect.Accepted.class).output())
        .isEqualTo(payload(oracle(3, 1, 2).getLast()));
    assertThat(client.route()).containsExactly("a", "b", "c");
  }

  @Test
  void rewind_standbysFollow() {
    client.step(1);
    client.step(2);
    client.forget();
    client.submit(1, 7);
    client.run();
    assertThat(client.last(RouteEffect.Accepted.class).output())
        .isEqualTo(payload(oracle(3, 1, 7).getLast()));
    client.lose("c");
    assertThat(client.step(8)).isEqualTo(payload(oracle(3, 1, 7, 8).getLast()));
    assertThat(client.state.stats().replayedTokens()).isZero();
  }

  @Test
  void close_endsTheSessionAtStandbysToo() {
    client.step(1);
    client.forget();
    client.give(new RouteInput.Close());
    assertThat(client.all(RouteEffect.CloseStage.class)).hasSize(6);
  }

  private RouteEffect.Open opening(String name) {
    return client.all(RouteEffect.Open.class).stream()
        .filter(open -> open.relay().relay().name().equals(name))
        .reduce((_, latest) -> latest)
        .orElseThrow();
  }

  private List<String> standingBy() {
    return client.state.standingBy().stream().map(c -> c.relay().name()).toList();
  }

  /** Carries out all but what goes to one relay; returns the first of that. */
  private RouteEffect.Send holdBack(String name) {
    List<RouteEffect.Send> held = new ArrayList<>();
    while (!client.waiting.isEmpty()) {
      RouteEffect effect = client.waiting.remove();
      if (effect instanceof RouteEffect.Send send && send.relay().name().equals(name)) {
        held.add(send);
      } else {
        client.carryOut(effect);
      }
    }
    return held.getFirst();
  }

  /** Takes what waits for a relay out of the order. */
  private RouteEffect take(String name) {
    RouteEffect.Send send =
        client.waiting.stream()
            .filter(RouteEffect.Send.class::isInstance)
            .map(RouteEffect.Send.class::cast)
            .filter(to -> to.relay().name().equals(name))
            .findFirst()
            .orElseThrow();
    client.waiting.remove(send);
    return send;
  }

  private static List<Long> oracle(int layers, long... inputs) {
    return Oracle.run(new LayerSpan(0, layers), java.util.Arrays.stream(inputs).boxed().toList());
  }
}

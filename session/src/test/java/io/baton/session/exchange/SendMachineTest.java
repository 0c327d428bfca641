package io.baton.session.exchange;

import static io.baton.session.exchange.Failure.Reason.ALREADY_EXISTS;
import static io.baton.session.exchange.Failure.Reason.CANCELLED;
import static io.baton.session.exchange.Failure.Reason.DEADLINE_EXCEEDED;
import static io.baton.session.exchange.Failure.Reason.INVALID_ARGUMENT;
import static io.baton.session.exchange.Failure.Reason.RESOURCE_EXHAUSTED;
import static io.baton.session.exchange.Failure.Reason.UNAVAILABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.Transition;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SendMachineTest {

  private static final long DEADLINE = 1_000;
  private static final List<SendEffect> NOTHING = List.of();
  private static final SendEffect SUCCESS = new SendEffect.Finish(Optional.empty());

  private SendState state = begin("a", "b");

  private static SendState begin(String... destinations) {
    return SendMachine.start("chunk 0 of g/x", List.of(destinations), DEADLINE).state();
  }

  private List<SendEffect> feed(SendInput input) {
    return feed(input, 0);
  }

  private List<SendEffect> feed(SendInput input, long nowNanos) {
    Transition<SendState, SendEffect> transition = SendMachine.step(state, input, nowNanos);
    state = transition.state();
    return transition.effects();
  }

  @Test
  void start_offersToAll() {
    assertThat(SendMachine.start("x", List.of("a", "b"), DEADLINE).effects())
        .containsExactly(new SendEffect.Offer(0), new SendEffect.Offer(1));
  }

  @Test
  void start_toNobodyIsFinished() {
    Transition<SendState, SendEffect> started = SendMachine.start("x", List.of(), DEADLINE);
    assertThat(started.effects()).containsExactly(SUCCESS);
    assertThat(SendMachine.step(started.state(), new SendInput.Tick(), DEADLINE).effects())
        .isEmpty();
  }

  @Test
  void bodies_areSentWhereThereIsRoomAndNobodyWaitsForAnother() {
    assertThat(feed(new SendInput.Wait(0, "full"))).isEmpty();
    assertThat(feed(new SendInput.Grant(1))).containsExactly(new SendEffect.SendBody(1));
    assertThat(feed(new SendInput.Take(1))).isEmpty();
    assertThat(feed(new SendInput.Grant(0))).containsExactly(new SendEffect.SendBody(0));
    assertThat(feed(new SendInput.Take(0))).containsExactly(SUCCESS);
  }

  @Test
  void take_ofWhatTheRelayHasAlreadyNeedsNoBody() {
    feed(new SendInput.Take(0));
    assertThat(feed(new SendInput.Take(1))).containsExactly(SUCCESS);
  }

  @Test
  void answers_thatComeTwiceOrLateChangeNothing() {
    feed(new SendInput.Grant(0));
    assertThat(feed(new SendInput.Grant(0))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.Wait(0, "full"))).isEqualTo(NOTHING);
    assertThat(state.deliveries().getFirst()).isEqualTo(new Delivery.Granted());
    feed(new SendInput.Take(0));
    feed(new SendInput.Refuse(0, new Failure(ALREADY_EXISTS, "again")));
    feed(new SendInput.LinkLost(0, "gone"));
    feed(new SendInput.LinkReady(0));
    assertThat(feed(new SendInput.Grant(0))).isEqualTo(NOTHING);
    assertThat(state.deliveries().getFirst()).isEqualTo(new Delivery.Taken());
    assertThat(feed(new SendInput.Take(1))).containsExactly(SUCCESS);
    assertThat(feed(new SendInput.Take(1))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.Cancel("late"))).isEqualTo(NOTHING);
  }

  @Test
  void take_afterARefusalComesTooLate() {
    feed(new SendInput.Refuse(0, new Failure(INVALID_ARGUMENT, "no")));
    feed(new SendInput.Take(0));
    assertThat(finished(feed(new SendInput.Take(1))).orElseThrow().reason())
        .isEqualTo(INVALID_ARGUMENT);
  }

  @Test
  void refusal_isToldWhenTheOthersAreOver() {
    assertThat(feed(new SendInput.Refuse(0, new Failure(ALREADY_EXISTS, "sent before")))).isEmpty();
    assertThat(finished(feed(new SendInput.Take(1))))
        .contains(
            new Failure(
                ALREADY_EXISTS, "chunk 0 of g/x: a: sent before (1 of 2 destinations have it)"));
  }

  @Test
  void refusals_areAllToldWithTheReasonOfTheFirstDestination() {
    feed(new SendInput.Refuse(1, new Failure(ALREADY_EXISTS, "sent before")));
    assertThat(finished(feed(new SendInput.Refuse(0, new Failure(INVALID_ARGUMENT, "no")))))
        .contains(new Failure(INVALID_ARGUMENT, "chunk 0 of g/x: a: no; b: sent before"));
  }

  @Test
  void lostLink_isOfferedAgainWhenItIsBack() {
    feed(new SendInput.Grant(0));
    assertThat(feed(new SendInput.LinkLost(0, "reset"))).isEmpty();
    assertThat(feed(new SendInput.LinkLost(0, "refused"))).isEmpty();
    assertThat(feed(new SendInput.LinkReady(0))).containsExactly(new SendEffect.Offer(0));
    assertThat(feed(new SendInput.LinkReady(0))).isEmpty();
    assertThat(feed(new SendInput.Grant(0))).containsExactly(new SendEffect.SendBody(0));
  }

  @Test
  void readyLink_thatWasNotLostIsNotOfferedAgain() {
    assertThat(feed(new SendInput.LinkReady(0))).isEmpty();
  }

  @Test
  void deadline_endsWhatIsNotOver() {
    feed(new SendInput.Take(0));
    assertThat(feed(new SendInput.Tick(), DEADLINE - 1)).isEmpty();
    List<SendEffect> effects = feed(new SendInput.Tick(), DEADLINE);
    assertThat(effects).startsWith(new SendEffect.Withdraw(1)).hasSize(2);
    assertThat(finished(effects))
        .contains(
            new Failure(
                DEADLINE_EXCEEDED,
                "chunk 0 of g/x: b: it did not take the chunk in time (1 of 2 destinations have"
                    + " it)"));
  }

  @Test
  void deadline_withoutRoomSaysWhatTheRoomIsTakenBy() {
    feed(new SendInput.Take(1));
    feed(new SendInput.Wait(0, "900 of 1000 bytes are held by worker-3"));
    Failure failure = finished(feed(new SendInput.Tick(), DEADLINE)).orElseThrow();
    assertThat(failure.reason()).isEqualTo(RESOURCE_EXHAUSTED);
    assertThat(failure.message()).contains("a: no room in time: 900 of 1000 bytes are held by");
  }

  @Test
  void deadline_withoutALinkSaysWhyAndWithdrawsNothingThere() {
    feed(new SendInput.LinkLost(0, "connection refused"));
    feed(new SendInput.Take(1));
    List<SendEffect> effects = feed(new SendInput.Tick(), DEADLINE);
    assertThat(effects).hasSize(1);
    assertThat(finished(effects).orElseThrow())
        .isEqualTo(
            new Failure(
                UNAVAILABLE,
                "chunk 0 of g/x: a: not reached in time: connection refused (1 of 2 destinations"
                    + " have it)"));
  }

  @Test
  void heldOffer_isMadeWhenThereIsRoom() {
    assertThat(feed(new SendInput.Hold(0, "much waits"))).isEmpty();
    assertThat(feed(new SendInput.LinkReady(0))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.Room(1))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.Room(0))).containsExactly(new SendEffect.Offer(0));
    assertThat(feed(new SendInput.Room(0))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.Grant(0))).containsExactly(new SendEffect.SendBody(0));
    // What the relay has been offered is not held any more.
    feed(new SendInput.Hold(0, "much waits"));
    feed(new SendInput.Take(0));
    assertThat(feed(new SendInput.Take(1))).containsExactly(SUCCESS);
  }

  @Test
  void heldOffer_isMadeOnTheNextLinkToo() {
    feed(new SendInput.Hold(0, "much waits"));
    assertThat(feed(new SendInput.LinkLost(0, "reset"))).isEmpty();
    assertThat(feed(new SendInput.Room(0))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.LinkReady(0))).containsExactly(new SendEffect.Offer(0));
  }

  @Test
  void answers_toWhatWasNotOfferedMeanNothing() {
    feed(new SendInput.Take(1));
    for (SendInput unasked :
        List.of(new SendInput.Hold(0, "much waits"), new SendInput.LinkLost(0, "reset"))) {
      feed(unasked);
      assertThat(feed(new SendInput.Wait(0, "full"))).isEqualTo(NOTHING);
      assertThat(feed(new SendInput.Grant(0))).isEqualTo(NOTHING);
      assertThat(feed(new SendInput.Refuse(0, new Failure(INVALID_ARGUMENT, "no")))).isEmpty();
      assertThat(feed(new SendInput.Take(0))).isEqualTo(NOTHING);
    }
  }

  @Test
  void deadline_ofAHeldOfferSaysWhyAndWithdrawsNothing() {
    feed(new SendInput.Take(1));
    feed(new SendInput.Hold(0, "much waits"));
    List<SendEffect> effects = feed(new SendInput.Tick(), DEADLINE);
    assertThat(effects).hasSize(1);
    assertThat(finished(effects).orElseThrow())
        .isEqualTo(
            new Failure(
                RESOURCE_EXHAUSTED,
                "chunk 0 of g/x: a: not offered in time: much waits (1 of 2 destinations have"
                    + " it)"));
  }

  @Test
  void deadline_holdsWhereTheClockOverflows() {
    long deadline = Long.sum(Long.MAX_VALUE - 10, 100);
    SendState late = SendMachine.start("x", List.of("a"), deadline).state();
    SendInput tick = new SendInput.Tick();
    assertThat(SendMachine.step(late, tick, Long.MAX_VALUE).effects()).isEmpty();
    assertThat(SendMachine.step(late, tick, deadline).effects()).hasSize(2);
  }

  @Test
  void cancel_withdrawsWhatIsNotOver() {
    feed(new SendInput.Grant(0));
    List<SendEffect> effects = feed(new SendInput.Cancel("no longer wanted"));
    assertThat(effects)
        .startsWith(new SendEffect.Withdraw(0), new SendEffect.Withdraw(1))
        .hasSize(3);
    assertThat(finished(effects).orElseThrow().reason()).isEqualTo(CANCELLED);
    assertThat(feed(new SendInput.Take(0))).isEqualTo(NOTHING);
    assertThat(feed(new SendInput.Tick(), DEADLINE)).isEqualTo(NOTHING);
  }

  @Test
  void state_hasADeliveryForEachDestination() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SendState("x", List.of("a"), List.of(), DEADLINE, false));
  }

  /** Why not all have it, as the sender is told. */
  private static Optional<Failure> finished(List<SendEffect> effects) {
    assertThat(effects.getLast()).isInstanceOf(SendEffect.Finish.class);
    return ((SendEffect.Finish) effects.getLast()).failure();
  }
}

package io.baton.session.stage;

import static io.baton.session.stage.StageDriver.NEXT;
import static io.baton.session.stage.StageDriver.OTHER_NEXT;
import static io.baton.session.stage.StageDriver.PREVIOUS;
import static io.baton.session.stage.StageDriver.STRANGER;
import static io.baton.session.stage.StageDriver.outputs;
import static io.baton.session.testing.TestPayloads.payload;
import static io.baton.session.testing.TestPayloads.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.Source;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StageMachineTest {

  private static final Payload A = payload(10);
  private static final Payload B = payload(20);
  private static final Payload C = payload(30);
  private static final Payload FORGED = payload(99);
  private static final Payload EMPTY = payload();
  private static final long GRACE = StageConfig.Limits.DEFAULT.graceNanos();

  private final StageDriver stage = StageDriver.opened();

  // ---- opening

  @Test
  void announce_opensAnEmptySession() {
    assertThat(stage.announce(2, 0)).containsExactly(new StageEffect.Opened(2, 0));
  }

  @Test
  void announce_ofAnOlderEpochIsRefused() {
    stage.announce(5, 0);
    assertRefused(stage.announce(4, 0), new StepId(4, 0), Refusal.STALE_EPOCH);
    assertThat(stage.state.epoch()).isEqualTo(5);
  }

  @Test
  void announce_twiceChangesNothing() {
    settle(1, 0, A);
    StageState before = stage.state;
    assertThat(stage.announce(1, 0)).containsExactly(new StageEffect.Opened(1, 1));
    assertThat(stage.state).isEqualTo(before);
  }

  @Test
  void announce_statesTheSettledLength() {
    settle(1, 0, A);
    settle(2, 1, B);
    assertThat(stage.announce(2, 2)).containsExactly(new StageEffect.Opened(2, 2));
    assertThat(stage.announce(3, 9)).containsExactly(new StageEffect.Opened(3, 2));
  }

  // ---- the race

  @Test
  void race_peerFirstIsComputedAtOnce() {
    assertThat(stage.push(1, 0, A)).containsExactly(compute(1, 1, 0, A));
    assertThat(stage.confirm(1, 0, A)).isEmpty();
    assertThat(stage.computed())
        .containsExactly(pushed(1, 0, outputs(A)), response(1, 0, Source.PEER, A, outputs(A), 1));
    assertThat(stage.state.settled()).isEqualTo(1);
  }

  @Test
  void race_clientFirstIsComputedAtOnce() {
    assertThat(stage.send(1, 0, A)).containsExactly(compute(1, 1, 0, A));
    assertThat(stage.push(1, 0, A)).containsExactly(dropped(1, DropReason.DUPLICATE));
    assertThat(stage.computed())
        .containsExactly(pushed(1, 0, outputs(A)), response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void race_atTheSameTimeIsOneComputationAndOneResponse() {
    stage.push(1, 0, A);
    assertThat(stage.send(1, 0, A)).isEmpty();
    assertThat(stage.computed()).hasSize(2);
    assertThat(stage.state.isQuiet()).isTrue();
  }

  @Test
  void race_answersBeforeTheClientConfirms() {
    stage.push(1, 0, A);
    assertThat(stage.computed())
        .containsExactly(pushed(1, 0, outputs(A)), response(1, 0, Source.PEER, A, outputs(A), 1));
    assertThat(stage.state.settled()).isZero();
    assertThat(stage.confirm(1, 0, A)).isEmpty();
    assertThat(stage.state.settled()).isEqualTo(1);
  }

  @Test
  void race_digestFirstWaitsForThePush() {
    assertThat(stage.confirm(1, 0, A)).isEmpty();
    assertThat(stage.push(1, 0, A)).containsExactly(compute(1, 1, 0, A));
    assertThat(stage.computed()).contains(response(1, 0, Source.PEER, A, outputs(A), 1));
    assertThat(stage.state.settled()).isEqualTo(1);
  }

  @Test
  void lateDuplicate_makesNoSecondResponseAndNoSecondComputation() {
    stage.send(1, 0, A);
    stage.computed();
    assertThat(stage.push(1, 0, A)).containsExactly(dropped(1, DropReason.DUPLICATE));
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void sameStepAgain_getsTheRecordedResponse() {
    stage.send(1, 0, A);
    assertThat(stage.send(1, 0, A)).isEmpty();
    stage.computed();
    assertThat(stage.send(1, 0, A))
        .containsExactly(response(1, 0, Source.CLIENT, A, outputs(A), 1));
    assertThat(stage.confirm(1, 0, A))
        .containsExactly(response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void sameStepAgain_withAnotherDigestIsAConflict() {
    stage.send(1, 0, A);
    assertRefused(stage.send(1, 0, B), id(1), Refusal.CONFLICT);
    stage.computed();
    assertRefused(stage.send(1, 0, B), id(1), Refusal.CONFLICT);
    assertThat(stage.send(1, 0, A)).hasSize(1);
  }

  @Test
  void sameStepAgain_forOtherTokensIsAConflict() {
    settle(1, 0, A);
    assertRefused(stage.send(1, 1, A), id(1), Refusal.CONFLICT);
  }

  @Test
  void sameStepAgain_longAgoIsSettled() {
    for (int i = 0; i < 6; i++) {
      settle(i + 1, i, payload(i));
    }
    assertThat(stage.send(3, 2, payload(2))).hasSize(1);
    assertRefused(stage.send(2, 1, payload(1)), id(2), Refusal.STEP_SETTLED);
    settle(7, 6, A);
  }

  @Test
  void nextPeers_mayDifferInEveryStep() {
    stage.send(1, 0, A);
    assertThat(stage.computed()).contains(pushed(1, 0, outputs(A)));
    stage.nextPeers(OTHER_NEXT).send(2, 1, B);
    assertThat(stage.computed())
        .contains(
            new StageEffect.PushOutput(
                stage.step(2, 1, 1), OTHER_NEXT, List.of(), outputs(A, B), StageRole.ACTIVE));
    stage.nextPeers().send(3, 2, C);
    assertThat(stage.computed()).noneMatch(StageEffect.PushOutput.class::isInstance);
  }

  @Test
  void nextPeers_areTheClientsOnceItHasSpoken() {
    stage.nextPeers(OTHER_NEXT).push(1, 0, A);
    stage.nextPeers(NEXT).confirm(1, 0, A);
    assertThat(stage.computed()).contains(pushed(1, 0, outputs(A)));
  }

  @Test
  void sideInputs_travelWithTheirStep() {
    Payload first = withBeams(A, 1, 0);
    Payload second = withBeams(B, 0, 1);
    stage.push(1, 0, first);
    assertThat(stage.computingInput().sideInputs()).isEqualTo(first.sideInputs());
    stage.computed();
    stage.push(2, 1, second);
    assertThat(stage.computingInput().sideInputs()).isEqualTo(second.sideInputs());
    assertThat(stage.confirm(1, 0, A))
        .as("the digest covers the side inputs")
        .anyMatch(StageEffect.ReportMismatch.class::isInstance);
  }

  // ---- order and length

  @Test
  void gap_isRefusedAndTheSessionGoesOn() {
    settle(1, 0, A);
    assertThat(stage.send(2, 5, B))
        .singleElement()
        .satisfies(
            effect -> {
              StageEffect.Refuse refuse = (StageEffect.Refuse) effect;
              assertThat(refuse.reason()).isEqualTo(Refusal.GAP);
              assertThat(refuse.currentLength()).isEqualTo(1);
            });
    settle(3, 1, B);
    assertThat(stage.state.settled()).isEqualTo(2);
  }

  @Test
  void rewind_inANewerEpochRollsBack() {
    settle(1, 0, A);
    settle(2, 1, B);
    settle(3, 2, C);
    assertThat(stage.announce(2, 1)).containsExactly(new StageEffect.Opened(2, 1));
    assertThat(stage.send(4, 1, C))
        .containsExactly(new StageEffect.Rollback(1), compute(4, 4, 1, C));
    assertThat(stage.computed()).contains(response(4, 1, Source.CLIENT, C, outputs(A, C), 2));
  }

  @Test
  void rewind_byAStepOfANewerEpoch() {
    settle(1, 0, A);
    settle(2, 1, B);
    stage.epoch = 2;
    assertThat(stage.send(3, 1, C)).contains(new StageEffect.Rollback(1));
    assertThat(stage.computed()).contains(response(3, 1, Source.CLIENT, C, outputs(A, C), 2));
  }

  @Test
  void rewind_toTheSameInputComputesNothingAgain() {
    settle(1, 0, A);
    settle(2, 1, B);
    stage.announce(2, 1);
    assertThat(stage.send(3, 1, B))
        .containsExactly(
            pushed(3, 1, outputs(A, B)), response(3, 1, Source.CLIENT, B, outputs(A, B), 2));
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void rewind_intoAStepForgetsTheStep() {
    settle(1, 0, payload(1, 2, 3));
    settle(2, 3, B);
    assertThat(stage.announce(2, 2)).containsExactly(new StageEffect.Opened(2, 2));
    assertThat(stage.send(3, 2, C)).contains(new StageEffect.Rollback(2));
    assertThat(stage.computed())
        .contains(response(3, 2, Source.CLIENT, C, outputs(payload(1, 2), C), 3));
  }

  @Test
  void rewind_fartherThanTheRecordedStepsComputesAgain() {
    for (int i = 0; i < 8; i++) {
      settle(i + 1, i, payload(i));
    }
    assertThat(stage.announce(2, 1)).containsExactly(new StageEffect.Opened(2, 1));
    assertThat(stage.send(9, 1, payload(1))).contains(new StageEffect.Rollback(1));
  }

  @Test
  void rewind_withoutANewerEpochIsRefused() {
    settle(1, 0, A);
    settle(2, 1, B);
    assertRefused(stage.send(3, 1, C), id(3), Refusal.REWIND_NEEDS_EPOCH);
    assertRefused(stage.send(4, 0, C), id(4), Refusal.REWIND_NEEDS_EPOCH);
    assertThat(stage.state.settled()).isEqualTo(2);
  }

  @Test
  void rewind_ofAConfirmedStepNotYetComputedIsRefused() {
    stage.send(1, 0, A);
    assertRefused(stage.send(2, 0, B), id(2), Refusal.REWIND_NEEDS_EPOCH);
    assertThat(stage.computed()).contains(response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void oneLongStep_equalsManyShortOnes() {
    stage.send(1, 0, payload(1, 2, 3));
    List<StageEffect> atOnce = stage.computed();
    StageDriver other = StageDriver.opened();
    for (int i = 0; i < 3; i++) {
      other.send(i + 1, i, payload(i + 1));
      assertThat(((StageEffect.Respond) other.computed().getLast()).output())
          .isEqualTo(
              io.baton.session.testing.TestPayloads.PAYLOADS.rows(
                  ((StageEffect.Respond) atOnce.getLast()).output(), i, 1));
    }
  }

  @Test
  void zeroTokens_areAnsweredAndChangeNothing() {
    settle(1, 0, A);
    stage.send(2, 1, EMPTY);
    assertThat(stage.computed())
        .containsExactly(pushed(2, 1, EMPTY), response(2, 1, Source.CLIENT, EMPTY, EMPTY, 1));
    settle(3, 1, B);
    assertThat(stage.state.settled()).isEqualTo(2);
  }

  @Test
  void tooLong_isRefusedBeforeAnythingIsComputed() {
    StageDriver small = StageDriver.opened(StageConfig.Limits.DEFAULT, 2);
    StageState before = small.state;
    assertRefused(small.send(1, 0, payload(1, 2, 3)), id(1), Refusal.TOO_LONG);
    assertRefused(small.send(1, 2, A), id(1), Refusal.TOO_LONG);
    assertThat(small.push(1, 0, payload(1, 2, 3)))
        .containsExactly(dropped(1, DropReason.BAD_TENSOR));
    assertThat(small.state).isEqualTo(before);
  }

  // ---- what is wrong with an input

  @Test
  void badTensor_isRefusedAndNothingIsChanged() {
    StageState before = stage.state;
    Payload floats = payload(Tensor.ofFloats(new float[] {1}, 1, 1), new TreeMap<>());
    Payload wide =
        payload(Tensor.wrap(TensorSpec.of(DType.I64, 1, 2), new byte[16]), new TreeMap<>());
    for (Payload bad : List.of(floats, wide)) {
      assertRefused(stage.send(1, 0, bad), id(1), Refusal.BAD_TENSOR);
      assertThat(stage.push(1, 0, bad)).containsExactly(dropped(1, DropReason.BAD_TENSOR));
    }
    Payload two = payload(1, 2);
    assertRefused(
        stage.client(stage.step(1, 0, 1), two.digest(), Optional.of(two)),
        id(1),
        Refusal.BAD_TENSOR);
    assertThat(stage.state).isEqualTo(before);
  }

  @Test
  void unknownSideInput_isRefused() {
    TreeMap<String, Tensor> sides = new TreeMap<>();
    sides.put("other", tensor(List.of(1L)));
    Payload bad = payload(List.of(1L), sides);
    assertRefused(stage.send(1, 0, bad), id(1), Refusal.BAD_TENSOR);
    assertThat(stage.push(1, 0, bad)).containsExactly(dropped(1, DropReason.BAD_TENSOR));
  }

  @Test
  void payloadOfAnotherDigest_isRefused() {
    assertRefused(
        stage.client(stage.step(1, 0, 1), A.digest(), Optional.of(B)), id(1), Refusal.BAD_DIGEST);
  }

  @Test
  void digestOfAnotherAlgorithm_isRefused() {
    Digest other = new Digest(Digest.Algorithm.XXH3_128, new byte[16]);
    assertRefused(
        stage.client(stage.step(1, 0, 1), other, Optional.empty()), id(1), Refusal.MALFORMED);
    Payload odd = new Payload(A.activations(), new TreeMap<>(), other);
    assertThat(stage.push(1, 0, odd)).containsExactly(dropped(1, DropReason.BAD_TENSOR));
  }

  @Test
  void wrongSource_isDropped() {
    assertThat(stage.push(STRANGER, 1, 1, 0, A))
        .containsExactly(new StageEffect.Dropped(STRANGER, id(1), DropReason.NOT_PREVIOUS));
    assertThat(stage.isComputing()).isFalse();
  }

  // ---- epochs

  @Test
  void stalePush_isFenced() {
    stage.announce(2, 0);
    assertThat(stage.push(PREVIOUS, 1, 1, 0, A))
        .containsExactly(
            new StageEffect.Dropped(PREVIOUS, new StepId(1, 1), DropReason.STALE_EPOCH));
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void staleStep_isRefused() {
    stage.announce(2, 0);
    stage.epoch = 1;
    assertRefused(stage.send(1, 0, A), id(1), Refusal.STALE_EPOCH);
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void staleComputation_isNotAnswered() {
    stage.send(1, 0, A);
    stage.announce(2, 0);
    assertThat(stage.computed()).isEmpty();
  }

  @Test
  void newerEpochPush_isParkedUntilItsEpochIsAnnounced() {
    assertThat(stage.push(PREVIOUS, 2, 1, 0, A)).isEmpty();
    assertThat(stage.isComputing()).isFalse();
    assertThat(stage.announce(2, 0))
        .containsExactly(
            new StageEffect.Opened(2, 0),
            new StageEffect.Compute(1, new Step(new StepId(2, 1), 0, 1), A));
  }

  @Test
  void newerEpochPush_fromAWrongSourceIsDroppedOnceThatIsKnown() {
    stage.push(STRANGER, 2, 1, 0, A);
    assertThat(stage.announce(2, 0))
        .contains(new StageEffect.Dropped(STRANGER, new StepId(2, 1), DropReason.NOT_PREVIOUS));
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void newerEpochPush_ofAnEpochThatIsSkippedIsDropped() {
    stage.push(PREVIOUS, 2, 1, 0, A);
    assertThat(stage.announce(3, 0))
        .contains(new StageEffect.Dropped(PREVIOUS, new StepId(2, 1), DropReason.STALE_EPOCH));
    assertThat(stage.state.parked()).isEmpty();
  }

  // ---- pushes out of order

  @Test
  void reorderedPushes_areParkedThenUsedInOrder() {
    assertThat(stage.push(3, 2, C)).isEmpty();
    assertThat(stage.push(2, 1, B)).isEmpty();
    assertThat(stage.push(1, 0, A)).containsExactly(compute(1, 1, 0, A));
    assertThat(stage.computed()).contains(compute(2, 2, 1, B));
    assertThat(stage.computed()).contains(compute(3, 3, 2, C));
    assertThat(stage.computed()).contains(response(3, 2, Source.PEER, C, outputs(A, B, C), 3));
    assertThat(stage.state.parked()).isEmpty();
  }

  @Test
  void reorderedPush_isUsedOnceTheClientClosesTheGap() {
    stage.push(2, 1, B);
    stage.send(1, 0, A);
    assertThat(stage.computed()).contains(compute(2, 2, 1, B));
  }

  @Test
  void parking_isBoundedInNumberAndBytes() {
    StageConfig.Limits limits = new StageConfig.Limits(8, 2, 16, 256, 4, GRACE);
    StageDriver small = StageDriver.opened(limits, 100);
    assertThat(small.push(2, 1, B)).isEmpty();
    assertThat(small.push(2, 1, B)).containsExactly(dropped(2, DropReason.DUPLICATE));
    assertThat(small.push(3, 2, payload(1, 2)))
        .containsExactly(dropped(3, DropReason.PARKING_FULL));
    assertThat(small.push(3, 2, C)).isEmpty();
    assertThat(small.push(4, 3, A)).containsExactly(dropped(4, DropReason.PARKING_FULL));
    assertThat(small.state.heldBytes()).isEqualTo(16);
  }

  @Test
  void speculation_isBounded() {
    for (int i = 0; i < 8; i++) {
      stage.push(i + 1, i, payload(i));
    }
    assertThat(stage.push(9, 8, payload(8)))
        .containsExactly(dropped(9, DropReason.SPECULATION_LIMIT));
    stage.confirm(1, 0, payload(0));
    assertThat(stage.push(9, 8, payload(8))).isEmpty();
  }

  @Test
  void overlappingPush_isDropped() {
    settle(1, 0, A);
    assertThat(stage.push(2, 0, B)).containsExactly(dropped(2, DropReason.OVERLAP));
    stage.push(3, 1, B);
    assertThat(stage.push(4, 1, C)).containsExactly(dropped(4, DropReason.OVERLAP));
  }

  // ---- the push that does not come

  @Test
  void grace_asksForThePayloadOnce() {
    stage.confirm(1, 0, A);
    assertThat(stage.state.nextDeadlineNanos()).hasValue(stage.now + GRACE);
    assertThat(stage.tickAfter(GRACE - 1)).isEmpty();
    assertThat(stage.tickAfter(1)).containsExactly(new StageEffect.AskPayload(id(1)));
    assertThat(stage.tickAfter(GRACE)).isEmpty();
    assertThat(stage.state.nextDeadlineNanos()).isEmpty();
    assertThat(stage.send(1, 0, A)).containsExactly(compute(1, 1, 0, A));
    assertThat(stage.computed()).contains(response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void grace_pushAfterTheQuestionIsStillUsed() {
    stage.confirm(1, 0, A);
    stage.tickAfter(GRACE);
    assertThat(stage.push(1, 0, A)).containsExactly(compute(1, 1, 0, A));
    assertThat(stage.send(1, 0, A)).isEmpty();
    assertThat(stage.computed()).contains(response(1, 0, Source.PEER, A, outputs(A), 1));
  }

  @Test
  void grace_confirmedAgainAsksAgain() {
    stage.confirm(1, 0, A);
    assertThat(stage.confirm(1, 0, A)).isEmpty();
    stage.tickAfter(GRACE);
    assertThat(stage.confirm(1, 0, A)).containsExactly(new StageEffect.AskPayload(id(1)));
  }

  @Test
  void grace_laterStepsWaitForTheirTurn() {
    stage.confirm(1, 0, A);
    stage.push(2, 1, B);
    assertThat(stage.isComputing()).isFalse();
    stage.send(1, 0, A);
    assertThat(stage.computed()).contains(compute(2, 2, 1, B));
  }

  // ---- the two disagree

  @Test
  void mismatch_clientWinsAndTheStageRecomputes() {
    settle(1, 0, A);
    stage.push(2, 1, FORGED);
    stage.computed();
    assertThat(stage.executorLength()).isEqualTo(2);
    assertThat(stage.send(2, 1, B))
        .containsExactly(
            new StageEffect.ReportMismatch(id(2), B.digest(), FORGED.digest(), PREVIOUS, true, 1),
            new StageEffect.Rollback(1),
            compute(3, 2, 1, B));
    assertThat(stage.computed()).contains(response(2, 1, Source.CLIENT, B, outputs(A, B), 2));
  }

  @Test
  void mismatch_ofADigestAsksForThePayload() {
    stage.push(1, 0, FORGED);
    stage.computed();
    assertThat(stage.confirm(1, 0, A))
        .containsExactly(
            new StageEffect.ReportMismatch(id(1), A.digest(), FORGED.digest(), PREVIOUS, true, 0),
            new StageEffect.AskPayload(id(1)));
    assertThat(stage.send(1, 0, A)).contains(new StageEffect.Rollback(0));
    assertThat(stage.computed()).contains(response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void mismatch_whileComputingWaitsForTheExecutorAndAnswersNothingOfIt() {
    stage.push(1, 0, FORGED);
    assertThat(stage.send(1, 0, A))
        .containsExactly(
            new StageEffect.ReportMismatch(id(1), A.digest(), FORGED.digest(), PREVIOUS, false, 0));
    assertThat(stage.computed()).containsExactly(new StageEffect.Rollback(0), compute(2, 1, 0, A));
    assertThat(stage.computed()).contains(response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void mismatch_recomputesLaterConfirmedSteps() {
    stage.push(1, 0, FORGED);
    stage.push(2, 1, B);
    stage.computed();
    stage.computed();
    stage.confirm(2, 1, B);
    assertThat(stage.confirm(1, 0, A))
        .contains(new StageEffect.AskPayload(id(1)), new StageEffect.AskPayload(id(2)));
    stage.send(1, 0, A);
    stage.send(2, 1, B);
    stage.computed();
    assertThat(stage.computed()).contains(response(2, 1, Source.CLIENT, B, outputs(A, B), 2));
    assertThat(stage.state.settled()).isEqualTo(2);
  }

  @Test
  void mismatch_keepsLaterConfirmedStepsThatWereNotComputed() {
    stage.push(1, 0, FORGED);
    stage.push(2, 1, B);
    stage.confirm(2, 1, B);
    stage.send(1, 0, A);
    stage.computed();
    assertThat(stage.computed()).contains(compute(3, 2, 1, B));
    assertThat(stage.computed()).contains(response(2, 1, Source.PEER, B, outputs(A, B), 2));
  }

  @Test
  void mismatch_forgetsLaterStepsOfPeersAlone() {
    stage.push(1, 0, FORGED);
    stage.push(2, 1, B);
    stage.send(1, 0, A);
    assertThat(stage.state.open()).hasSize(1);
  }

  @Test
  void clientFirst_contradictingPushIsReportedAndThePayloadAskedFor() {
    stage.confirm(1, 0, A);
    assertThat(stage.push(1, 0, FORGED))
        .containsExactly(
            dropped(1, DropReason.CONTRADICTS_EARLIER),
            new StageEffect.ReportMismatch(id(1), A.digest(), FORGED.digest(), PREVIOUS, false, 0),
            new StageEffect.AskPayload(id(1)));
    stage.send(1, 0, A);
    assertThat(stage.computed()).contains(response(1, 0, Source.CLIENT, A, outputs(A), 1));
  }

  @Test
  void settledStep_contradictingPushIsReported() {
    settle(1, 0, A);
    assertThat(stage.push(1, 0, FORGED))
        .containsExactly(
            dropped(1, DropReason.CONTRADICTS_EARLIER),
            new StageEffect.ReportMismatch(id(1), A.digest(), FORGED.digest(), PREVIOUS, false, 1));
  }

  @Test
  void settledStep_sameBytesForOtherTokensAreNoEvidence() {
    settle(1, 0, A);
    assertThat(stage.push(1, 1, A)).containsExactly(dropped(1, DropReason.CONTRADICTS_EARLIER));
  }

  @Test
  void peerEquivocation_theFirstStands() {
    stage.push(1, 0, A);
    assertThat(stage.push(1, 0, FORGED))
        .containsExactly(dropped(1, DropReason.CONTRADICTS_EARLIER));
    assertThat(stage.computed()).contains(response(1, 0, Source.PEER, A, outputs(A), 1));
  }

  // ---- forgeries

  @Test
  void forgedNumber_isClaimedByTheClientsIfTheInputIsTheSame() {
    stage.push(77, 0, A);
    stage.computed();
    assertThat(stage.confirm(1, 0, A))
        .containsExactly(pushed(1, 0, outputs(A)), response(1, 0, Source.PEER, A, outputs(A), 1));
    settle(2, 1, B);
  }

  @Test
  void forgedNumber_givesWayToTheClient() {
    stage.push(77, 0, FORGED);
    stage.computed();
    assertThat(stage.send(1, 0, A))
        .contains(
            new StageEffect.ReportMismatch(id(1), A.digest(), FORGED.digest(), PREVIOUS, true, 0));
    assertThat(stage.computed()).contains(response(1, 0, Source.CLIENT, A, outputs(A), 1));
    settle(2, 1, B);
  }

  @Test
  void forgedTokens_giveWayToTheClient() {
    Payload long_ = payload(7, 8, 9);
    stage.push(1, 0, long_);
    stage.computed();
    assertThat(stage.send(1, 0, A))
        .contains(
            new StageEffect.ReportMismatch(id(1), A.digest(), long_.digest(), PREVIOUS, true, 0));
    stage.computed();
    stage.push(9, 1, long_);
    assertThat(stage.send(2, 1, B))
        .contains(
            new StageEffect.ReportMismatch(id(2), B.digest(), long_.digest(), PREVIOUS, false, 1));
    stage.computed();
    assertThat(stage.computed()).contains(response(2, 1, Source.CLIENT, B, outputs(A, B), 2));
  }

  @Test
  void emptyPush_neverHoldsUpWhatComesAfter() {
    stage.push(50, 0, EMPTY);
    settle(1, 0, A);
    assertThat(stage.state.settled()).isEqualTo(1);
    stage.push(2, 1, B);
    stage.push(51, 2, EMPTY);
    stage.push(3, 2, C);
    stage.confirm(2, 1, B);
    stage.confirm(3, 2, C);
    stage.computed();
    while (stage.isComputing()) {
      stage.computed();
    }
    assertThat(stage.state.settled()).isEqualTo(3);
    assertThat(stage.state.open()).isEmpty();
  }

  @Test
  void emptyPush_underTheClientsNumberGivesWay() {
    stage.push(1, 0, EMPTY);
    stage.computed();
    assertThat(stage.send(1, 0, A)).contains(compute(2, 1, 0, A));
  }

  // ---- a new epoch takes computations over

  @Test
  void adoption_ofADoneComputationAnswersAtOnceAndPushesToTheNewNextPeers() {
    stage.push(1, 0, A);
    stage.computed();
    stage.announce(2, 0);
    stage.nextPeers(OTHER_NEXT);
    assertThat(stage.send(2, 0, A))
        .containsExactly(
            new StageEffect.PushOutput(
                stage.step(2, 0, 1), OTHER_NEXT, List.of(), outputs(A), StageRole.ACTIVE),
            response(2, 0, Source.PEER, A, outputs(A), 1));
    assertThat(stage.isComputing()).isFalse();
    assertThat(stage.state.settled()).isEqualTo(1);
  }

  @Test
  void adoption_ofARunningComputationWaitsForIt() {
    stage.send(1, 0, A);
    stage.announce(2, 0);
    stage.nextPeers(OTHER_NEXT);
    assertThat(stage.push(2, 0, A)).isEmpty();
    assertThat(stage.computed())
        .containsExactly(
            new StageEffect.PushOutput(
                stage.step(2, 0, 1), OTHER_NEXT, List.of(), outputs(A), StageRole.ACTIVE),
            response(2, 0, Source.PEER, A, outputs(A), 1));
  }

  @Test
  void adoption_ofAWaitingInputComputesItOnce() {
    stage.send(1, 0, A);
    stage.send(2, 1, B);
    stage.announce(2, 0);
    stage.confirm(3, 0, A);
    stage.confirm(4, 1, B);
    assertThat(stage.computed()).contains(response(3, 0, Source.CLIENT, A, outputs(A), 1));
    assertThat(stage.computed()).contains(response(4, 1, Source.CLIENT, B, outputs(A, B), 2));
  }

  @Test
  void adoption_ofConfirmedStepsThatTheClientHasNoOutputOf() {
    settle(1, 0, A);
    settle(2, 1, B);
    settle(3, 2, C);
    stage.announce(2, 1);
    assertThat(stage.send(4, 1, B)).contains(response(4, 1, Source.CLIENT, B, outputs(A, B), 2));
    assertThat(stage.send(5, 2, C)).contains(response(5, 2, Source.CLIENT, C, outputs(A, B, C), 3));
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void adoption_ofAnotherInputIsRefusedAndRollsBack() {
    stage.push(1, 0, FORGED);
    stage.computed();
    stage.announce(2, 0);
    assertThat(stage.send(2, 0, A)).contains(new StageEffect.Rollback(0), compute(2, 2, 0, A));
  }

  @Test
  void adoption_byAPushMakesThePusherAnswerable() {
    stage.send(1, 0, FORGED);
    stage.computed();
    stage.announce(2, 0);
    assertThat(stage.push(2, 0, FORGED))
        .contains(response(2, 0, Source.PEER, FORGED, outputs(FORGED), 1));
    assertThat(stage.send(2, 0, A))
        .contains(
            new StageEffect.ReportMismatch(id(2), A.digest(), FORGED.digest(), PREVIOUS, true, 0));
  }

  @Test
  void announce_ofALengthWithinAStepKeepsNothingBeyondIt() {
    settle(1, 0, A);
    settle(2, 1, payload(1, 2));
    settle(3, 3, C);
    assertThat(stage.announce(2, 2)).containsExactly(new StageEffect.Opened(2, 2));
    assertThat(stage.state.open()).isEmpty();
  }

  // ---- the executor fails

  @Test
  void computeFailed_isToldToTheClient() {
    settle(1, 0, A);
    stage.send(2, 1, B);
    assertRefused(stage.computeFailed(), id(2), Refusal.STAGE_FAILED);
    assertThat(stage.state.executorLength()).isEqualTo(1);
    settle(3, 1, B);
  }

  @Test
  void computeFailed_ofAnInputThatOnlyAPeerVouchesForIsNotTheClientsConcern() {
    stage.push(1, 0, FORGED);
    assertThat(stage.computeFailed()).containsExactly(dropped(1, DropReason.COMPUTE_FAILED));
    settle(1, 0, A);
  }

  @Test
  void computeFailed_confirmedStepsAfterItLeaveAGap() {
    stage.push(1, 0, FORGED);
    stage.push(2, 1, B);
    stage.confirm(2, 1, B);
    assertThat(stage.computeFailed()).hasSize(2);
    assertThat(stage.state.open()).isEmpty();
    stage.announce(2, 0);
    settle(3, 0, A);
  }

  @Test
  void computeFailed_ofAnOlderEpochIsForgotten() {
    stage.send(1, 0, A);
    stage.announce(2, 0);
    assertThat(stage.computeFailed()).isEmpty();
    settle(2, 0, A);
  }

  @Test
  void computed_ofAnotherCommandIsIgnored() {
    stage.send(1, 0, A);
    StageState before = stage.state;
    assertThat(stage.give(new StageInput.Computed(99, B, 0))).isEmpty();
    assertThat(stage.give(new StageInput.ComputeFailed(99, "?"))).isEmpty();
    assertThat(stage.state).isEqualTo(before);
  }

  // ---- bounds

  @Test
  void waitingSteps_areBounded() {
    StageConfig.Limits limits = new StageConfig.Limits(8, 16, 1 << 20, 3, 4, GRACE);
    StageDriver small = StageDriver.opened(limits, 100);
    for (int i = 0; i < 3; i++) {
      assertThat(small.send(i + 1, i, A)).noneMatch(StageEffect.Refuse.class::isInstance);
    }
    assertRefused(small.send(4, 3, A), id(4), Refusal.TOO_MANY_STEPS);
    small.announce(2, 0);
    assertThat(small.send(5, 0, A)).as("a new epoch makes room").isEmpty();
    small.computed();
    assertThat(small.state.settled()).isEqualTo(1);
  }

  @Test
  void pushedSteps_areBounded_thoughTheClientHasLeftOutOne() {
    StageConfig.Limits limits = new StageConfig.Limits(8, 16, 1 << 20, 3, 4, GRACE);
    StageDriver small = StageDriver.opened(limits, 100);
    small.push(1, 0, A);
    for (int i = 1; i < 3; i++) {
      small.push(i + 1, i, A);
      small.confirm(i + 1, i, A);
    }
    assertThat(small.push(4, 3, A)).containsExactly(dropped(4, DropReason.SPECULATION_LIMIT));
    assertRefused(small.confirm(4, 3, A), id(4), Refusal.TOO_MANY_STEPS);
  }

  @Test
  void memory_isConstantOverManySteps() {
    StageState state = stage.state;
    long heldBytes = 0;
    int recorded = 0;
    for (int i = 0; i < 100_000; i++) {
      Payload input = payload(i);
      Step step = stage.step(i + 1, i, 1);
      state = step(state, new StageInput.PeerPush(PREVIOUS, stage.pushOf(step, input)));
      state =
          step(state, new StageInput.ClientStep(step, List.of(), input.digest(), Optional.empty()));
      long command = state.running().orElseThrow().command();
      state = step(state, new StageInput.Computed(command, payload(i + 1), 0));
      if (i == 100) {
        heldBytes = state.heldBytes();
        recorded = state.recorded().size();
      }
    }
    assertThat(state.settled()).isEqualTo(100_000);
    assertThat(state.recorded()).hasSize(recorded).hasSize(4);
    assertThat(state.heldBytes()).isEqualTo(heldBytes).isEqualTo(4 * 8);
    assertThat(state.open()).isEmpty();
    assertThat(state.parked()).isEmpty();
  }

  @Test
  void limits_default() {
    assertThat(StageConfig.Limits.DEFAULT)
        .isEqualTo(new StageConfig.Limits(8, 16, 67_108_864L, 256, 4, 250_000_000L));
  }

  @Test
  void state_thatCannotBeIsNotBuilt() {
    stage.send(1, 0, A);
    StageState good = stage.state;
    assertThatThrownBy(
            () ->
                new StageState(
                    good.config(),
                    good.epoch(),
                    Set.of(),
                    StageRole.ACTIVE,
                    5,
                    0,
                    List.of(),
                    good.open(),
                    List.of(),
                    good.running(),
                    6,
                    2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("does not begin at 5");
    assertThatThrownBy(
            () ->
                new StageState(
                    good.config(),
                    good.epoch(),
                    Set.of(),
                    StageRole.ACTIVE,
                    0,
                    0,
                    List.of(),
                    good.open(),
                    List.of(),
                    good.running(),
                    0,
                    2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("executor does not hold");
  }

  // ---- standing by

  @Test
  void standby_absorbsAndKeepsItsOutput() {
    stage.announce(2, 0, StageRole.STANDBY);
    stage.push(1, 0, A);
    assertThat(stage.computed())
        .containsExactly(new StageEffect.Absorbed(stage.step(1, 0, 1), Source.PEER, A.digest(), 1));
    assertThat(stage.confirm(1, 0, A)).isEmpty();
    assertThat(stage.state.settled()).isEqualTo(1);
  }

  @Test
  void standby_answersAgainWithoutOutput() {
    stage.announce(2, 0, StageRole.STANDBY);
    stage.send(1, 0, A);
    stage.computed();
    assertThat(stage.send(1, 0, A))
        .containsExactly(
            new StageEffect.Absorbed(stage.step(1, 0, 1), Source.CLIENT, A.digest(), 1));
  }

  @Test
  void standby_takesOverWithWhatItHasComputed() {
    stage.announce(2, 0, StageRole.STANDBY);
    stage.push(1, 0, A);
    stage.computed();
    stage.confirm(1, 0, A);
    // The client has not had the output of the lost stage: it asks for it, and gets it at once.
    assertThat(stage.announce(3, 0, StageRole.ACTIVE))
        .containsExactly(new StageEffect.Opened(3, 0));
    assertThat(stage.send(2, 0, A))
        .containsExactly(pushed(2, 0, outputs(A)), response(2, 0, Source.PEER, A, outputs(A), 1));
    assertThat(stage.isComputing()).isFalse();
  }

  @Test
  void standby_takesOverWhileItComputes() {
    stage.announce(2, 0, StageRole.STANDBY);
    stage.push(1, 0, A);
    stage.announce(3, 0, StageRole.ACTIVE);
    stage.send(2, 0, A);
    assertThat(stage.computed())
        .containsExactly(pushed(2, 0, outputs(A)), response(2, 0, Source.PEER, A, outputs(A), 1));
  }

  @Test
  void standby_clientWinsThereToo() {
    stage.announce(2, 0, StageRole.STANDBY);
    stage.push(1, 0, A);
    stage.computed();
    assertThat(stage.confirm(1, 0, B))
        .contains(new StageEffect.AskPayload(id(1)))
        .anyMatch(StageEffect.ReportMismatch.class::isInstance);
    stage.send(1, 0, B);
    assertThat(stage.computed())
        .containsExactly(
            new StageEffect.Absorbed(stage.step(1, 0, 1), Source.CLIENT, B.digest(), 1));
  }

  @Test
  void push_goesToTheStandbyOfTheNextPeerLast() {
    Peer next = NEXT.withStandby(OTHER_NEXT);
    stage.nextPeers(next).send(1, 0, A);
    assertThat(stage.computed())
        .containsExactly(
            new StageEffect.PushOutput(
                stage.step(1, 0, 1), next, List.of(), outputs(A), StageRole.ACTIVE),
            response(1, 0, Source.CLIENT, A, outputs(A), 1),
            new StageEffect.PushOutput(
                stage.step(1, 0, 1), OTHER_NEXT, List.of(), outputs(A), StageRole.STANDBY));
  }

  // ---- signs of life

  @Test
  void working_isToldOfTheStepThatTheClientWaitsFor() {
    stage.send(1, 0, A);
    stage.send(2, 1, B);
    assertThat(stage.working(7)).containsExactly(new StageEffect.Working(id(1), 7));
    stage.computed();
    assertThat(stage.working(3)).containsExactly(new StageEffect.Working(id(2), 3));
  }

  @Test
  void working_onWhatOnlyAPeerBrought_isNotTheClientsConcern() {
    stage.push(1, 0, A);
    assertThat(stage.working(7)).isEmpty();
    stage.confirm(1, 0, A);
    assertThat(stage.working(7)).containsExactly(new StageEffect.Working(id(1), 7));
  }

  @Test
  void working_onWhatIsWantedNoMore_isWaitedForAllTheSame() {
    stage.send(1, 0, A);
    stage.announce(2, 0);
    stage.send(2, 0, B);
    assertThat(stage.isComputing()).isTrue();
    assertThat(stage.working(7))
        .containsExactly(new StageEffect.Working(id(2), 7 + StageDriver.SPAN.layers()));
  }

  @Test
  void working_whileThePayloadIsMissing_isNoSign() {
    stage.send(1, 0, A);
    stage.announce(2, 0);
    stage.confirm(2, 0, B);
    assertThat(stage.working(7)).isEmpty();
  }

  @Test
  void working_onAnotherCommand_isIgnored() {
    stage.send(1, 0, A);
    assertThat(stage.give(new StageInput.Working(99, 7))).isEmpty();
  }

  // ---- helpers

  private void settle(long number, int position, Payload input) {
    stage.send(number, position, input);
    while (stage.isComputing()) {
      stage.computed();
    }
    assertThat(stage.state.settled()).isEqualTo(position + input.tokens());
  }

  private StageState step(StageState state, StageInput input) {
    return StageMachine.step(state, input, stage.now).state();
  }

  private StepId id(long number) {
    return new StepId(stage.epoch, number);
  }

  private static Payload withBeams(Payload payload, long... beams) {
    TreeMap<String, Tensor> sides = new TreeMap<>();
    sides.put("beams", payload(beams).activations());
    return payload(payload.activations(), sides);
  }

  private StageEffect compute(long command, long number, int position, Payload input) {
    return new StageEffect.Compute(command, stage.step(number, position, input.tokens()), input);
  }

  private StageEffect pushed(long number, int position, Payload output) {
    return new StageEffect.PushOutput(
        stage.step(number, position, output.tokens()), NEXT, List.of(), output, StageRole.ACTIVE);
  }

  private StageEffect response(
      long number, int position, Source source, Payload input, Payload output, int length) {
    return new StageEffect.Respond(
        stage.step(number, position, input.tokens()), source, input.digest(), output, length, 0, 7);
  }

  private StageEffect dropped(long number, DropReason reason) {
    return new StageEffect.Dropped(PREVIOUS, id(number), reason);
  }

  private static void assertRefused(List<StageEffect> effects, StepId step, Refusal reason) {
    assertThat(effects)
        .singleElement()
        .satisfies(
            effect -> {
              assertThat(effect).isInstanceOf(StageEffect.Refuse.class);
              StageEffect.Refuse refuse = (StageEffect.Refuse) effect;
              assertThat(refuse.step()).isEqualTo(step);
              assertThat(refuse.reason()).isEqualTo(reason);
              assertThat(refuse.message()).isNotBlank();
            });
  }
}

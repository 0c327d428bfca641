package io.baton.session.exchange;

import static io.baton.session.exchange.Failure.Reason.ALREADY_EXISTS;
import static io.baton.session.exchange.Failure.Reason.DEADLINE_EXCEEDED;
import static io.baton.session.exchange.Failure.Reason.GONE;
import static io.baton.session.exchange.Failure.Reason.INVALID_ARGUMENT;
import static io.baton.session.exchange.Failure.Reason.RESOURCE_EXHAUSTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataMachineTest {

  /** Two readers of member 0 and one of member 1; the numbers of transfers name their lives. */
  private static final Reader ANNE = new Reader(100, 0);

  private static final Reader ANTON = new Reader(101, 0);
  private static final Reader BERTA = new Reader(200, 1);
  private static final long SECOND_LIFE = DataWitness.LIFE;

  private final DataDriver data = new DataDriver();

  // ---- receiving

  @Test
  void receiveBeforeSend_isAnsweredWhenTheChunkComes() {
    assertThat(data.receive(ANNE, 0)).isEmpty();
    assertThat(data.arrive(0, 1))
        .containsExactly(
            new DataEffect.Keep(0),
            new DataEffect.Stand(0, Standing.IN_USE),
            new DataEffect.Deliver(data.request(), ANNE, 0));
  }

  @Test
  void receiveAfterSend_isAnsweredAtOnce() {
    data.arrive(0, 1);
    assertThat(data.receive(ANNE, 0))
        .containsExactly(
            new DataEffect.Stand(0, Standing.IN_USE),
            new DataEffect.Deliver(data.request(), ANNE, 0));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void chunks_comeInAnyOrderOfSendingAndReceiving(int total) {
    Random random = new Random(total);
    for (int round = 0; round < 50; round++) {
      DataDriver datum = new DataDriver();
      List<Runnable> events = new ArrayList<>();
      for (int i = 0; i < total; i++) {
        int index = i;
        events.add(() -> datum.arriveOf(total, index, 10 + index));
      }
      List<Integer> wanted = new ArrayList<>(IntStream.range(0, total).boxed().toList());
      Collections.shuffle(wanted, random);
      Collections.shuffle(events, random);
      for (int index : wanted) {
        // As many as may wait ask early, the others in between.
        while (datum.state.waitingRequests().size() == DataDriver.LIMITS.waiting()) {
          events.removeFirst().run();
        }
        datum.receive(ANNE, index);
      }
      events.forEach(Runnable::run);
      assertThat(delivered(datum.all)).containsExactlyInAnyOrderElementsOf(wanted);
      assertThat(datum.witness.standing(Standing.IN_USE)).hasSize(total);
    }
  }

  @Test
  void receive_ofAnIdNeverSentEndsAtItsDeadline() {
    data.receive(ANNE, 0, 500);
    assertThat(data.tickAt(499)).isEmpty();
    assertThat(failure(data.tickAt(500)))
        .isEqualTo(
            new Failure(
                DEADLINE_EXCEEDED,
                "chunk 0 of group/datum did not come in time; nothing has been sent under that"
                    + " id"));
  }

  @Test
  void receive_thatIsTooLateIsToldAtOnce() {
    data.now = 500;
    assertThat(reason(data.receive(ANNE, 0, 500))).isEqualTo(DEADLINE_EXCEEDED);
    data.arrive(0, 1);
    assertThat(delivered(data.receive(ANNE, 0, 500))).containsExactly(0);
  }

  @Test
  void receive_thatEndsSaysWhatHasCome() {
    data.arrive(1, 1);
    data.receive(ANNE, 0, 500);
    assertThat(failure(data.tickAt(500)).message())
        .endsWith("1 have come, and the sender has not said how many there are");
    data.close(3, 2);
    data.receive(ANNE, 0, 600);
    assertThat(failure(data.tickAt(600)).message()).endsWith("1 of 3 have come");
  }

  @Test
  void deadlines_areEachRequestsOwn() {
    data.receive(ANNE, 0, 700);
    data.receive(BERTA, 0, 500);
    data.receive(ANTON, 1, 600);
    assertThat(data.state.nextDeadlineNanos()).isEqualTo(OptionalLong.of(500));
    assertThat(data.tickAt(600)).hasSize(2);
    assertThat(data.state.nextDeadlineNanos()).isEqualTo(OptionalLong.of(700));
    assertThat(delivered(data.arrive(0, 1))).containsExactly(0);
    assertThat(data.state.nextDeadlineNanos()).isEmpty();
  }

  @Test
  void deadlines_holdWhereTheClockOverflows() {
    long start = Long.MAX_VALUE - 10;
    long deadline = Long.sum(start, 100);
    DataState waiting =
        DataMachine.step(
                DataState.initial(new DataId("group", "datum"), DataDriver.LIMITS, start),
                new DataInput.Receive(1, ANNE, 0, deadline),
                start)
            .state();
    DataInput tick = new DataInput.Tick();
    assertThat(waiting.waitingRequests()).hasSize(1);
    assertThat(DataMachine.step(waiting, tick, Long.MAX_VALUE).effects()).isEmpty();
    assertThat(DataMachine.step(waiting, tick, deadline - 1).effects()).isEmpty();
    assertThat(reason(DataMachine.step(waiting, tick, deadline).effects()))
        .isEqualTo(DEADLINE_EXCEEDED);
  }

  @Test
  void receive_isIdempotent() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    assertThat(data.receive(ANNE, 0))
        .containsExactly(new DataEffect.Deliver(data.request(), ANNE, 0));
    assertThat(data.markDone(ANNE, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
    assertThat(delivered(data.receive(ANNE, 0))).containsExactly(0);
  }

  @Test
  void receive_thatComesTwiceIsAnsweredOnce() {
    DataInput.Receive receive = new DataInput.Receive(9, ANNE, 0, 500);
    data.feed(receive);
    assertThat(data.feed(receive)).isEmpty();
    assertThat(data.arrive(0, 1)).containsOnlyOnce(new DataEffect.Deliver(9, ANNE, 0));
  }

  @Test
  void receive_thatComesTwiceIsNoneTooMany() {
    DataInput.Receive receive = new DataInput.Receive(9, ANNE, 0, 500);
    data.feed(receive);
    IntStream.range(1, DataDriver.LIMITS.waiting()).forEach(i -> data.receive(BERTA, i));
    assertThat(DataMachine.step(data.state, receive, 0).effects()).isEmpty();
    assertThat(DataMachine.step(data.state, receive, 500).effects()).isEmpty();
  }

  @Test
  void manyReaders_ofOneChunkGetItAndHoldItTogether() {
    data.forMembers(0, 1);
    data.receive(ANNE, 0);
    data.receive(BERTA, 0);
    assertThat(delivered(data.arrive(0, 1))).containsExactly(0, 0);
    assertThat(delivered(data.receive(ANTON, 0))).containsExactly(0);
    assertThat(data.markDone(ANNE, 0)).isEmpty();
    assertThat(data.markDone(BERTA, 0)).isEmpty();
    assertThat(data.markDone(ANTON, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
  }

  @Test
  void cancel_isTheEndOfTheWaiting() {
    data.receive(ANNE, 0, 500);
    data.receive(BERTA, 0, 500);
    data.feed(new DataInput.Cancel(1));
    assertThat(data.arrive(0, 1)).contains(new DataEffect.Deliver(2, BERTA, 0));
    assertThat(data.feed(new DataInput.Cancel(1))).isEmpty();
    assertThat(data.tickAt(500)).isEmpty();
  }

  // ---- streams

  @Test
  void pastTheLastChunk_isEndOfStream() {
    data.arriveOf(2, 0, 1);
    assertThat(data.receive(ANNE, 2)).containsExactly(new DataEffect.EndOfStream(1, 2));
    assertThat(data.receive(ANNE, 2_000_000)).containsExactly(new DataEffect.EndOfStream(2, 2));
    assertThat(data.receive(ANNE, 1)).isEmpty();
  }

  @Test
  void pastTheLastChunk_isKnownWhenTheStreamIsClosed() {
    data.receive(ANNE, 1);
    data.receive(ANNE, 2);
    data.receive(ANNE, 0);
    data.arrive(0, 1);
    assertThat(data.close(1, 2))
        .containsExactly(
            new DataEffect.ClosingKnown(),
            new DataEffect.EndOfStream(1, 1),
            new DataEffect.EndOfStream(2, 1));
  }

  @Test
  void pastTheLastChunk_isKnownFromAChunk() {
    data.receive(ANNE, 2);
    assertThat(data.arriveOf(2, 1, 1)).contains(new DataEffect.EndOfStream(1, 2));
  }

  @Test
  void stream_closedBeforeTheFirstChunk() {
    assertThat(data.close(2, 3)).containsExactly(new DataEffect.ClosingKnown());
    data.receive(ANNE, 0);
    assertThat(delivered(data.arrive(0, 1))).containsExactly(0);
    assertThat(data.receive(ANNE, 2)).containsExactly(new DataEffect.EndOfStream(2, 2));
    assertThat(delivered(data.arrive(1, 2))).isEmpty();
    assertThat(delivered(data.receive(ANNE, 1))).containsExactly(1);
  }

  @Test
  void stream_chunkZeroLast() {
    data.receive(ANNE, 0);
    data.arrive(2, 1);
    data.arrive(1, 2);
    data.close(3, 3);
    assertThat(delivered(data.arrive(0, 4))).containsExactly(0);
  }

  @Test
  void stream_ofNoChunks() {
    data.receive(ANNE, 0);
    assertThat(data.close(0, 1))
        .containsExactly(new DataEffect.ClosingKnown(), new DataEffect.EndOfStream(1, 0));
    assertThat(data.arrive(0, SECOND_LIFE)).contains(new DataEffect.Keep(0));
  }

  @Test
  void stream_ofManyChunksIsRememberedInPart() {
    DataDriver stream = new DataDriver(new DataLimits(2_000, 4, DataDriver.MEMORY_NANOS));
    for (int i = 0; i < 10_000; i++) {
      DataState before = stream.state;
      assertThat(stream.state.chunks().size()).as("at %d", i).isLessThanOrEqualTo(1_025);
      stream.state =
          step(before, new DataInput.Arrived(i, OptionalInt.empty(), origin(i), Set.of(0)));
      stream.state = step(stream.state, new DataInput.Receive(i, ANNE, i, 1));
      stream.state = step(stream.state, new DataInput.MarkDone(ANNE, i));
      stream.state = step(stream.state, new DataInput.Dropped(i));
    }
    assertThat(stream.state.here()).isZero();
    assertThat(
            failure(
                    DataMachine.step(stream.state, new DataInput.Receive(1, ANNE, 0, 9), 0)
                        .effects())
                .reason())
        .isEqualTo(GONE);
    assertThat(
            DataMachine.step(stream.state, new DataInput.Closed(10_000, origin(10_000)), 0)
                .effects())
        .containsExactly(new DataEffect.ClosingKnown());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void stream_isLongerThanItsLimitIfItIsRead(int limit) {
    DataDriver stream = new DataDriver(new DataLimits(limit, 4, DataDriver.MEMORY_NANOS));
    for (int i = 0; i < 10; i++) {
      assertThat(stream.arrive(i, i)).contains(new DataEffect.Keep(i));
      stream.receiveAndMarkDone(ANNE, i);
      stream.drop(i);
    }
    assertThat(reason(stream.receive(ANNE, 0))).isEqualTo(GONE);
    stream.receive(ANNE, 10, 1);
    assertThat(failure(stream.tickAt(1)).message())
        .endsWith("10 have come, and the sender has not said how many there are");
  }

  @Test
  void stream_neverForgetsWhatIsHere() {
    DataDriver stream = new DataDriver(new DataLimits(2, 4, DataDriver.MEMORY_NANOS));
    stream.arrive(0, 0);
    stream.receive(ANNE, 0);
    stream.arrive(1, 1);
    stream.drop(1);
    assertThat(reason(stream.arrive(2, 2))).isEqualTo(RESOURCE_EXHAUSTED);
    assertThat(stream.markDone(ANNE, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
    stream.drop(0);
    assertThat(stream.arrive(2, 3)).contains(new DataEffect.Keep(2));
  }

  // ---- done

  @Test
  void markDone_twice() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    assertThat(data.markDone(ANNE, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
    assertThat(data.markDone(ANNE, 0)).isEmpty();
  }

  @Test
  void letGo_freesTheChunk_andItsMemberIsNotDone() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    assertThat(data.feed(new DataInput.LetGo(ANNE, 0)))
        .containsExactly(new DataEffect.Stand(0, Standing.UNCLAIMED));
    assertThat(data.feed(new DataInput.LetGo(ANNE, 0))).isEmpty();
    assertThat(data.receive(ANTON, 0)).hasSize(2);
    assertThat(data.markDone(ANTON, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
  }

  @Test
  void letGo_leavesWhatOthersHold() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    data.receive(ANTON, 0);
    assertThat(data.feed(new DataInput.LetGo(ANNE, 0))).isEmpty();
    assertThat(data.feed(new DataInput.LetGo(BERTA, 0))).isEmpty();
    assertThat(data.feed(new DataInput.LetGo(ANNE, 7))).isEmpty();
    assertThat(data.state.standing(0)).isEqualTo(Standing.IN_USE);
  }

  @Test
  void markDone_outOfOrder() {
    IntStream.range(0, 3).forEach(i -> data.arriveOf(3, i, i));
    IntStream.range(0, 3).forEach(i -> data.receive(ANNE, i));
    assertThat(data.markDone(ANNE, 2)).containsExactly(new DataEffect.Stand(2, Standing.DONE));
    assertThat(data.markDone(ANNE, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
    assertThat(data.witness.standing(Standing.IN_USE)).containsExactly(1);
  }

  @Test
  void markDone_byOneOfSeveralReadersOfAMember() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    data.receive(ANTON, 0);
    assertThat(data.markDone(ANTON, 0)).isEmpty();
    assertThat(data.state.standing(0)).isEqualTo(Standing.IN_USE);
    assertThat(data.feed(new DataInput.ReaderGone(ANNE.registration())))
        .containsExactly(new DataEffect.Stand(0, Standing.DONE));
  }

  @Test
  void markDone_byOneOfSeveralMembers() {
    data.forMembers(0, 1).arrive(0, 1);
    data.receive(ANNE, 0);
    assertThat(data.markDone(ANNE, 0)).containsExactly(new DataEffect.Stand(0, Standing.UNCLAIMED));
    data.receive(BERTA, 0);
    assertThat(data.markDone(BERTA, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
  }

  @Test
  void markDone_byAnotherReaderOfTheMember() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    data.feed(new DataInput.ReaderGone(ANNE.registration()));
    assertThat(data.markDone(ANTON, 0)).containsExactly(new DataEffect.Stand(0, Standing.DONE));
  }

  @Test
  void markDone_ofAnUnknownChunk() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    assertThat(data.markDone(ANNE, 1)).isEmpty();
    assertThat(data.markDone(ANNE, -1)).isEmpty();
    assertThat(data.markDone(ANNE, Integer.MAX_VALUE)).isEmpty();
    data.arrive(1, 2);
    assertThat(data.state.standing(0)).isEqualTo(Standing.IN_USE);
    assertThat(data.state.standing(1)).isEqualTo(Standing.UNCLAIMED);
  }

  @Test
  void markDone_ofAnUnknownDatumLeavesNothing() {
    assertThat(data.markDone(ANNE, 0)).containsExactly(new DataEffect.Forget());
  }

  @Test
  void markDone_neverTouchesAnotherLiveChunk() {
    data.forMembers(0, 1);
    IntStream.range(0, 3).forEach(i -> data.arrive(i, i));
    data.receive(ANNE, 0);
    data.receive(ANNE, 1);
    data.receive(BERTA, 0);
    data.markDone(ANNE, 0);
    assertThat(data.witness.standing(Standing.IN_USE)).containsExactly(0, 1);
    assertThat(data.witness.standing(Standing.UNCLAIMED)).containsExactly(2);
  }

  @Test
  void markDone_ofAnEarlierLifeNeverTouchesTheChunkOfTheNext() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    data.arriveOf(1, 0, SECOND_LIFE);
    assertThat(data.markDone(ANNE, 0)).isEmpty();
    assertThat(data.state.standing(0)).isEqualTo(Standing.UNCLAIMED);
  }

  @Test
  void markDone_byWhomTheChunkWasNotForChangesNothingForTheOthers() {
    data.arrive(0, 1);
    data.receive(BERTA, 0);
    assertThat(data.markDone(BERTA, 0))
        .containsExactly(new DataEffect.Stand(0, Standing.UNCLAIMED));
  }

  @Test
  void chunk_thatIsForNobodyHereIsDone() {
    assertThat(data.forMembers().arrive(0, 1)).contains(new DataEffect.Stand(0, Standing.DONE));
    assertThat(delivered(data.receive(ANNE, 0))).containsExactly(0);
  }

  // ---- readers that go

  @Test
  void readerGone_holdsNothingAndItsMemberIsNotDone() {
    IntStream.range(0, 3).forEach(i -> data.arrive(i, i));
    data.receiveAndMarkDone(ANNE, 0);
    data.receive(ANNE, 1);
    data.receive(ANNE, 3, 500);
    assertThat(data.feed(new DataInput.ReaderGone(ANNE.registration())))
        .containsExactly(new DataEffect.Stand(1, Standing.UNCLAIMED));
    assertThat(data.tickAt(500)).isEmpty();
    assertThat(data.feed(new DataInput.ReaderGone(ANNE.registration()))).isEmpty();
    assertThat(delivered(data.receive(ANTON, 1))).containsExactly(1);
  }

  @Test
  void readerGone_takesNothingFromTheOthers() {
    data.arrive(0, 1);
    data.receive(ANNE, 0);
    data.receive(ANTON, 0);
    data.receive(ANTON, 1);
    assertThat(data.feed(new DataInput.ReaderGone(ANNE.registration()))).isEmpty();
    assertThat(delivered(data.arrive(1, 2))).containsExactly(1);
  }

  // ---- messages that come twice, late, or contradict

  @Test
  void chunk_thatComesTwiceIsKnownWhateverHasBecomeOfIt() {
    data.rememberingItsSender();
    List<DataEffect> known = List.of(new DataEffect.KnowAlready(0));
    data.arriveOf(2, 0, 1);
    assertThat(data.arriveOf(2, 0, 1)).isEqualTo(known);
    data.receive(ANNE, 0);
    assertThat(data.arriveOf(2, 0, 1)).isEqualTo(known);
    data.markDone(ANNE, 0);
    assertThat(data.arriveOf(2, 0, 1)).isEqualTo(known);
    data.drop(0);
    assertThat(data.arriveOf(2, 0, 1)).isEqualTo(known);
    data.arriveOf(2, 1, 2);
    data.receiveAndMarkDone(ANNE, 1);
    assertThat(data.arriveOf(2, 0, 1)).isEqualTo(known);
  }

  @Test
  void closing_thatWasTakenOnceBeginsNothing() {
    Transition<DataState, DataEffect> next = closing(2, Taken.NOTHING.with(2));
    assertThat(next.effects())
        .containsExactly(new DataEffect.ClosingKnown(), new DataEffect.Forget());
    assertThat(next.state().total()).isEmpty();
  }

  @Test
  void closing_ofWhichNobodyKnowsWhetherItWasTakenIsRefused() {
    Transition<DataState, DataEffect> next = closing(2, Taken.NOTHING.with(1L << 30));
    assertThat(next.effects().getFirst())
        .isInstanceOfSatisfying(
            DataEffect.Refuse.class,
            refused ->
                assertThat(refused.failure().reason()).isEqualTo(Failure.Reason.UNAVAILABLE));
    assertThat(next.state().total()).isEmpty();
  }

  private static Transition<DataState, DataEffect> closing(long transfer, Taken taken) {
    DataState nothing = DataState.initial(new DataId("group", "datum"), DataDriver.LIMITS, 0);
    return DataMachine.step(
        nothing, new DataInput.Closed(1, new Origin(DataDriver.RELAY, transfer)), taken, 0);
  }

  @Test
  void closing_thatComesTwiceIsKnown() {
    data.arrive(0, 1);
    data.close(1, 2);
    assertThat(data.close(1, 2)).containsExactly(new DataEffect.ClosingKnown());
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(data.close(1, 2)).containsExactly(new DataEffect.ClosingKnown());
    assertThat(data.state.standing(0)).isEqualTo(Standing.DONE);
  }

  @Test
  void closing_saidOnceMoreKeepsWhatIsDone() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(data.close(1, 2)).containsExactly(new DataEffect.ClosingKnown());
    assertThat(delivered(data.receive(ANNE, 0))).containsExactly(0);
    data.markDone(ANNE, 0);
    // Nor does it stand against another number of chunks later.
    assertThat(data.arriveOf(3, 2, SECOND_LIFE)).contains(new DataEffect.Keep(2));
    assertThat(data.receive(ANNE, 1)).isEmpty();
  }

  @Test
  void chunk_sentTwiceStandsAsTheFirst() {
    data.arrive(0, 5);
    assertThat(reason(data.arrive(0, 6))).isEqualTo(ALREADY_EXISTS);
    assertThat(reason(data.arrive(0, OptionalInt.empty(), new Origin(78, 5))))
        .isEqualTo(ALREADY_EXISTS);
    data.receiveAndMarkDone(ANNE, 0);
    data.drop(0);
    assertThat(reason(data.arrive(0, 7))).isEqualTo(ALREADY_EXISTS);
  }

  @Test
  void chunk_overtakenByAnotherOfItsNumberIsNotSaidToBeKept() {
    data.arrive(0, 6);
    assertThat(reason(data.arrive(0, 5))).isEqualTo(ALREADY_EXISTS);
  }

  @Test
  void totals_thatContradictAreRefused() {
    data.arriveOf(3, 0, 1);
    assertThat(failure(data.arriveOf(4, 1, 2)))
        .isEqualTo(new Failure(INVALID_ARGUMENT, "group/datum has 3 chunks, not 4"));
    assertThat(reason(data.close(2, 3))).isEqualTo(INVALID_ARGUMENT);
    assertThat(data.close(3, 4)).containsExactly(new DataEffect.ClosingKnown());
    assertThat(data.arrive(1, 2)).contains(new DataEffect.Keep(1));
  }

  @Test
  void totals_thatAreLessThanWhatHasComeAreRefused() {
    data.arrive(4, 1);
    assertThat(failure(data.close(4, 2)))
        .isEqualTo(
            new Failure(INVALID_ARGUMENT, "group/datum has 4 chunks, and so none of number 4"));
    assertThat(reason(data.arriveOf(4, 0, 3))).isEqualTo(INVALID_ARGUMENT);
    assertThat(data.close(5, 4)).containsExactly(new DataEffect.ClosingKnown());
  }

  @Test
  void chunk_beyondTheEndIsRefused() {
    data.close(2, 3);
    assertThat(reason(data.arrive(2, 1))).isEqualTo(INVALID_ARGUMENT);
    assertThat(reason(data.arriveOf(1, 1, 2))).isEqualTo(INVALID_ARGUMENT);
  }

  @Test
  void contradiction_discardsNothingOfWhatIsDone() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(reason(data.arriveOf(3, 3, SECOND_LIFE))).isEqualTo(INVALID_ARGUMENT);
    assertThat(delivered(data.receive(ANNE, 0))).containsExactly(0);
  }

  @Test
  void numbers_thatCannotBeAreRefused() {
    Origin origin = origin(1);
    assertThatIllegalArgumentException().isThrownBy(() -> data.arrive(-1, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> data.arriveOf(-1, 0, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataInput.Closed(-1, origin));
    assertThatIllegalArgumentException().isThrownBy(() -> data.receive(ANNE, -1));
  }

  @Test
  void numbers_mayBeTheLargest() {
    int last = Integer.MAX_VALUE;
    data.receive(ANNE, last);
    assertThat(delivered(data.arrive(last, 1))).containsExactly(last);
    assertThat(reason(data.close(last, 2))).isEqualTo(INVALID_ARGUMENT);
    DataDriver closed = new DataDriver();
    assertThat(closed.arriveOf(last, last - 1, 1)).contains(new DataEffect.Keep(last - 1));
    assertThat(closed.close(last, 2)).containsExactly(new DataEffect.ClosingKnown());
  }

  // ---- limits

  @Test
  void limits_boundTheChunks() {
    IntStream.range(0, 16).forEach(i -> data.arrive(i, i));
    assertThat(reason(data.arrive(16, 16))).isEqualTo(RESOURCE_EXHAUSTED);
    assertThat(data.arrive(3, 3)).containsExactly(new DataEffect.KnowAlready(3));
    data.drop(0);
    assertThat(data.arrive(16, 17)).contains(new DataEffect.Keep(16));
  }

  @Test
  void limits_boundTheRequests() {
    IntStream.range(0, 4).forEach(i -> assertThat(data.receive(ANNE, i)).isEmpty());
    assertThat(reason(data.receive(BERTA, 0))).isEqualTo(RESOURCE_EXHAUSTED);
    data.arrive(0, 1);
    assertThat(data.receive(BERTA, 4)).isEmpty();
  }

  @Test
  void limits_areCheckedAndHaveDefaults() {
    assertThat(DataLimits.DEFAULT).isEqualTo(new DataLimits(65_536, 1_024, 120_000_000_000L));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataLimits(0, 1, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataLimits(1, 0, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataLimits(1, 1, 0));
  }

  // ---- memory that is given away

  @Test
  void dropped_isAnsweredGoneAndNeverWaitedFor() {
    data.arrive(0, 1);
    data.drop(0);
    assertThat(failure(data.receive(ANNE, 0)))
        .isEqualTo(
            new Failure(
                GONE, "chunk 0 of group/datum was here, and its memory has been given to others"));
    assertThat(data.state.waitingRequests()).isEmpty();
  }

  @Test
  void dropped_twiceOrUnknownChangesNothing() {
    data.arrive(0, 1);
    data.drop(1);
    data.drop(0);
    data.drop(0);
    assertThat(data.state.here()).isZero();
    assertThat(data.receive(ANNE, 1)).isEmpty();
  }

  @Test
  void dropped_atTheMomentAtWhichItIsDeliveredIsGone() {
    data.arriveOf(1, 0, 1);
    data.receive(ANNE, 0);
    data.drop(0);
    assertThat(data.markDone(ANNE, 0)).isEmpty();
    assertThat(reason(data.receive(ANNE, 0))).isEqualTo(GONE);
    assertThat(data.arriveOf(1, 0, SECOND_LIFE)).contains(new DataEffect.Keep(0));
  }

  // ---- sent anew

  @Test
  void sentAnew_underItsIdWhenItIsFinished() {
    data.arriveOf(2, 0, 1);
    data.arriveOf(2, 1, 2);
    data.receiveAndMarkDone(ANNE, 0);
    data.receive(ANNE, 1);
    assertThat(reason(data.arriveOf(2, 0, SECOND_LIFE))).isEqualTo(ALREADY_EXISTS);
    data.markDone(ANNE, 1);
    assertThat(data.arriveOf(2, 0, SECOND_LIFE + 1))
        .containsExactly(
            new DataEffect.Discard(0),
            new DataEffect.Discard(1),
            new DataEffect.Keep(0),
            new DataEffect.Stand(0, Standing.UNCLAIMED));
    assertThat(data.receive(ANNE, 1)).isEmpty();
    assertThat(delivered(data.arriveOf(2, 1, SECOND_LIFE + 2))).containsExactly(1);
  }

  @Test
  void sentAnew_withMoreChunksInAnyOrder() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(data.arriveOf(3, 2, SECOND_LIFE)).contains(new DataEffect.Keep(2));
    assertThat(data.receive(ANNE, 3)).containsExactly(new DataEffect.EndOfStream(2, 3));
    assertThat(data.receive(ANNE, 0)).isEmpty();
  }

  @Test
  void sentAnew_afterItsChunksAreGone() {
    data.arriveOf(1, 0, 1);
    data.drop(0);
    assertThat(data.arriveOf(1, 0, SECOND_LIFE))
        .containsExactly(new DataEffect.Keep(0), new DataEffect.Stand(0, Standing.UNCLAIMED));
  }

  @Test
  void sentAnew_neverWhileTheStreamIsOpen() {
    data.arrive(0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(reason(data.arrive(0, SECOND_LIFE))).isEqualTo(ALREADY_EXISTS);
    data.close(1, 2);
    assertThat(data.arrive(0, SECOND_LIFE + 1)).contains(new DataEffect.Keep(0));
  }

  @Test
  void sentAnew_closedBeforeItsFirstChunk() {
    data.arrive(0, 1);
    data.close(1, 2);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(data.close(2, SECOND_LIFE + 2)).containsExactly(new DataEffect.ClosingKnown());
    assertThat(data.close(2, SECOND_LIFE + 2)).containsExactly(new DataEffect.ClosingKnown());
    assertThat(data.close(1, 2)).containsExactly(new DataEffect.ClosingKnown());
    data.arrive(1, SECOND_LIFE + 1);
    assertThat(data.receive(ANNE, 2)).containsExactly(new DataEffect.EndOfStream(2, 2));
    assertThat(data.receive(ANNE, 0)).isEmpty();
    assertThat(delivered(data.arrive(0, SECOND_LIFE))).containsExactly(0);
  }

  @Test
  void sentAnew_closedBeforeItsFirstChunkWhileTheOldOneIsReadAgain() {
    data.arrive(0, 1);
    data.close(1, 2);
    data.receiveAndMarkDone(ANNE, 0);
    data.close(2, SECOND_LIFE + 2);
    data.receive(ANNE, 0);
    assertThat(data.close(2, SECOND_LIFE + 2)).containsExactly(new DataEffect.ClosingKnown());
    data.markDone(ANNE, 0);
    data.arrive(0, SECOND_LIFE);
    assertThat(data.receive(ANNE, 2)).containsExactly(new DataEffect.EndOfStream(3, 2));
  }

  @Test
  void sentAnew_closedBeforeItsFirstChunkIsNoClosingOfWhatComesAfterIt() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    data.close(1, SECOND_LIFE + 1);
    data.arrive(0, SECOND_LIFE);
    data.receiveAndMarkDone(ANNE, 0);
    data.arrive(0, 2 * SECOND_LIFE);
    assertThat(data.receive(ANNE, 1)).isEmpty();
  }

  @Test
  void earlierLife_chunkIsNotTakenForOneOfTheNext() {
    finishFirstLifeOfTwo();
    data.arriveOf(2, 0, SECOND_LIFE);
    assertThat(reason(data.arriveOf(2, 1, 2))).isEqualTo(ALREADY_EXISTS);
    assertThat(reason(data.arriveOf(2, 0, 1))).isEqualTo(ALREADY_EXISTS);
    data.receive(ANNE, 1);
    assertThat(delivered(data.arriveOf(2, 1, SECOND_LIFE + 1))).containsExactly(1);
  }

  @Test
  void earlierLife_closingDoesNotEndTheNext() {
    data.arrive(0, 1);
    data.close(1, 2);
    data.receiveAndMarkDone(ANNE, 0);
    data.arrive(0, SECOND_LIFE);
    assertThat(reason(data.close(1, 2))).isEqualTo(ALREADY_EXISTS);
    assertThat(data.receive(ANNE, 1)).isEmpty();
  }

  @Test
  void earlierLife_ofARelayThatHasRestartedSince() {
    finishFirstLifeOfTwo();
    data.arrive(0, OptionalInt.of(2), new Origin(78, SECOND_LIFE));
    assertThat(reason(data.arriveOf(2, 1, 2))).isEqualTo(ALREADY_EXISTS);
  }

  @Test
  void earlierLife_twoLivesBack() {
    finishFirstLifeOfTwo();
    for (int life = 1; life < 3; life++) {
      data.arriveOf(1, 0, life * DataWitness.LIFE);
      data.receiveAndMarkDone(ANNE, 0);
    }
    data.arriveOf(2, 0, 3 * DataWitness.LIFE);
    assertThat(reason(data.arriveOf(2, 1, 2))).isEqualTo(ALREADY_EXISTS);
  }

  @Test
  void earlierLife_neverBeginsTheNext() {
    DataDriver stream = new DataDriver(new DataLimits(1, 4, DataDriver.MEMORY_NANOS));
    for (int i = 0; i < 3; i++) {
      stream.arriveOf(3, i, i);
      stream.receiveAndMarkDone(ANNE, i);
      stream.drop(i);
    }
    // All three are forgotten one by one, so that only the number of the transfer tells.
    assertThat(reason(stream.arriveOf(3, 0, 0))).isEqualTo(ALREADY_EXISTS);
    assertThat(reason(stream.receive(ANNE, 0))).isEqualTo(GONE);
  }

  @Test
  void earlierLives_ofManyRelaysAreRememberedInPart() {
    for (int relay = 0; relay < 200; relay++) {
      data.arrive(0, OptionalInt.of(1), new Origin(relay, relay * DataWitness.LIFE));
      data.receiveAndMarkDone(ANNE, 0);
    }
    assertThat(data.state.senders().latest())
        .hasSize(64)
        .extracting(Origin::relay)
        .contains(199L)
        .doesNotContain(0L);
    assertThat(data.state.senders().earlier()).hasSizeLessThanOrEqualTo(64);
  }

  // ---- forgetting

  @Test
  void forgotten_whenNothingIsHereAndTimeHasPassed() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(data.state.nextDeadlineNanos()).isEmpty();
    data.now = 50;
    data.drop(0);
    assertThat(data.state.nextDeadlineNanos())
        .isEqualTo(OptionalLong.of(50 + DataDriver.MEMORY_NANOS));
    assertThat(data.tickAt(50 + DataDriver.MEMORY_NANOS - 1)).isEmpty();
    assertThat(data.tickAt(50 + DataDriver.MEMORY_NANOS)).containsExactly(new DataEffect.Forget());
  }

  @Test
  void forgotten_neverWhileAChunkIsHereOrIsWaitedFor() {
    data.arrive(0, 1);
    assertThat(data.tickAt(1_000_000)).isEmpty();
    data.drop(0);
    data.receive(ANNE, 1, 9_000_000);
    assertThat(data.tickAt(8_000_000)).isEmpty();
    assertThat(data.tickAt(9_000_000)).hasSize(2).endsWith(new DataEffect.Forget());
  }

  @Test
  void forgotten_atOnceIfNothingHasBeenSent() {
    data.receive(ANNE, 0, 500);
    assertThat(data.feed(new DataInput.Cancel(1))).containsExactly(new DataEffect.Forget());
    data.receive(ANNE, 0, 500);
    assertThat(data.feed(new DataInput.ReaderGone(ANNE.registration())))
        .containsExactly(new DataEffect.Forget());
    data.receive(ANNE, 0, 500);
    assertThat(data.tickAt(500)).endsWith(new DataEffect.Forget());
    assertThat(data.drop(0)).containsExactly(new DataEffect.Forget());
  }

  @Test
  void forgotten_onlyAfterTheLastWord() {
    data.close(2, 1);
    data.now = 900;
    data.close(2, 1);
    assertThat(data.tickAt(1_000)).isEmpty();
    assertThat(data.tickAt(1_900)).containsExactly(new DataEffect.Forget());
  }

  @Test
  void crowd_forgetsWhatIsOver() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    assertThat(data.feed(new DataInput.Crowded())).isEmpty();
    data.drop(0);
    assertThat(data.feed(new DataInput.Crowded())).containsExactly(new DataEffect.Forget());
  }

  @Test
  void crowd_leavesWhatIsWaitedFor() {
    data.receive(ANNE, 0);
    assertThat(data.feed(new DataInput.Crowded())).isEmpty();
  }

  /** Its readers would never hear of its end. */
  @Test
  void crowd_leavesWhatHasAnEndAndHasNotComeWhole() {
    data.close(2, 1);
    assertThat(data.feed(new DataInput.Crowded())).isEmpty();
    data.arrive(0, 2);
    data.receiveAndMarkDone(ANNE, 0);
    data.drop(0);
    assertThat(data.feed(new DataInput.Crowded())).isEmpty();
  }

  @Test
  void crowd_leavesTheEndOfTheNextLife() {
    data.arriveOf(1, 0, 1);
    data.receiveAndMarkDone(ANNE, 0);
    data.drop(0);
    data.close(2, 2);
    assertThat(data.feed(new DataInput.Crowded())).isEmpty();
  }

  // ---- names

  @Test
  void ids_areAnyTextOfSomeLength() {
    assertThat(new DataId("g", "日本/\n😀")).hasToString("g/日本/\n😀");
    assertThat(new DataId("a/b", "c")).isNotEqualTo(new DataId("a", "b/c"));
    assertThat(new DataId("g", "x".repeat(1024)).id()).hasSize(1024);
    assertThatIllegalArgumentException().isThrownBy(() -> new DataId("g", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataId("", "id"));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataId("g", "x".repeat(1025)));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataId("g", "ü".repeat(513)));
    assertThatIllegalArgumentException().isThrownBy(() -> new DataId("g", "half \uD83D a pair"));
  }

  private void finishFirstLifeOfTwo() {
    data.arriveOf(2, 0, 1);
    data.arriveOf(2, 1, 2);
    data.receiveAndMarkDone(ANNE, 0);
    data.receiveAndMarkDone(ANNE, 1);
  }

  private static DataState step(DataState state, DataInput input) {
    return DataMachine.step(state, input, 0).state();
  }

  private static Origin origin(long transfer) {
    return new Origin(DataDriver.RELAY, transfer);
  }

  private static List<Integer> delivered(List<DataEffect> effects) {
    return effects.stream()
        .filter(DataEffect.Deliver.class::isInstance)
        .map(effect -> ((DataEffect.Deliver) effect).index())
        .toList();
  }

  private static Failure.Reason reason(List<DataEffect> effects) {
    return failure(effects).reason();
  }

  /** The only failure, of a reader or a sender. */
  private static Failure failure(List<DataEffect> effects) {
    List<Failure> failures =
        effects.stream()
            .<Failure>mapMulti(
                (effect, next) -> {
                  if (effect instanceof DataEffect.Fail(long _, Failure failure)) {
                    next.accept(failure);
                  } else if (effect instanceof DataEffect.Refuse(Failure failure)) {
                    next.accept(failure);
                  }
                })
            .toList();
    assertThat(failures).hasSize(1);
    return failures.getFirst();
  }
}

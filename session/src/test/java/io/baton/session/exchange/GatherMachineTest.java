package io.baton.session.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.Transition;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class GatherMachineTest {

  private static final GatherEffect COMPLETE = new GatherEffect.Complete();

  private GatherState state = of(true, 0, 1, 2);

  private static GatherState of(boolean sharded, Integer... members) {
    return GatherState.initial(new TreeSet<>(List.of(members)), sharded);
  }

  private List<GatherEffect> feed(GatherInput input) {
    Transition<GatherState, GatherEffect> transition = GatherMachine.step(state, input);
    state = transition.state();
    return transition.effects();
  }

  private List<GatherEffect> join(int rank) {
    return feed(new GatherInput.Join(rank));
  }

  private List<GatherEffect> written(int rank, int part) {
    return feed(new GatherInput.Written(rank, part));
  }

  private List<GatherEffect> gone(int rank) {
    return feed(new GatherInput.MemberGone(rank));
  }

  private static GatherEffect ask(int rank, int part) {
    return new GatherEffect.AskPart(rank, part);
  }

  // ---- every member a part

  @Test
  void sharded_everyMemberWritesItsPart() {
    assertThat(join(1)).containsExactly(ask(1, 1));
    assertThat(join(0)).containsExactly(ask(0, 0));
    assertThat(written(1, 1)).isEmpty();
    assertThat(join(2)).containsExactly(ask(2, 2));
    assertThat(written(2, 2)).isEmpty();
    assertThat(written(0, 0)).containsExactly(COMPLETE);
  }

  @Test
  void sharded_membersGivenUnsortedWithGapsHaveTheirPartsInOrder() {
    state = of(true, 9, 4, 7);
    assertThat(join(9)).containsExactly(ask(9, 2));
    assertThat(join(4)).containsExactly(ask(4, 0));
    assertThat(join(7)).containsExactly(ask(7, 1));
  }

  @Test
  void sharded_lowestRankDiesBeforeItJoins() {
    join(1);
    join(2);
    assertThat(gone(0)).containsExactly(ask(1, 0));
    written(1, 1);
    written(2, 2);
    assertThat(written(1, 0)).containsExactly(COMPLETE);
  }

  @Test
  void sharded_lowestRankDiesBeforeAnyoneJoins() {
    assertThat(gone(0)).isEmpty();
    assertThat(join(2)).containsExactly(ask(2, 0), ask(2, 2));
    assertThat(join(1)).containsExactly(ask(1, 1));
  }

  @Test
  void sharded_lowestRankDiesWhileItWrites() {
    List.of(0, 1, 2).forEach(this::join);
    written(1, 1);
    assertThat(gone(0)).containsExactly(ask(1, 0));
    assertThat(written(0, 0)).as("the last words of the dead").isEmpty();
    written(2, 2);
    assertThat(written(1, 0)).containsExactly(COMPLETE);
  }

  @Test
  void sharded_memberDiesAfterItHasWritten() {
    List.of(0, 1, 2).forEach(this::join);
    written(0, 0);
    assertThat(gone(0)).isEmpty();
    written(1, 1);
    assertThat(written(2, 2)).containsExactly(COMPLETE);
  }

  @Test
  void sharded_whoWritesForTheDeadMayDieToo() {
    List.of(0, 1, 2).forEach(this::join);
    gone(0);
    written(1, 1);
    assertThat(gone(1)).containsExactly(ask(2, 0));
    written(2, 2);
    assertThat(written(2, 0)).containsExactly(COMPLETE);
  }

  @Test
  void written_twiceCountsOnce() {
    List.of(0, 1, 2).forEach(this::join);
    written(0, 0);
    written(0, 0);
    written(1, 1);
    assertThat(state.written()).containsExactly(0, 1);
    assertThat(written(2, 2)).containsExactly(COMPLETE);
    assertThat(written(2, 2)).isEmpty();
  }

  @Test
  void written_byWhomWasNotAskedDoesNotCount() {
    List.of(0, 1).forEach(this::join);
    written(1, 0);
    written(2, 2);
    written(0, 3);
    written(0, -1);
    assertThat(state.written()).isEmpty();
  }

  @Test
  void join_twiceAsksOnce() {
    join(1);
    assertThat(join(1)).isEmpty();
  }

  @Test
  void member_thatRegistersLateWritesForTheDead() {
    state = of(true, 1, 2);
    gone(1);
    assertThat(join(0)).containsExactly(ask(0, 0));
    assertThat(join(2)).containsExactly(ask(2, 1));
    written(0, 0);
    assertThat(written(2, 1)).containsExactly(COMPLETE);
  }

  @Test
  void member_thatRegistersLateCarriesOnAlone() {
    state = of(false, 1);
    join(1);
    assertThat(join(0)).isEmpty();
    assertThat(gone(1)).containsExactly(ask(0, 0));
    assertThat(written(0, 0)).containsExactly(COMPLETE);
  }

  @Test
  void member_thatComesBackIsAskedForWhatNobodyElseWrites() {
    state = of(true, 0, 1);
    join(0);
    gone(0);
    assertThat(join(0)).containsExactly(ask(0, 0));
    gone(0);
    assertThat(join(1)).containsExactly(ask(1, 0), ask(1, 1));
    assertThat(join(0)).isEmpty();
  }

  // ---- the lowest rank everything

  @Test
  void unsharded_lowestRankWritesAll() {
    state = of(false, 0, 1, 2);
    assertThat(state.parts()).isOne();
    assertThat(join(1)).isEmpty();
    assertThat(join(0)).containsExactly(ask(0, 0));
    assertThat(written(0, 0)).containsExactly(COMPLETE);
  }

  @Test
  void unsharded_lowestRankDiesBeforeItJoins() {
    state = of(false, 0, 1, 2);
    join(1);
    assertThat(gone(0)).containsExactly(ask(1, 0));
    assertThat(written(1, 0)).containsExactly(COMPLETE);
  }

  @Test
  void unsharded_lowestRankDiesWhileItWrites() {
    state = of(false, 0, 1, 2);
    join(0);
    join(2);
    assertThat(gone(0)).as("1 lives and is the lowest now").isEmpty();
    assertThat(gone(1)).containsExactly(ask(2, 0));
    assertThat(written(0, 0)).isEmpty();
    assertThat(written(2, 0)).containsExactly(COMPLETE);
  }

  @Test
  void unsharded_lowestRankDiesAfterItHasWritten() {
    state = of(false, 0, 1);
    join(0);
    written(0, 0);
    assertThat(gone(0)).isEmpty();
    assertThat(gone(1)).isEmpty();
  }

  @Test
  void unsharded_memberOfALowerRankThatRegistersLateTakesNothingOver() {
    state = of(false, 1, 2);
    join(1);
    assertThat(join(0)).isEmpty();
    assertThat(written(1, 0)).containsExactly(COMPLETE);
  }

  @Test
  void groupOfOne_writesAll() {
    for (boolean sharded : new boolean[] {false, true}) {
      state = of(sharded, 5);
      assertThat(join(5)).containsExactly(ask(5, 0));
      assertThat(written(5, 0)).containsExactly(COMPLETE);
    }
  }

  // ---- the end

  @Test
  void everyMemberGone_isTheEnd() {
    join(0);
    gone(1);
    gone(2);
    assertThat(gone(0))
        .containsExactly(
            new GatherEffect.Abandon(
                new Failure(Failure.Reason.CANCELLED, "no member of the sending group is left")));
    assertThat(join(1)).isEmpty();
  }

  @Test
  void expire_saysWhatIsMissing() {
    join(0);
    join(1);
    written(0, 0);
    assertThat(feed(new GatherInput.Expire()))
        .containsExactly(
            new GatherEffect.Abandon(
                new Failure(
                    Failure.Reason.DEADLINE_EXCEEDED,
                    "1 of 3 parts were written in time: of the members [0, 1, 2], [2] did not send the"
                        + " chunk")));
    assertThat(feed(new GatherInput.Expire())).isEmpty();
    assertThat(written(1, 1)).isEmpty();
  }

  @Test
  void expire_afterTheEndChangesNothing() {
    state = of(false, 0);
    join(0);
    written(0, 0);
    assertThat(feed(new GatherInput.Expire())).isEmpty();
  }

  // ---- parts

  @Test
  void partStart_partsTileTheBytes() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 2_000; round++) {
      int parts = 1 + random.nextInt(12);
      long bytes = random.nextInt(3) == 0 ? random.nextLong(1L << 62) : random.nextLong(40);
      assertThat(GatherMachine.partStart(bytes, parts, 0)).isZero();
      assertThat(GatherMachine.partStart(bytes, parts, parts)).isEqualTo(bytes);
      long before = Long.MAX_VALUE;
      for (int part = 0; part < parts; part++) {
        long size =
            GatherMachine.partStart(bytes, parts, part + 1)
                - GatherMachine.partStart(bytes, parts, part);
        assertThat(size).isBetween(bytes / parts, (bytes + parts - 1) / parts);
        assertThat(size).as("larger parts come first").isLessThanOrEqualTo(before);
        before = size;
      }
    }
  }

  @Test
  void partStart_ofTheLargest() {
    assertThat(GatherMachine.partStart(Long.MAX_VALUE, 7, 7)).isEqualTo(Long.MAX_VALUE);
    assertThat(GatherMachine.partStart(10, 4, 1)).isEqualTo(3);
    assertThat(GatherMachine.partStart(10, 4, 2)).isEqualTo(6);
    assertThat(GatherMachine.partStart(10, 4, 3)).isEqualTo(8);
    assertThat(GatherMachine.partStart(2, 4, 3)).isEqualTo(2);
  }
}

package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.transport.pinned.PoolRules.Held;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PoolRulesTest {

  private static final long CAPACITY = 1000;

  private final PoolRules rules = new PoolRules(0.5, 4);

  @Test
  void judge_pushesBeyondTheirShare_refusedWhateverIsFree() {
    assertThat(rules.judge(PoolUse.PUSH, 500, new Held(CAPACITY, 0, 0, 0)))
        .isEqualTo(Admission.ADMITTED);
    assertThat(rules.judge(PoolUse.PUSH, 501, new Held(CAPACITY, 0, 0, 0)))
        .isEqualTo(Admission.PUSH_SHARE_FULL);
    assertThat(rules.judge(PoolUse.PUSH, 101, new Held(CAPACITY, 400, 400, 0)))
        .isEqualTo(Admission.PUSH_SHARE_FULL);
    assertThat(rules.judge(PoolUse.FILLING, 101, new Held(CAPACITY, 400, 400, 0)))
        .isEqualTo(Admission.ADMITTED);
  }

  @Test
  void judge_aGreedyHolderAlone_getsFourFifths() {
    assertThat(rules.judge(PoolUse.FILLING, 1, new Held(CAPACITY, 799, 0, 799)))
        .isEqualTo(Admission.ADMITTED);
    assertThat(rules.judge(PoolUse.FILLING, 1, new Held(CAPACITY, 800, 0, 800)))
        .isEqualTo(Admission.HOLDER_SHARE_FULL);
  }

  @Test
  void judge_manyGreedyHolders_equalSharesAndRoomForANewcomer() {
    long[] held = new long[5];
    boolean admitted = true;
    while (admitted) {
      admitted = false;
      for (int i = 0; i < held.length; i++) {
        if (rules.judge(PoolUse.FILLING, 1, held(held, i)) == Admission.ADMITTED) {
          held[i]++;
          admitted = true;
        }
      }
    }
    // 4/21 each, and a 21st for the next one.
    assertThat(held).containsOnly(190, 191);
    assertThat(CAPACITY - Arrays.stream(held).sum()).isGreaterThanOrEqualTo(47);
  }

  @Test
  void judge_aHolderWithNothing_mayTakeAllThatIsFree() {
    assertThat(rules.judge(PoolUse.FILLING, 1000, new Held(CAPACITY, 0, 0, 0)))
        .isEqualTo(Admission.ADMITTED);
    assertThat(rules.judge(PoolUse.FILLING, 200, new Held(CAPACITY, 800, 0, 0)))
        .isEqualTo(Admission.ADMITTED);
    assertThat(rules.judge(PoolUse.FILLING, 201, new Held(CAPACITY, 800, 0, 0)))
        .isEqualTo(Admission.NO_ROOM);
  }

  @Test
  void judge_largerThanThePool_saysThatWaitingDoesNotHelp() {
    for (PoolUse use : PoolUse.values()) {
      assertThat(rules.judge(use, 1001, new Held(CAPACITY, 0, 0, 0)))
          .isEqualTo(Admission.TOO_LARGE);
      assertThat(rules.judge(use, Long.MAX_VALUE, new Held(CAPACITY, 999, 999, 999)))
          .isEqualTo(Admission.TOO_LARGE);
    }
  }

  @Test
  void judge_history_isNobodysShare() {
    assertThat(rules.judge(PoolUse.HISTORY, 1000, new Held(CAPACITY, 900, 0, 900)))
        .isEqualTo(Admission.ADMITTED);
  }

  private static Held held(long[] held, int own) {
    return new Held(CAPACITY, Arrays.stream(held).sum(), 0, held[own]);
  }
}

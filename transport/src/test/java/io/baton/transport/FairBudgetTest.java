package io.baton.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.baton.session.FairShare;
import org.junit.jupiter.api.Test;

class FairBudgetTest {

  private final FairBudget budget = new FairBudget(100, new FairShare(4));

  private int takeAll(String holder) {
    int taken = 0;
    while (budget.tryTake(holder, 1)) {
      taken++;
    }
    return taken;
  }

  @Test
  void tryTake_byGreedyHolders_leavesRoomForANewcomer() {
    assertThat(takeAll("first")).isEqualTo(80);
    assertThat(takeAll("second")).isEqualTo(16);
    assertThat(budget.tryTake("third", 4)).isTrue();
    assertThat(budget.used()).isEqualTo(100);
    assertThat(budget.tryTake("fourth", 1)).isFalse();
  }

  @Test
  void tryTake_upToAPart_countsWhatAllHave() {
    assertThat(budget.tryTake("one", 20)).isTrue();
    assertThat(budget.of("two").tryTake(6, Share.QUARTER)).isFalse();
    assertThat(budget.of("two").tryTake(5, Share.QUARTER)).isTrue();
  }

  @Test
  void giveBack_isForTheHolder() {
    budget.tryTake("one", 10);
    budget.tryTake("two", 5);
    assertThatIllegalStateException().isThrownBy(() -> budget.giveBack("two", 6));
    budget.giveBack("two", 5);
    budget.of("one").giveBack(10);
    assertThat(budget.used()).isZero();
    assertThat(takeAll("one")).isEqualTo(80);
  }

  @Test
  void capacity_thatIsNone_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new FairBudget(-1, FairShare.WHOLE));
  }
}

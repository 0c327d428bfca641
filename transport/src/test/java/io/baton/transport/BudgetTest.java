package io.baton.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.baton.session.model.StageRole;
import org.junit.jupiter.api.Test;

class BudgetTest {

  private final Budget budget = new Budget(100);

  @Test
  void tryTake_aShare_leavesTheRestToOthers() {
    assertThat(budget.tryTake(20, Share.QUARTER)).isTrue();
    assertThat(budget.tryTake(6, Share.QUARTER)).isFalse();
    assertThat(budget.tryTake(5, Share.QUARTER)).isTrue();
    assertThat(budget.tryTake(75, Share.ALL)).isTrue();
    assertThat(budget.tryTake(1, Share.ALL)).isFalse();
    assertThat(budget.used()).isEqualTo(100);
  }

  @Test
  void tryTake_aShareOfWhatOthersHaveFilled_isRefused() {
    assertThat(budget.tryTake(26)).isTrue();
    assertThat(budget.tryTake(1, Share.QUARTER)).isFalse();
    budget.giveBack(26);
    assertThat(budget.tryTake(1, Share.QUARTER)).isTrue();
  }

  @Test
  void giveBack_moreThanWasTaken_isADefect() {
    assertThatIllegalStateException().isThrownBy(() -> budget.giveBack(1));
  }

  @Test
  void share_ofARole() {
    assertThat(Share.of(StageRole.ACTIVE)).isEqualTo(Share.ALL);
    assertThat(Share.of(StageRole.STANDBY)).isEqualTo(Share.QUARTER);
  }
}

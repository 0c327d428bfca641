package io.baton.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class FairShareTest {

  @Test
  void of_fourFifths_isAFactorOfFour() {
    FairShare share = FairShare.of(0.8);
    assertThat(share.admits(79, 1, 20)).isTrue();
    assertThat(share.admits(80, 1, 20)).isFalse();
  }

  @Test
  void of_all_hasNoLimit() {
    assertThat(FairShare.of(1)).isEqualTo(FairShare.WHOLE);
    assertThat(FairShare.WHOLE.admits(99, 1, 0)).isTrue();
  }

  @Test
  void admits_whoHasNothing() {
    assertThat(FairShare.of(0.01).admits(0, 100, 0)).isTrue();
  }

  @Test
  void of_whatIsNoShare_isRefused() {
    for (double none : new double[] {0, -1, 1.1, Double.NaN}) {
      assertThatIllegalArgumentException().isThrownBy(() -> FairShare.of(none));
    }
    assertThatIllegalArgumentException().isThrownBy(() -> new FairShare(0));
  }
}

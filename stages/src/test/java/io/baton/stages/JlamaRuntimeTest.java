package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class JlamaRuntimeTest {

  @Test
  void threads_impossible_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> JlamaRuntime.threads(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JlamaRuntime.threads(Runtime.getRuntime().availableProcessors() + 1));
  }

  @Test
  void threads_onceSettled_onlyTheSameAgain() {
    int settled = JlamaRuntime.threads();
    assertThatCode(() -> JlamaRuntime.threads(settled)).doesNotThrowAnyException();
    int other = settled == 1 ? 2 : 1;
    if (other <= Runtime.getRuntime().availableProcessors()) {
      assertThatIllegalStateException().isThrownBy(() -> JlamaRuntime.threads(other));
    }
    assertThat(JlamaRuntime.threads()).isEqualTo(settled);
  }

  @Test
  void compute_work_result() {
    assertThat(JlamaRuntime.<Integer>compute(() -> 3)).isEqualTo(3);
  }

  @Test
  void covers_manyThreadsAndANarrowRow_notAll() {
    // 20 parts of 9 and 3 more are 183 of 192; 48 of 18 and 14 more are 878 of 896.
    assertThat(JlamaRuntime.covers(20, 192)).isFalse();
    assertThat(JlamaRuntime.covers(48, 4096, 896)).isFalse();
    assertThat(JlamaRuntime.covers(16, 192, 896, 49152)).isTrue();
    assertThat(JlamaRuntime.covers(7, 258)).isTrue();
    assertThat(JlamaRuntime.covers(1, 1, 17)).isTrue();
    assertThat(JlamaRuntime.covers(64, 16)).isTrue();
  }
}

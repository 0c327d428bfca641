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
}

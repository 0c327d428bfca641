package io.baton.session.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ExecutorWatchTest {

  private static final int PATIENCE = 3;

  private final ExecutorWatch watch = new ExecutorWatch(PATIENCE);

  private boolean hangsWithin(int ticks) {
    boolean noticed = false;
    for (int i = 0; i < ticks; i++) {
      noticed |= watch.tick();
    }
    return noticed;
  }

  @Test
  void tick_withNothingToDo_neverHangs() {
    assertThat(hangsWithin(100)).isFalse();
    assertThat(watch.hangs()).isFalse();
  }

  @Test
  void tick_withoutAWord_hangsOnceItsPatienceIsOver() {
    watch.given(1, 10);
    assertThat(hangsWithin(PATIENCE - 1)).isFalse();
    assertThat(watch.tick()).isTrue();
    assertThat(watch.hangs()).isTrue();
    assertThat(watch.tick()).as("it is told once").isFalse();
  }

  @Test
  void computed_lessThanBefore_isSlowAndDoesNotHang() {
    watch.given(1, 1_000);
    for (int left = 999; left > 0; left--) {
      assertThat(hangsWithin(PATIENCE - 1)).isFalse();
      watch.computed(1, left);
    }
  }

  @Test
  void computed_asMuchAsBefore_isNoProgress() {
    watch.given(1, 10);
    watch.computed(1, 10);
    assertThat(hangsWithin(PATIENCE - 1)).isFalse();
    watch.computed(1, 10);
    watch.computed(1, 11);
    watch.computed(1, -1);
    assertThat(watch.tick()).isTrue();
  }

  @Test
  void lost_whatItHangsAt_itHangsAllTheSame() {
    watch.given(1, 10);
    watch.given(2, 10);
    assertThat(hangsWithin(PATIENCE)).isTrue();
    watch.lost(1);
    watch.lost(2);
    assertThat(watch.hangs()).isTrue();
    assertThat(watch.workLeft()).isEmpty();
  }

  @Test
  void answered_otherThanTheFirst_wasTurnedAwayAndIsNoProgress() {
    watch.given(1, 10);
    for (int command = 2; command < 2 + PATIENCE - 1; command++) {
      watch.given(command, 0);
      watch.answered(command);
      watch.computed(command, 0);
      assertThat(watch.tick()).isFalse();
    }
    watch.given(9, 10);
    watch.answered(9);
    assertThat(watch.tick()).isTrue();
  }

  @Test
  void answered_afterAll_itWorksAgain() {
    watch.given(1, 10);
    watch.given(2, 0);
    assertThat(hangsWithin(PATIENCE)).isTrue();
    watch.answered(1);
    assertThat(watch.hangs()).isFalse();
    assertThat(hangsWithin(PATIENCE)).as("it hangs at the next one").isTrue();
  }

  @Test
  void workLeft_isThatOfTheCommandsBeforeToo() {
    watch.given(1, 10);
    watch.given(2, 0);
    watch.given(3, 5);
    watch.computed(1, 4);
    assertThat(watch.workLeft()).containsExactlyInAnyOrderEntriesOf(Map.of(1L, 4L, 2L, 4L, 3L, 9L));
    watch.answered(1);
    assertThat(watch.workLeft()).containsExactlyInAnyOrderEntriesOf(Map.of(2L, 0L, 3L, 5L));
  }

  @Test
  void patience_ofNoTick_isNone() {
    assertThatThrownBy(() -> new ExecutorWatch(0)).isInstanceOf(IllegalArgumentException.class);
  }
}

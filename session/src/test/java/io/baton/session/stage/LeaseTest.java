package io.baton.session.stage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On any clock, also where it overflows. */
class LeaseTest {

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE - 50, Long.MIN_VALUE})
  void isOver_withoutAWord_afterTheLease(long begin) {
    Lease lease = Lease.begin(30, 100, begin);
    assertThat(lease.isOver(begin + 29)).isFalse();
    assertThat(lease.isOver(begin + 30)).isTrue();
    assertThat(lease.isIdleFirst()).isFalse();
    assertThat(lease.heard(begin + 20).endNanos()).isEqualTo(begin + 50);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE - 50, Long.MIN_VALUE})
  void isOver_withWordsAndNoStep_afterTheIdleTime(long begin) {
    Lease lease = Lease.begin(30, 100, begin);
    for (long now = begin; now - begin < 95; now += 5) {
      lease = lease.heard(now);
      assertThat(lease.isOver(now)).isFalse();
    }
    assertThat(lease.isIdleFirst()).isTrue();
    assertThat(lease.isOver(begin + 99)).isFalse();
    assertThat(lease.isOver(begin + 100)).isTrue();
    assertThat(lease.stepped(begin + 90).isOver(begin + 119)).isFalse();
    assertThat(lease.worked(begin + 95).isOver(begin + 119)).isFalse();
    assertThat(lease.worked(begin + 95).isOver(begin + 120)).as("no word is heard").isTrue();
  }
}

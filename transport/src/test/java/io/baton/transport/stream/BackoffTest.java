package io.baton.transport.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {

  @Test
  void defaults() {
    assertThat(Backoff.DEFAULT)
        .isEqualTo(new Backoff(Duration.ofMillis(50), Duration.ofSeconds(5), 0.5));
  }

  @Test
  void after_doublesUpToTheLongest() {
    Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofMillis(300), 0);
    Random random = new Random(1);
    assertThat(backoff.after(1, random)).isEqualTo(Duration.ofMillis(50));
    assertThat(backoff.after(2, random)).isEqualTo(Duration.ofMillis(100));
    assertThat(backoff.after(3, random)).isEqualTo(Duration.ofMillis(200));
    assertThat(backoff.after(4, random)).isEqualTo(Duration.ofMillis(300));
    assertThat(backoff.after(Integer.MAX_VALUE, random)).isEqualTo(Duration.ofMillis(300));
  }

  @Test
  void after_isShortenedByAtMostTheJitter() {
    Random random = new Random(7);
    for (int failures = 1; failures < 1000; failures++) {
      Duration full =
          new Backoff(Duration.ofMillis(50), Duration.ofSeconds(5), 0).after(failures, random);
      assertThat(Backoff.DEFAULT.after(failures, random)).isBetween(full.dividedBy(2), full);
    }
  }

  @Test
  void config_refusesNonsense() {
    Duration second = Duration.ofSeconds(1);
    assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(Duration.ZERO, second, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Backoff(second, Duration.ofMillis(1), 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(second, second, 1.1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(second, second, Double.NaN));
  }
}

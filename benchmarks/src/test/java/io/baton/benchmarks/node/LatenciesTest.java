package io.baton.benchmarks.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LatenciesTest {

  private final Latencies latencies = new Latencies();

  @Test
  void await_ofSome_givesRanksOfTheSortedOnes() throws InterruptedException {
    long hour = 3_600_000_000_000L;
    for (int i = 100; i >= 1; i--) {
      latencies.add(System.nanoTime() - i * hour);
    }

    Latencies.Summary all = latencies.await(100, 0);

    assertThat(all.count()).isEqualTo(100);
    assertThat(all.p50() / hour).isEqualTo(50);
    assertThat(all.p99() / hour).isEqualTo(99);
    assertThat(all.last()).isLessThanOrEqualTo(System.nanoTime());
  }

  @Test
  void clear_forgetsThem() throws InterruptedException {
    latencies.add(System.nanoTime());
    latencies.clear();

    assertThat(latencies.await(0, 0).count()).isZero();
  }

  @Test
  void await_fewerThanExpected_saysSo() {
    latencies.add(System.nanoTime());

    assertThatThrownBy(() -> latencies.await(2, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("1 of 2 messages came");
  }

  @Test
  void await_wrongBytesCame_failsWithThat() {
    latencies.fail(new IllegalStateException("byte 3 is wrong"));

    assertThatThrownBy(() -> latencies.await(1, 1)).hasMessage("byte 3 is wrong");
  }

  @Test
  void add_beyondWhatIsKept_isCountedStill() throws InterruptedException {
    for (int i = 0; i < Latencies.MOST + 5; i++) {
      latencies.add(0);
    }

    assertThat(latencies.await(0, 0).count()).isEqualTo(Latencies.MOST + 5);
  }
}

package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StandstillTest {

  private static final long LIMIT = Standstill.LIMIT_NANOS;

  private final Standstill standstill = new Standstill();

  @Test
  void busyWorker_withNoPeerLost_isWaitedFor() {
    assertThat(standstill.paused(5, 0)).isFalse();
    assertThat(standstill.paused(5, 100 * LIMIT)).isFalse();
  }

  @Test
  void busyWorker_longAfterALoss_standsStillAfterTheLimit() {
    standstill.suspect();

    assertThat(standstill.paused(0, 50 * LIMIT)).isFalse();
    assertThat(standstill.paused(0, 51 * LIMIT - 1)).isFalse();
    assertThat(standstill.paused(0, 51 * LIMIT)).isTrue();
  }

  @Test
  void loss_whileTheWorkerIsBusy_countsFromWhenItBecameSo() {
    assertThat(standstill.paused(0, 0)).isFalse();
    standstill.suspect();

    assertThat(standstill.paused(0, LIMIT)).isTrue();
  }

  @Test
  void messages_beginTheTimeAnew() {
    standstill.suspect();

    assertThat(standstill.paused(3, 0)).isFalse();
    assertThat(standstill.paused(4, LIMIT)).isFalse();
    assertThat(standstill.paused(4, 2 * LIMIT - 1)).isFalse();
    assertThat(standstill.paused(4, 2 * LIMIT)).isTrue();
  }

  @Test
  void workerThatCouldBeArmed_beginsTheTimeAnew() {
    standstill.suspect();
    assertThat(standstill.paused(0, 0)).isFalse();
    standstill.slept();

    assertThat(standstill.paused(0, LIMIT)).isFalse();
    assertThat(standstill.paused(0, 2 * LIMIT)).isTrue();
  }
}

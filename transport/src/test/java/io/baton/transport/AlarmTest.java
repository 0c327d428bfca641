package io.baton.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AlarmTest {

  private static final long SOON = Duration.ofMillis(5).toNanos();
  private static final long MUCH_LATER = Duration.ofHours(1).toNanos();

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final AtomicInteger rings = new AtomicInteger();

  AlarmTest() {
    timer.setRemoveOnCancelPolicy(true);
  }

  @AfterEach
  void timer_stops() throws InterruptedException {
    timer.shutdownNow();
    assertThat(timer.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  private static long in(long nanos) {
    return System.nanoTime() + nanos;
  }

  @Test
  void set_rings() {
    Alarm alarm = new Alarm(timer, rings::incrementAndGet);
    alarm.set(in(SOON));
    await().untilAsserted(() -> assertThat(rings).hasValue(1));
  }

  @Test
  void set_whileItRings_ringsAgain() {
    AtomicReference<Alarm> self = new AtomicReference<>();
    Alarm alarm =
        new Alarm(
            timer,
            () -> {
              if (rings.incrementAndGet() < 5) {
                self.get().set(in(SOON));
              }
            });
    self.set(alarm);
    alarm.set(in(SOON));
    await().untilAsserted(() -> assertThat(rings).hasValue(5));
  }

  @Test
  void set_toAnEarlierTime_ringsThen() {
    Alarm alarm = new Alarm(timer, rings::incrementAndGet);
    alarm.set(in(MUCH_LATER));
    alarm.set(in(SOON));
    await().untilAsserted(() -> assertThat(rings).hasValue(1));
    assertThat(timer.getQueue()).isEmpty();
  }

  @Test
  void set_toALaterTime_isNotChased() {
    Alarm alarm = new Alarm(timer, rings::incrementAndGet);
    alarm.set(in(Duration.ofSeconds(20).toNanos()));
    Object scheduled = timer.getQueue().peek();
    alarm.set(in(MUCH_LATER));
    assertThat(timer.getQueue()).containsExactly((Runnable) scheduled);
  }

  @Test
  void cancel_ringsNoMore() throws InterruptedException {
    Alarm alarm = new Alarm(timer, rings::incrementAndGet);
    alarm.set(in(MUCH_LATER));
    alarm.cancel();
    alarm.cancel();
    assertThat(timer.getQueue()).isEmpty();
    CountDownLatch later = new CountDownLatch(1);
    timer.execute(later::countDown);
    later.await();
    assertThat(rings).hasValue(0);
  }

  @Test
  void set_afterTheTimerStopped_isANoOp() {
    Alarm alarm = new Alarm(timer, rings::incrementAndGet);
    timer.shutdownNow();
    alarm.set(in(SOON));
    alarm.cancel();
    assertThat(rings).hasValue(0);
  }
}

package io.baton.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StallWatchTest {

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final Queue<String> stalled = new ConcurrentLinkedQueue<>();
  private final StallWatch watch = new StallWatch(timer, Duration.ofMillis(300), stalled::add);

  @AfterEach
  void stop() {
    watch.close();
    timer.shutdownNow();
  }

  @Test
  void awaits_whatDoesNotCome_isToldOnce() {
    watch.awaits("a hello");
    await().until(() -> !stalled.isEmpty());
    await().during(Duration.ofMillis(700)).until(() -> stalled.size() == 1);
    assertThat(stalled).containsExactly("a hello");
  }

  @Test
  void awaits_again_doesNotGiveMoreTime() {
    await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(10))
        .until(
            () -> {
              watch.awaits("a hello");
              return !stalled.isEmpty();
            });
  }

  @Test
  void settledOrClosed_isNotTold() {
    watch.awaits("a hello");
    watch.settled();
    await().during(Duration.ofMillis(700)).until(stalled::isEmpty);
    watch.progressed("the rest");
    watch.close();
    watch.awaits("a hello");
    await().during(Duration.ofMillis(700)).until(stalled::isEmpty);
  }

  @Test
  void progressed_givesMoreTime() {
    await()
        .pollInterval(Duration.ofMillis(20))
        .during(Duration.ofMillis(900))
        .until(
            () -> {
              watch.progressed("the rest");
              return stalled.isEmpty();
            });
    await().until(() -> stalled.contains("the rest"));
  }
}

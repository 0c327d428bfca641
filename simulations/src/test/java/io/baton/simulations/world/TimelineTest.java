package io.baton.simulations.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TimelineTest {

  private final Timeline timeline = new Timeline();
  private final List<Integer> seen = new ArrayList<>();

  private final class Noted extends Event {
    private final int number;

    Noted(int number) {
      this.number = number;
    }

    @Override
    protected void run() {
      seen.add(number);
    }
  }

  @Test
  void runNext_atOneTime_keepsTheOrderOfScheduling() {
    for (int i = 0; i < 100; i++) {
      timeline.schedule(new Noted(i), 5);
    }
    while (timeline.runNext(5)) {
      assertThat(timeline.nowNanos()).isEqualTo(5);
    }
    assertThat(seen).hasSize(100).isSorted();
  }

  @Test
  void movedAndCancelledEvents_comeInTheOrderOfASortedQueue() {
    SplittableRandom random = new SplittableRandom(1);
    List<Noted> events = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      Noted event = new Noted(i);
      events.add(event);
      timeline.schedule(event, random.nextInt(1000));
    }
    for (int i = 0; i < 1000; i++) {
      Noted event = events.get(random.nextInt(events.size()));
      if (random.nextInt(4) == 0) {
        timeline.cancel(event);
      } else {
        timeline.move(event, random.nextInt(1000));
      }
    }
    PriorityQueue<Noted> expected =
        new PriorityQueue<>((a, b) -> a.isBefore(b) ? -1 : b.isBefore(a) ? 1 : 0);
    events.stream().filter(Event::isPending).forEach(expected::add);
    assertThat(timeline.pending()).isEqualTo(expected.size());
    List<Integer> order = new ArrayList<>();
    while (!expected.isEmpty()) {
      order.add(expected.remove().number);
    }

    while (timeline.runNext(Long.MAX_VALUE)) {
      assertThat(timeline.nowNanos()).isLessThan(1000);
    }

    assertThat(seen).isEqualTo(order);
    assertThat(timeline.executed()).isEqualTo(order.size());
  }

  @Test
  void schedule_ofAPendingEvent_isRefused() {
    Noted event = new Noted(1);
    timeline.schedule(event, 1);
    assertThatThrownBy(() -> timeline.schedule(event, 2)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void runNext_leavesWhatIsAfterTheLimit() {
    timeline.schedule(new Noted(1), 10);
    assertThat(timeline.runNext(9)).isFalse();
    assertThat(timeline.runNext(10)).isTrue();
  }
}

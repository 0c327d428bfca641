package io.baton.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.transport.TimerWheel.Timer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TimerWheelTest {

  private static final long SECOND = 1_000_000_000L;

  private final List<String> done = new ArrayList<>();
  private final TimerWheel wheel = new TimerWheel(-SECOND);

  @Test
  void expire_beforeItsTimeDoesNothingAndAtItsTimeDoesItOnce() {
    wheel.add(5 * SECOND, () -> done.add("it"));
    wheel.expire(5 * SECOND - 1);
    assertThat(done).isEmpty();
    assertThat(wheel.nextNanos()).hasValue(5 * SECOND);
    wheel.expire(5 * SECOND);
    wheel.expire(50 * SECOND);
    assertThat(done).containsExactly("it");
    assertThat(wheel.size()).isZero();
    assertThat(wheel.nextNanos()).isEmpty();
  }

  @Test
  void add_ofWhatIsLateAlreadyIsDoneWithTheNextCall() {
    wheel.expire(100 * SECOND);
    wheel.add(3 * SECOND, () -> done.add("late"));
    assertThat(wheel.nextNanos()).hasValue(3 * SECOND);
    wheel.expire(100 * SECOND);
    assertThat(done).containsExactly("late");
  }

  @Test
  void cancel_byATaskOfTheSameMomentHolds() {
    List<Timer> others = new ArrayList<>();
    wheel.add(SECOND, () -> others.forEach(wheel::cancel));
    others.add(wheel.add(SECOND, () -> done.add("cancelled")));
    wheel.expire(2 * SECOND);
    assertThat(done).isEmpty();
    assertThat(wheel.size()).isZero();
  }

  @Test
  void expire_withATaskThatThrowsLeavesTheOthersForTheNextCall() {
    wheel.add(
        SECOND,
        () -> {
          throw new IllegalStateException("on purpose");
        });
    wheel.add(SECOND, () -> done.add("other"));
    assertThatThrownBy(() -> wheel.expire(SECOND)).hasMessage("on purpose");
    assertThat(wheel.nextNanos()).hasValue(SECOND);
    wheel.expire(SECOND);
    assertThat(done).containsExactly("other");
  }

  @Test
  void clear_leavesNothing() {
    wheel.add(SECOND, () -> done.add("one"));
    wheel.add(900 * SECOND, () -> done.add("two"));
    wheel.clear();
    wheel.expire(1000 * SECOND);
    assertThat(done).isEmpty();
    assertThat(wheel.size()).isZero();
  }

  /** Against a sorted map, with deadlines from the past to many turns ahead. */
  @Test
  void expire_doesWhatASortedMapSays() {
    SplittableRandom random = new SplittableRandom(4);
    TreeMap<Long, Integer> expected = new TreeMap<>();
    Map<Integer, Timer> timers = new HashMap<>();
    List<Integer> rung = new ArrayList<>();
    long now = -SECOND;
    for (int i = 0; i < 50_000; i++) {
      int number = i;
      long at = now + random.nextLong(-SECOND, 1L << random.nextInt(20, 36));
      if (expected.putIfAbsent(at, number) == null) {
        timers.put(number, wheel.add(at, () -> rung.add(number)));
      }
      if (random.nextInt(3) == 0 && !expected.isEmpty()) {
        Long victim = expected.ceilingKey(now + random.nextLong(1L << 36));
        if (victim != null) {
          wheel.cancel(Objects.requireNonNull(timers.get(expected.remove(victim))));
        }
      }
      assertThat(wheel.size()).isEqualTo(expected.size());
      if (random.nextInt(10) == 0) {
        assertThat(wheel.nextNanos().orElse(Long.MAX_VALUE))
            .isLessThanOrEqualTo(expected.isEmpty() ? Long.MAX_VALUE : expected.firstKey());
        now += random.nextLong(1L << random.nextInt(1, 34));
        wheel.expire(now);
        Map<Long, Integer> past = expected.headMap(now, true);
        assertThat(rung).containsExactlyInAnyOrderElementsOf(past.values());
        past.clear();
        rung.clear();
      }
    }
  }

  /**
   * Where a list would be searched this takes minutes: three timers to one that comes due, nearly
   * all cancelled from the far end.
   */
  @Test
  void cancel_ofAMillionLeavesNothing() {
    List<Timer> timers = new ArrayList<>();
    for (int i = 0; i < 1_000_000; i++) {
      timers.add(wheel.add(120 * SECOND, () -> done.add("never")));
    }
    timers.reversed().forEach(wheel::cancel);
    assertThat(wheel.size()).isZero();
    assertThat(wheel.nextNanos()).isEmpty();
  }
}

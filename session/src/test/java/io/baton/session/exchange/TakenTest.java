package io.baton.session.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.exchange.Taken.Verdict;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TakenTest {

  @Test
  void verdict_ofWhatWasTakenIsTakenAndOfItsNeighboursNew() {
    Taken taken = Taken.NOTHING.with(5).with(3);
    assertThat(taken.verdict(3)).isEqualTo(Verdict.TAKEN);
    assertThat(taken.verdict(4)).isEqualTo(Verdict.NEW);
    assertThat(taken.verdict(5)).isEqualTo(Verdict.TAKEN);
    assertThat(taken.verdict(6)).isEqualTo(Verdict.NEW);
  }

  @Test
  void verdict_ofWhatIsOlderThanTheWindowIsNeither() {
    Taken taken = Taken.NOTHING.with(5).with(6L + Taken.WINDOW + Long.SIZE);
    assertThat(taken.verdict(5)).isEqualTo(Verdict.TOO_OLD);
    assertThat(taken.with(5)).isEqualTo(taken);
  }

  @Test
  void verdict_ofANumberThatHasTheTopBitIsThatOfALargeOne() {
    Taken taken = Taken.NOTHING.with(-1);
    assertThat(taken.verdict(-1)).isEqualTo(Verdict.TAKEN);
    assertThat(taken.verdict(-2)).isEqualTo(Verdict.NEW);
    assertThat(taken.verdict(1)).isEqualTo(Verdict.TOO_OLD);
  }

  /** Against a set of all, with gaps, jumps and late ones. */
  @Test
  void verdict_isThatOfASetWithinTheWindow() {
    SplittableRandom random = new SplittableRandom(7);
    Set<Long> all = new HashSet<>();
    Taken taken = Taken.NOTHING;
    long highest = 0;
    for (int i = 0; i < 100_000; i++) {
      long next =
          switch (random.nextInt(20)) {
            case 0 -> Math.max(1, highest - random.nextLong(Taken.WINDOW - Long.SIZE));
            case 1 -> highest + 1 + random.nextLong(random.nextInt(100) == 0 ? 1 << 19 : 1 << 10);
            default -> highest + 1;
          };
      highest = Math.max(highest, next);
      taken = taken.with(next);
      all.add(next);
      long asked = Math.max(1, highest - random.nextLong(Taken.WINDOW - Long.SIZE));
      assertThat(taken.verdict(asked)).isEqualTo(all.contains(asked) ? Verdict.TAKEN : Verdict.NEW);
    }
    assertThat(taken.window().size()).isLessThanOrEqualTo(Taken.WINDOW / Long.SIZE);
  }
}

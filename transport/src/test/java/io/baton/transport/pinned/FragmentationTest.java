package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.baton.transport.pinned.SlotAllocator.Block;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * How full a pool can be before a slot is refused although there would be room if it were in one
 * piece. {@link #main} prints the figures; the tests hold the allocator to bounds a little below
 * them.
 */
class FragmentationTest {

  private static final long CAPACITY = 1L << 30;
  private static final int HIDDEN = 8192;

  /** Sizes of what a pool holds, drawn from a generator. */
  private interface Sizes {
    long next(Random random);
  }

  /** Single rows of hidden states, as decoding sends them. */
  private static final Sizes ROWS = _ -> HIDDEN;

  /** Prompts of 1 to 200 rows. */
  private static final Sizes PROMPTS = random -> (1L + random.nextInt(200)) * HIDDEN;

  /** About one row each, but hardly two of the same size. */
  private static final Sizes ODD = random -> HIDDEN - random.nextInt(1500);

  /** Objects, single rows, prompts, and now and then a large tensor, with sizes of any number. */
  private static final Sizes MIXED =
      random ->
          switch (random.nextInt(20)) {
            case 0, 1, 2, 3 -> random.nextInt(4096);
            case 4, 5, 6, 7, 8, 9, 10, 11, 12 -> HIDDEN;
            case 19 -> (1L << 20) + random.nextInt(15 << 20);
            default -> PROMPTS.next(random);
          };

  /**
   * The pool is kept as full as it gets, as by history: when a slot is refused, slots are freed at
   * random until it fits.
   *
   * @return the shares of the pool that were taken by bytes asked for, at each refusal, sorted
   */
  private static double[] fullness(Sizes sizes, long slotBytes, int steps) {
    Random random = new Random(1);
    SlotAllocator allocator = new SlotAllocator(CAPACITY);
    List<Block> held = new ArrayList<>();
    List<Long> asked = new ArrayList<>();
    List<Double> refusals = new ArrayList<>();
    long taken = 0;
    for (int i = 0; i < steps; i++) {
      long bytes = sizes.next(random);
      long reserved = PoolLayout.reserved(bytes, slotBytes, CAPACITY);
      Block block = allocator.allocate(reserved);
      if (block == null && i > steps / 4) {
        refusals.add((double) (taken + bytes) / CAPACITY);
      }
      while (block == null) {
        int victim = random.nextInt(held.size());
        allocator.free(held.get(victim));
        taken -= asked.get(victim);
        held.set(victim, held.getLast());
        held.removeLast();
        asked.set(victim, asked.getLast());
        asked.removeLast();
        block = allocator.allocate(reserved);
      }
      held.add(block);
      asked.add(bytes);
      taken += bytes;
    }
    return refusals.stream().mapToDouble(Double::doubleValue).sorted().toArray();
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }

  @Test
  void singleRows_fillThePool() {
    assertThat(mean(fullness(ROWS, 0, 400_000))).isGreaterThan(0.99);
  }

  @Test
  void prompts_fillMostOfThePool() {
    assertThat(mean(fullness(PROMPTS, 0, 40_000))).isGreaterThan(0.93);
  }

  /** What a hint buys: the pool has a number of places, and every place freed serves anybody. */
  @Test
  void oddSizes_withAHint_alwaysTheSameNumberOfSlots() {
    int tile = HIDDEN + PoolLayout.HEADER;
    double[] refusals = fullness(ODD, HIDDEN, 600_000);
    assertThat(refusals.length).isEqualTo(600_000 - 600_000 / 4 - 1);
    assertThat(mean(refusals) * CAPACITY / (HIDDEN - 750))
        .isCloseTo((double) CAPACITY / tile, withinPercentage(0.2));
    assertThat(refusals[0]).isGreaterThan(mean(refusals) - 0.002);
  }

  @Test
  void mixedSizes_fillMostOfThePool() {
    assertThat(mean(fullness(MIXED, 0, 60_000))).isGreaterThan(0.78);
  }

  /** Prints the figures. */
  public static void main(String[] arguments) {
    print("rows of 8 KiB", ROWS, 0, 1_000_000);
    print("prompts, no hint", PROMPTS, 0, 400_000);
    print("prompts, hint 8 KiB", PROMPTS, HIDDEN, 400_000);
    print("prompts, hint 64 KiB", PROMPTS, 8 * HIDDEN, 400_000);
    print("odd sizes, no hint", ODD, 0, 1_000_000);
    print("odd sizes, hint 8 KiB", ODD, HIDDEN, 1_000_000);
    print("mixed, no hint", MIXED, 0, 400_000);
    print("mixed, hint 8 KiB", MIXED, HIDDEN, 400_000);
  }

  private static void print(String what, Sizes sizes, long slotBytes, int steps) {
    double[] all = fullness(sizes, slotBytes, steps);
    System.out.printf(
        "%-22s full to %.1f %% in the mean, %.1f %% at the 1st percentile, %.1f %% at worst"
            + " (%d refusals)%n",
        what, 100 * mean(all), 100 * all[all.length / 100], 100 * all[0], all.length);
  }
}

package io.baton.transport.pinned;

import io.baton.transport.pinned.Fragmentation.Sizes;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Random;

/** Prints how full pools get, and how long their calls take. */
final class PoolFigures {

  private static final int CALLS = 10_000_000;

  private PoolFigures() {}

  public static void main(String[] arguments) throws IOException {
    print("rows of 8 KiB", Fragmentation.ROWS, 0, 1_000_000);
    print("prompts, no hint", Fragmentation.PROMPTS, 0, 400_000);
    print("prompts, hint 8 KiB", Fragmentation.PROMPTS, Fragmentation.HIDDEN, 400_000);
    print("odd sizes, no hint", Fragmentation.ODD, 0, 1_000_000);
    print("odd sizes, hint 8 KiB", Fragmentation.ODD, Fragmentation.HIDDEN, 1_000_000);
    print("mixed, no hint", Fragmentation.MIXED, 0, 400_000);
    print("mixed, hint 8 KiB", Fragmentation.MIXED, Fragmentation.HIDDEN, 400_000);
    for (long megabytes : new long[] {8, 1024}) {
      long start = System.nanoTime();
      try (PinnedPool pool = PinnedPool.create(PoolConfig.of("figures", megabytes << 20))) {
        System.out.printf(
            "a pool of %d MiB is made in %.1f ms, %s%n",
            megabytes, (System.nanoTime() - start) / 1e6, pool.pinning());
        for (int round = 0; round < 3; round++) {
          System.out.printf(
              "allocate and free, %d MiB: %.0f ns with one slot, %.0f ns with 1000 of many sizes%n",
              megabytes, oneSlot(pool), manySlots(pool));
        }
      }
    }
  }

  private static void print(String what, Sizes sizes, long slotBytes, int steps) {
    double[] all = Fragmentation.fullness(sizes, slotBytes, steps);
    System.out.printf(
        "%-22s full to %.1f %% in the mean, %.1f %% at the 1st percentile, %.1f %% at worst"
            + " (%d refusals)%n",
        what, 100 * Fragmentation.mean(all), 100 * all[all.length / 100], 100 * all[0], all.length);
  }

  private static double oneSlot(PinnedPool pool) {
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      pool.allocate(8192, PoolUse.FILLING, "a").orElseThrow().release();
    }
    return (double) (System.nanoTime() - start) / CALLS;
  }

  private static double manySlots(PinnedPool pool) {
    Random random = new Random(1);
    ArrayDeque<Slot> held = new ArrayDeque<>();
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      held.add(pool.allocate(random.nextInt(8000), PoolUse.FILLING, "a").orElseThrow());
      if (held.size() > 1000) {
        held.remove().release();
      }
    }
    double nanos = (double) (System.nanoTime() - start) / CALLS;
    held.forEach(Slot::release);
    return nanos;
  }
}

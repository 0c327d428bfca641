package io.baton.transport.pinned;

import io.baton.transport.pinned.SlotAllocator.Block;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * How full a pool can be before a slot is refused although there would be room if it were in one
 * piece.
 */
final class Fragmentation {

  static final long CAPACITY = 1L << 30;
  static final int HIDDEN = 8192;

  /** Sizes of what a pool holds, drawn from a generator. */
  interface Sizes {
    long next(Random random);
  }

  /** Single rows of hidden states, as decoding sends them. */
  static final Sizes ROWS = _ -> HIDDEN;

  /** Prompts of 1 to 200 rows. */
  static final Sizes PROMPTS = random -> (1L + random.nextInt(200)) * HIDDEN;

  /** About one row each, but hardly two of the same size. */
  static final Sizes ODD = random -> HIDDEN - random.nextInt(1500);

  /** Objects, single rows, prompts, and now and then a large tensor, with sizes of any number. */
  static final Sizes MIXED =
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
  static double[] fullness(Sizes sizes, long slotBytes, int steps) {
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

  private Fragmentation() {}

  static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }
}

package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.baton.transport.pinned.SlotAllocator.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotAllocatorTest {

  private static final int CAPACITY = 1 << 20;

  /** Sizes of one class differ by at most a 32nd of the smaller. */
  private static final double CLASS = 1 + 1.0 / 32;

  private final SlotAllocator allocator = new SlotAllocator(CAPACITY);

  @Test
  void allocate_wholeRange_thenNothingIsLeft() {
    Block all = allocated(CAPACITY);
    assertThat(all.offset()).isZero();
    assertThat(all.bytes()).isEqualTo(CAPACITY);
    assertThat(allocator.largestFree()).isZero();
    assertThat(allocator.allocate(0)).isNull();
    allocator.free(all);
    assertThat(allocator.largestFree()).isEqualTo(CAPACITY);
  }

  @ParameterizedTest
  @ValueSource(longs = {64, 100, 127, 6400, 1_000_000, (1L << 20) + 64, (1L << 40) + 192})
  void allocate_wholeRangeOfAnySize_isFound(long bytes) {
    SlotAllocator other = new SlotAllocator(bytes);
    assertThat(other.capacity()).isEqualTo(bytes / 64 * 64);
    assertThat(other.largestFree()).isEqualTo(other.capacity());
    assertThat(other.allocate(other.capacity())).isNotNull();
    assertThat(other.freeBytes()).isZero();
  }

  @Test
  void allocate_moreThanThereIs_null() {
    assertThat(allocator.allocate(CAPACITY + 1)).isNull();
    assertThat(allocator.allocate(Long.MAX_VALUE)).isNull();
    assertThat(allocator.freeBytes()).isEqualTo(CAPACITY);
  }

  @Test
  void allocate_anySize_wholeGranulesAndAtLeastOne() {
    assertThat(allocated(0).bytes()).isEqualTo(64);
    assertThat(allocated(1).bytes()).isEqualTo(64);
    assertThat(allocated(64).bytes()).isEqualTo(64);
    assertThat(allocated(65).bytes()).isEqualTo(128);
  }

  @Test
  void allocate_negativeSize_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> allocator.allocate(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> new SlotAllocator(63));
  }

  @Test
  void free_twice_isADefectAndChangesNothing() {
    Block first = allocated(100);
    Block second = allocated(100);
    allocator.free(first);
    assertThatIllegalStateException().isThrownBy(() -> allocator.free(first));
    allocator.free(second);
    assertThatIllegalStateException().isThrownBy(() -> allocator.free(second));
    assertThat(allocator.freeBytes()).isEqualTo(CAPACITY);
  }

  @Test
  void free_betweenFreeNeighbours_oneBlock() {
    Block first = allocated(1000);
    Block second = allocated(1000);
    Block third = allocated(1000);
    allocator.free(first);
    allocator.free(third);
    assertThat(allocator.blocks()).hasSize(3);
    allocator.free(second);
    assertThat(allocator.blocks()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anySequence_agreesWithANaiveOracle(long seed) {
    Random random = new Random(seed);
    TreeMap<Long, Block> taken = new TreeMap<>();
    List<Block> order = new ArrayList<>();
    // Drawn from the seed as well: how full it gets, and how large the blocks are.
    double fill = 0.3 + 0.7 * random.nextDouble();
    int largest = 1 << (7 + random.nextInt(11));
    for (int i = 0; i < 20_000; i++) {
      boolean wantsMore = CAPACITY - allocator.freeBytes() < fill * CAPACITY;
      if (order.isEmpty() || random.nextDouble() < (wantsMore ? 0.6 : 0.4)) {
        long bytes = (long) (largest * Math.pow(random.nextDouble(), 3));
        long hole = largestHole(taken);
        Block block = allocator.allocate(bytes);
        if (block == null) {
          assertThat((double) hole)
              .as("seed %d: %d bytes refused, a hole of %d", seed, bytes, hole)
              .isLessThan(Math.max(64, Math.ceilDiv(bytes, 64) * 64) * CLASS);
        } else {
          assertThat(block.bytes()).isEqualTo(Math.max(64, Math.ceilDiv(bytes, 64) * 64));
          assertApart(taken, block);
          taken.put(block.offset(), block);
          order.add(block);
        }
      } else {
        Block block = order.remove(random.nextInt(order.size()));
        taken.remove(block.offset());
        allocator.free(block);
      }
      assertThat(allocator.freeBytes())
          .isEqualTo(CAPACITY - taken.values().stream().mapToLong(Block::bytes).sum());
      if (i % 500 == 0) {
        assertConsistent(allocator, taken);
      }
    }
    order.forEach(allocator::free);
    assertThat(allocator.blocks()).hasSize(1);
    assertThat(allocator.largestFree()).isEqualTo(CAPACITY);
  }

  @Test
  void largestFree_always_canBeAllocated() {
    Random random = new Random(11);
    List<Block> order = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      Block block = random.nextBoolean() ? allocator.allocate(random.nextInt(20_000)) : null;
      if (block != null) {
        order.add(block);
      } else if (!order.isEmpty()) {
        allocator.free(order.remove(random.nextInt(order.size())));
      }
      long largest = allocator.largestFree();
      assertThat(allocator.fits(largest)).isTrue();
      assertThat(allocator.fits((long) (largest * CLASS) + 64)).isFalse();
      allocator.free(allocated(largest));
    }
  }

  @Test
  void allocate_withHolesOfManySizes_takesTheClosestClass() {
    List<Block> walls = new ArrayList<>();
    List<Block> holes = new ArrayList<>();
    for (int granules = 1; granules <= 100; granules++) {
      holes.add(allocated(granules * 64L));
      walls.add(allocated(64));
    }
    holes.forEach(allocator::free);
    for (int granules = 100; granules >= 1; granules--) {
      Block block = allocated(granules * 64L);
      assertThat(block.offset()).isEqualTo(holes.get(granules - 1).offset());
    }
    assertThat(walls).allMatch(Block::isAllocated);
  }

  @Test
  void sameCalls_sameOffsets() {
    assertThat(offsetsOf(5)).isEqualTo(offsetsOf(5)).isNotEqualTo(offsetsOf(6));
  }

  private static List<Long> offsetsOf(long seed) {
    Random random = new Random(seed);
    SlotAllocator allocator = new SlotAllocator(CAPACITY);
    List<Block> held = new ArrayList<>();
    List<Long> offsets = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      Block block = allocator.allocate(random.nextInt(10_000));
      if (!held.isEmpty() && random.nextInt(3) == 0) {
        allocator.free(held.remove(random.nextInt(held.size())));
      }
      if (block != null) {
        held.add(block);
        offsets.add(block.offset());
      }
    }
    return offsets;
  }

  private Block allocated(long bytes) {
    Block block = allocator.allocate(bytes);
    assertThat(block).as("a block of %d bytes", bytes).isNotNull();
    return Objects.requireNonNull(block);
  }

  private static long largestHole(NavigableMap<Long, Block> taken) {
    long end = 0;
    long largest = 0;
    for (Block block : taken.values()) {
      largest = Math.max(largest, block.offset() - end);
      end = block.offset() + block.bytes();
    }
    return Math.max(largest, CAPACITY - end);
  }

  private static void assertApart(NavigableMap<Long, Block> taken, Block block) {
    assertThat(block.offset()).isNotNegative();
    assertThat(block.offset() % 64).isZero();
    assertThat(block.offset() + block.bytes()).isLessThanOrEqualTo(CAPACITY);
    Map.@Nullable Entry<Long, Block> below = taken.floorEntry(block.offset());
    if (below != null) {
      assertThat(below.getKey() + below.getValue().bytes()).isLessThanOrEqualTo(block.offset());
    }
    @Nullable Long above = taken.ceilingKey(block.offset());
    if (above != null) {
      assertThat(block.offset() + block.bytes()).isLessThanOrEqualTo(above);
    }
  }

  /** The blocks tile the range, and no two neighbours are free. */
  private static void assertConsistent(SlotAllocator allocator, NavigableMap<Long, Block> taken) {
    long end = 0;
    boolean free = false;
    List<Block> blocks = allocator.blocks().toList();
    for (Block block : blocks) {
      assertThat(block.offset()).isEqualTo(end);
      assertThat(free && !block.isAllocated()).isFalse();
      free = !block.isAllocated();
      end += block.bytes();
    }
    assertThat(end).isEqualTo(CAPACITY);
    assertThat(blocks.stream().filter(Block::isAllocated))
        .containsExactlyElementsOf(taken.values());
  }
}

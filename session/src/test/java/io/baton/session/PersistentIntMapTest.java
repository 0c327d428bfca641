package io.baton.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PersistentIntMapTest {

  private static final int MAX = Integer.MAX_VALUE;

  @Test
  void empty_hasNoEntries() {
    PersistentIntMap<String> empty = PersistentIntMap.empty();
    assertThat(empty.isEmpty()).isTrue();
    assertThat(empty.size()).isZero();
    assertThat(empty.get(0)).isNull();
    assertThat(empty.remove(0)).isSameAs(empty);
    assertThat(empty.keys()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 31, 32, 1023, 1024, 1 << 25, (1 << 30) - 1, 1 << 30, MAX - 1, MAX})
  void put_aloneIsFoundAndNoNeighbourIs(int key) {
    PersistentIntMap<String> map = PersistentIntMap.<String>empty().put(key, "here");
    assertThat(map.get(key)).isEqualTo("here");
    assertThat(map.keys()).containsExactly(key);
    // Keys that differ from it in one bit share all but one branch with it.
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      assertThat(map.get(key ^ 1 << bit)).as("bit %d", bit).isNull();
    }
    assertThat(map.remove(key)).isEqualTo(PersistentIntMap.empty());
  }

  @Test
  void put_aLargeKeyKeepsTheSmallOnes() {
    PersistentIntMap<String> map =
        PersistentIntMap.<String>empty().put(0, "zero").put(33, "small").put(MAX, "large");
    assertThat(entries(map)).isEqualTo(Map.of(0, "zero", 33, "small", MAX, "large"));
    assertThat(entries(map.remove(MAX))).isEqualTo(Map.of(0, "zero", 33, "small"));
  }

  @Test
  void put_ofANegativeKeyIsRefused() {
    PersistentIntMap<String> map = PersistentIntMap.<String>empty().put(MAX, "large");
    assertThatThrownBy(() -> map.put(-1, "negative")).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(map.get(-1)).isNull();
    assertThat(map.get(Integer.MIN_VALUE)).isNull();
    assertThat(map.remove(-1)).isSameAs(map);
  }

  @Test
  void put_onceMoreReplacesTheValue() {
    PersistentIntMap<String> map = PersistentIntMap.<String>empty().put(7, "old").put(7, "new");
    assertThat(map.get(7)).isEqualTo("new");
    assertThat(map.size()).isOne();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomOperations_equalThoseOfATreeMap(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    PersistentIntMap<Integer> map = PersistentIntMap.empty();
    TreeMap<Integer, Integer> model = new TreeMap<>();
    List<PersistentIntMap<Integer>> versions = new ArrayList<>();
    List<Map<Integer, Integer>> expected = new ArrayList<>();
    int bits = 4 + random.nextInt(28);
    for (int round = 0; round < 2_000; round++) {
      int key = random.nextInt(3) == 0 ? random.nextInt() >>> 1 : random.nextInt() >>> (32 - bits);
      key &= MAX;
      if (random.nextInt(5) < 2) {
        Integer stored = random.nextBoolean() ? model.ceilingKey(key) : Integer.valueOf(key);
        map = map.remove(stored == null ? key : stored);
        model.remove(stored == null ? key : stored);
      } else {
        map = map.put(key, round);
        model.put(key, round);
      }
      assertThat(map.size()).as("seed %d, round %d", seed, round).isEqualTo(model.size());
      assertThat(map.get(key)).isEqualTo(model.get(key));
      if (round % 100 == 0) {
        versions.add(map);
        expected.add(Map.copyOf(model));
      }
    }
    assertThat(entries(map)).isEqualTo(model);
    assertThat(map.keys()).containsExactly(model.keySet().stream().mapToInt(i -> i).toArray());
    for (int i = 0; i < versions.size(); i++) {
      assertThat(entries(versions.get(i))).as("version %d", i).isEqualTo(expected.get(i));
    }
  }

  @Test
  void put_leavesTheOriginalAlone() {
    PersistentIntMap<String> one = PersistentIntMap.<String>empty().put(1, "one");
    assertThat(entries(one.put(1, "other").put(2, "two"))).hasSize(2);
    assertThat(entries(one.remove(1))).isEmpty();
    assertThat(entries(one)).isEqualTo(Map.of(1, "one"));
  }

  @Test
  void equals_isThatOfTheEntriesWhateverTheWay() {
    PersistentIntMap<String> straight = PersistentIntMap.<String>empty().put(3, "c").put(40, "d");
    PersistentIntMap<String> detour =
        PersistentIntMap.<String>empty().put(MAX, "x").put(40, "d").put(3, "c").remove(MAX);
    assertThat(detour).isEqualTo(straight).hasSameHashCodeAs(straight).hasToString("{3=c, 40=d}");
    assertThat(detour.put(3, "e")).isNotEqualTo(straight);
  }

  @Test
  void remove_keepsNothingOfWhatItRemoves() throws ReflectiveOperationException {
    PersistentIntMap<Integer> window = PersistentIntMap.empty();
    int large = 0;
    for (int key = 0; key < 200_000; key++) {
      window = window.put(key, key);
      if (key >= 100) {
        window = window.remove(key - 100);
      }
      if (key == 10_000) {
        large = nodes(window);
      }
    }
    assertThat(window.size()).isEqualTo(100);
    assertThat(nodes(window)).isLessThanOrEqualTo(large + 2);
  }

  private static int nodes(PersistentIntMap<?> map) throws ReflectiveOperationException {
    Field root = PersistentIntMap.class.getDeclaredField("root");
    root.setAccessible(true);
    return nodes(root.get(map));
  }

  private static int nodes(Object node) {
    int nodes = 0;
    if (node instanceof Object[] branches) {
      nodes++;
      for (Object branch : branches) {
        nodes += nodes(branch);
      }
    }
    return nodes;
  }

  private static <V> Map<Integer, V> entries(PersistentIntMap<V> map) {
    Map<Integer, V> entries = new TreeMap<>();
    map.forEach(entries::put);
    return entries;
  }
}

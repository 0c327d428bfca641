package io.baton.session;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An immutable map from non-negative integers, of which a changed copy costs the depth of a tree
 * and not the size of the map: a radix tree of {@value #FANOUT} branches, as deep as its largest
 * key needs.
 *
 * @param <V> the values
 */
public final class PersistentIntMap<V> {

  /** Visits the entries in the order of their keys. */
  @FunctionalInterface
  public interface Visitor<V> {
    void visit(int key, V value);
  }

  private static final int BITS = 5;
  private static final int FANOUT = 1 << BITS;
  private static final PersistentIntMap<?> EMPTY = new PersistentIntMap<>(null, 0, 0);

  private final @Nullable Object @Nullable [] root;
  private final int depth;
  private final int size;

  private PersistentIntMap(@Nullable Object @Nullable [] root, int depth, int size) {
    this.root = root;
    this.depth = depth;
    this.size = size;
  }

  @SuppressWarnings("unchecked")
  public static <V> PersistentIntMap<V> empty() {
    return (PersistentIntMap<V>) EMPTY;
  }

  public int size() {
    return size;
  }

  public boolean isEmpty() {
    return size == 0;
  }

  /** The value of a key, or null. */
  @SuppressWarnings("unchecked")
  public @Nullable V get(int key) {
    if (root == null || key < 0 || !fits(key, depth)) {
      return null;
    }
    @Nullable Object node = root;
    for (int level = depth - 1; level >= 0 && node != null; level--) {
      node = ((@Nullable Object[]) node)[branch(key, level)];
    }
    return (V) node;
  }

  /**
   * With that value for that key.
   *
   * @throws IndexOutOfBoundsException if the key is negative
   */
  public PersistentIntMap<V> put(int key, V value) {
    if (key < 0) {
      throw new IndexOutOfBoundsException(key);
    }
    @Nullable Object @Nullable [] grown = root;
    int grownDepth = Math.max(depth, 1);
    for (int d = depth; !fits(key, d) || d == 0; d++) {
      grown = grown == null ? null : single(grown);
      grownDepth = d + 1;
    }
    boolean isNew = get(key) == null;
    return new PersistentIntMap<>(
        with(grown, grownDepth - 1, key, value), grownDepth, isNew ? size + 1 : size);
  }

  /** Without that key. */
  public PersistentIntMap<V> remove(int key) {
    if (root == null || get(key) == null) {
      return this;
    }
    return size == 1
        ? empty()
        : new PersistentIntMap<>(without(root, depth - 1, key), depth, size - 1);
  }

  /** Visits every entry. */
  public void forEach(Visitor<? super V> visitor) {
    if (root != null) {
      visit(root, depth - 1, 0, visitor);
    }
  }

  /** The keys in their order. */
  public int[] keys() {
    int[] keys = new int[size];
    int[] next = {0};
    forEach((key, _) -> keys[next[0]++] = key);
    return keys;
  }

  /** True for a map of the same entries. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PersistentIntMap<?> that && entries().equals(that.entries());
  }

  @Override
  public int hashCode() {
    return entries().hashCode();
  }

  @Override
  public String toString() {
    return entries().toString();
  }

  private Map<Integer, V> entries() {
    Map<Integer, V> entries = new LinkedHashMap<>();
    forEach(entries::put);
    return entries;
  }

  private static boolean fits(int key, int depth) {
    return depth * BITS >= Integer.SIZE || key >>> (depth * BITS) == 0;
  }

  private static int branch(int key, int level) {
    return key >>> (level * BITS) & (FANOUT - 1);
  }

  private static @Nullable Object[] single(Object child) {
    @Nullable Object[] node = new @Nullable Object[FANOUT];
    node[0] = child;
    return node;
  }

  private static @Nullable Object[] with(
      @Nullable Object @Nullable [] node, int level, int key, Object value) {
    @Nullable Object[] copy =
        node == null ? new @Nullable Object[FANOUT] : Arrays.copyOf(node, FANOUT);
    int branch = branch(key, level);
    copy[branch] =
        level == 0 ? value : with((@Nullable Object[]) copy[branch], level - 1, key, value);
    return copy;
  }

  /** Null if nothing is left, so that keys that were removed cost nothing. */
  private static @Nullable Object @Nullable [] without(
      @Nullable Object[] node, int level, int key) {
    @Nullable Object[] copy = Arrays.copyOf(node, FANOUT);
    int branch = branch(key, level);
    Object child = copy[branch];
    copy[branch] =
        level == 0 || child == null ? null : without((@Nullable Object[]) child, level - 1, key);
    for (Object left : copy) {
      if (left != null) {
        return copy;
      }
    }
    return null;
  }

  @SuppressWarnings("unchecked")
  private static <V> void visit(
      @Nullable Object[] node, int level, int prefix, Visitor<? super V> visitor) {
    for (int branch = 0; branch < FANOUT; branch++) {
      Object child = node[branch];
      if (child == null) {
        continue;
      }
      int key = prefix | branch << (level * BITS);
      if (level == 0) {
        visitor.visit(key, (V) child);
      } else {
        visit((@Nullable Object[]) child, level - 1, key, visitor);
      }
    }
  }
}

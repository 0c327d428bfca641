package io.baton.session;

import java.util.ArrayList;
import java.util.List;

/**
 * An immutable list to which appending costs the same however long it is (amortised), so that a
 * session's history can be part of an immutable state. Elements lie in full blocks of {@value
 * #BLOCK} and a tail; appending copies the tail alone.
 *
 * @param <T> the elements
 */
public record PersistentList<T>(List<List<T>> blocks, List<T> tail) {

  private static final int BLOCK = 64;

  public PersistentList {
    blocks = List.copyOf(blocks);
    tail = List.copyOf(tail);
  }

  public static <T> PersistentList<T> empty() {
    return new PersistentList<>(List.of(), List.of());
  }

  public int size() {
    return blocks.size() * BLOCK + tail.size();
  }

  /**
   * The element at an index.
   *
   * @throws IndexOutOfBoundsException if there is no such element
   */
  public T get(int index) {
    int block = index / BLOCK;
    return block < blocks.size()
        ? blocks.get(block).get(index % BLOCK)
        : tail.get(index - blocks.size() * BLOCK);
  }

  public T last() {
    return get(size() - 1);
  }

  public PersistentList<T> append(T element) {
    List<T> longer = new ArrayList<>(tail);
    longer.add(element);
    if (longer.size() < BLOCK) {
      return new PersistentList<>(blocks, longer);
    }
    List<List<T>> more = new ArrayList<>(blocks);
    more.add(List.copyOf(longer));
    return new PersistentList<>(more, List.of());
  }

  /** The first {@code size} elements. */
  public PersistentList<T> truncate(int size) {
    if (size >= size()) {
      return this;
    }
    int full = size / BLOCK;
    List<T> cut = full < blocks.size() ? blocks.get(full) : tail;
    return new PersistentList<>(blocks.subList(0, full), cut.subList(0, size - full * BLOCK));
  }
}

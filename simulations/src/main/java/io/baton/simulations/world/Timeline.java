package io.baton.simulations.world;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time and what is to happen in it: a binary heap, ordered by time and, at one time, by the
 * order in which events were scheduled. Events know their place in it, so that a timer can be moved
 * without leaving anything behind.
 */
public final class Timeline {

  private @Nullable Event[] heap = new Event[64];
  private int size;
  private long nowNanos;
  private long nextSequence;
  private long executed;
  private int mostPending;

  public long nowNanos() {
    return nowNanos;
  }

  /** Events that wait. */
  public int pending() {
    return size;
  }

  /** The most that ever waited at once. */
  public int mostPending() {
    return mostPending;
  }

  /** Events that have happened. */
  public long executed() {
    return executed;
  }

  /**
   * Lets an event happen, now if its time is over.
   *
   * @throws IllegalStateException if it is pending already
   */
  public void schedule(Event event, long timeNanos) {
    if (event.isPending()) {
      throw new IllegalStateException("the event is pending already");
    }
    event.timeNanos = Math.max(timeNanos, nowNanos);
    event.sequence = nextSequence++;
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    size++;
    mostPending = Math.max(mostPending, size);
    up(size - 1, event);
  }

  /** Schedules an event, or moves it if it is pending at another time. */
  public void move(Event event, long timeNanos) {
    if (event.isPending()) {
      if (event.timeNanos == timeNanos) {
        return;
      }
      cancel(event);
    }
    schedule(event, timeNanos);
  }

  public void cancel(Event event) {
    if (!event.isPending()) {
      return;
    }
    int slot = event.slot;
    event.slot = Event.NOT_PENDING;
    Event last = at(--size);
    heap[size] = null;
    if (slot == size) {
      return;
    }
    last.slot = slot;
    heap[slot] = last;
    if (slot > 0 && last.isBefore(at((slot - 1) / 2))) {
      up(slot, last);
    } else {
      down(slot, last);
    }
  }

  /** Lets the next event happen if it is not after a limit; tells whether there was one. */
  public boolean runNext(long limitNanos) {
    if (size == 0 || at(0).timeNanos > limitNanos) {
      return false;
    }
    Event next = at(0);
    cancel(next);
    nowNanos = next.timeNanos;
    executed++;
    next.run();
    return true;
  }

  /** Lets time pass in which nothing happens. */
  void advanceTo(long timeNanos) {
    nowNanos = Math.max(nowNanos, timeNanos);
  }

  private Event at(int slot) {
    return Objects.requireNonNull(heap[slot]);
  }

  private void up(int slot, Event event) {
    int at = slot;
    while (at > 0) {
      int parent = (at - 1) / 2;
      Event above = at(parent);
      if (!event.isBefore(above)) {
        break;
      }
      put(at, above);
      at = parent;
    }
    put(at, event);
  }

  private void down(int slot, Event event) {
    int at = slot;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && at(child + 1).isBefore(at(child))) {
        child++;
      }
      Event below = at(child);
      if (!below.isBefore(event)) {
        break;
      }
      put(at, below);
      at = child;
    }
    put(at, event);
  }

  private void put(int slot, Event event) {
    heap[slot] = event;
    event.slot = slot;
  }
}

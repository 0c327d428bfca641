package io.baton.simulations.world;

/** Something that happens at a point of virtual time. Can be scheduled again once it has run. */
public abstract class Event {

  static final int NOT_PENDING = -1;

  long timeNanos;
  long sequence;
  int slot = NOT_PENDING;

  /** Happens; the timeline's time is this event's. */
  protected abstract void run();

  public final boolean isPending() {
    return slot != NOT_PENDING;
  }

  /** When it happens, or has happened last. */
  public final long timeNanos() {
    return timeNanos;
  }

  final boolean isBefore(Event other) {
    return timeNanos < other.timeNanos
        || (timeNanos == other.timeNanos && sequence < other.sequence);
  }
}

package io.baton.simulations.world;

import java.util.ArrayDeque;

/** A machine of the world: a relay or a client. */
public abstract sealed class Node permits RelayNode, ClientNode {

  private final String name;
  private final int index;
  private final ArrayDeque<Event> backlog = new ArrayDeque<>(0);
  private boolean paused;

  Node(String name, int index) {
    this.name = name;
    this.index = index;
  }

  public final String name() {
    return name;
  }

  /** Number of the node in its world, in the order in which they were added. */
  public final int index() {
    return index;
  }

  public final boolean isPaused() {
    return paused;
  }

  public abstract boolean isUp();

  /** The world's time. */
  public abstract long nowNanos();

  /** Who is told what is done to it. */
  abstract WorldObserver observer();

  /** Does nothing until it is resumed; what arrives waits. */
  public final void pause() {
    if (isUp() && !paused) {
      observer().onFault(this, "pauses");
      paused = true;
    }
  }

  /** Goes on, first with what has waited. */
  public final void resume() {
    if (!paused) {
      return;
    }
    observer().onFault(this, "resumes");
    paused = false;
    while (!paused && !backlog.isEmpty()) {
      backlog.remove().run();
    }
  }

  final void forgetBacklog() {
    paused = false;
    backlog.clear();
  }

  /** Whether the node is paused, and keeps the event for later. */
  final boolean keeps(Event event) {
    if (paused) {
      backlog.add(event);
    }
    return paused;
  }

  @Override
  public String toString() {
    return name;
  }
}

package io.baton.transport.peer;

import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Offers chunks out of a pool, sends what is granted, and offers again what a loss took away. */
final class ChunkSender implements PeerListener {

  private final PinnedPool pool;
  private final Map<Long, Slot> slots = new ConcurrentHashMap<>();
  final List<PeerAnswer> answers = new CopyOnWriteArrayList<>();
  final List<String> losses = new CopyOnWriteArrayList<>();
  private volatile @Nullable PeerConnection connection;

  ChunkSender(PinnedPool pool) {
    this.pool = pool;
  }

  /** The connection that there is. */
  @Nullable PeerConnection connection() {
    return connection;
  }

  /** Chunks whose bytes are still needed. */
  int open() {
    return slots.size();
  }

  /** Keeps the bytes for that chunk until it is taken, or withdrawn. */
  void put(long number, byte[] bytes) {
    Slot slot = pool.allocate(bytes.length, PoolUse.IN_USE, "g").orElseThrow();
    MemorySegment.copy(bytes, 0, slot.memory(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    slots.put(number, slot);
    PeerConnection now = connection;
    if (now != null) {
      offer(now, number, slot);
    }
  }

  void withdraw(long number) {
    PeerConnection now = connection;
    if (now != null) {
      now.withdraw(number);
    }
    letGo(number);
  }

  boolean heard(PeerAnswer answer) {
    return answers.contains(answer);
  }

  private static void offer(PeerConnection on, long number, Slot slot) {
    if (!on.offer(Links.offer(number, slot.bytes()), slot)) {
      throw new AssertionError("no room to offer " + number);
    }
  }

  @Override
  public void onReady(PeerConnection opened) {
    connection = opened;
    slots.forEach((number, slot) -> offer(opened, number, slot));
  }

  @Override
  public void onRoom(PeerConnection connection) {}

  @Override
  public void onLost(PeerConnection lost, String why) {
    connection = null;
    losses.add(why);
  }

  @Override
  public void onAnswer(PeerConnection on, PeerAnswer answer) {
    answers.add(answer);
    switch (answer) {
      case PeerAnswer.Granted(long number) -> {
        Slot slot = slots.get(number);
        if (slot != null) {
          on.body(number, slot);
        }
      }
      case PeerAnswer.Taken(long number) -> letGo(number);
      default -> {}
    }
  }

  private void letGo(long number) {
    Slot slot = slots.remove(number);
    if (slot != null) {
      slot.release();
    }
  }
}

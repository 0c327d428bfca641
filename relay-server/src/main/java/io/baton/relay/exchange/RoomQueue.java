package io.baton.relay.exchange;

import io.baton.session.exchange.Failure;
import io.baton.transport.pinned.Admission;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolUsage;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/**
 * Those who wait for room in the pool. Who waits for one holder is served in the order of coming,
 * and holders do not wait for each other, so that a holder who takes too much keeps nobody else
 * from what is left. To be used in the loop alone.
 */
final class RoomQueue {

  /** More than this wait for nothing but to be refused. */
  private static final int MAX_WAITING = 1 << 16;

  /** One who waits. */
  static final class Request {
    final long bytes;
    final long slotBytes;
    final String holder;
    private final Consumer<Slot> taker;
    private boolean over;

    private Request(long bytes, long slotBytes, String holder, Consumer<Slot> taker) {
      this.bytes = bytes;
      this.slotBytes = slotBytes;
      this.holder = holder;
      this.taker = taker;
    }
  }

  /** What came of asking. */
  sealed interface Outcome {

    /** The taker has been given the slot. */
    record Served() implements Outcome {}

    /** The taker will be given it when there is room. */
    record Waits(Request request) implements Outcome {}

    /** There never will be room. */
    record Refused(Failure failure) implements Outcome {}
  }

  private final PinnedPool pool;
  private final LongConsumer makeRoom;
  private final Map<String, SequencedSet<Request>> waiting = new LinkedHashMap<>();
  private int size;

  /**
   * @param makeRoom lets go of so many bytes of what is kept only for the case that somebody asks
   *     again, as far as there are any
   */
  RoomQueue(PinnedPool pool, LongConsumer makeRoom) {
    this.pool = pool;
    this.makeRoom = makeRoom;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Asks for a slot, for which somebody else may have to wait. */
  Outcome ask(long bytes, long slotBytes, String holder, Consumer<Slot> taker) {
    Request request = new Request(bytes, slotBytes, holder, taker);
    SequencedSet<Request> others = waiting.get(holder);
    if (others == null) {
      Optional<Slot> slot = allocate(request);
      if (slot.isPresent()) {
        taker.accept(slot.get());
        return new Outcome.Served();
      }
    }
    switch (pool.admission(bytes, slotBytes, PoolUse.FILLING, holder)) {
      case TOO_LARGE -> {
        return refused(
            Failure.Reason.INVALID_ARGUMENT,
            "%d bytes do not fit into the relay's pool of %d bytes: give it a larger --pool-size"
                .formatted(bytes, pool.size()));
      }
      case CLOSED -> {
        return refused(Failure.Reason.UNAVAILABLE, "the relay stops");
      }
      case ADMITTED, PUSH_SHARE_FULL, HOLDER_SHARE_FULL, NO_ROOM -> {}
    }
    if (size >= MAX_WAITING) {
      return refused(
          Failure.Reason.RESOURCE_EXHAUSTED, size + " wait for room in the relay's pool already");
    }
    waiting.computeIfAbsent(holder, _ -> new LinkedHashSet<>()).add(request);
    size++;
    return new Outcome.Waits(request);
  }

  /** A slot, if there is room now and nobody waits for the same holder. */
  Optional<Slot> now(long bytes, String holder) {
    return waiting.containsKey(holder)
        ? Optional.empty()
        : allocate(new Request(bytes, 0, holder, _ -> {}));
  }

  /** No longer waits. */
  void withdraw(Request request) {
    if (request.over) {
      return;
    }
    request.over = true;
    size--;
    SequencedSet<Request> others = waiting.get(request.holder);
    if (others != null) {
      others.remove(request);
      if (others.isEmpty()) {
        waiting.remove(request.holder);
      }
    }
  }

  /** Serves whoever can be served now, one of each holder in turn. */
  void serve() {
    boolean served = true;
    while (served && size > 0) {
      served = false;
      for (String holder : new ArrayList<>(waiting.keySet())) {
        served |= serveFirst(holder);
      }
    }
  }

  /** What the pool is taken by, for those who get nothing of it. */
  String occupancy() {
    PoolUsage usage = pool.usage();
    String holders =
        usage.byHolder().entrySet().stream()
            .sorted(
                Comparator.comparingLong(
                    (Map.Entry<String, PoolUsage.Amount> holder) -> -holder.getValue().reserved()))
            .limit(8)
            .map(holder -> "%s holds %d".formatted(holder.getKey(), holder.getValue().reserved()))
            .collect(Collectors.joining(", "));
    return "%d of %d bytes are free%s"
        .formatted(usage.free(), usage.capacity(), holders.isEmpty() ? "" : "; " + holders);
  }

  private boolean serveFirst(String holder) {
    SequencedSet<Request> requests = waiting.get(holder);
    Request first = requests == null ? null : requests.getFirst();
    if (first == null) {
      return false;
    }
    Optional<Slot> slot = allocate(first);
    if (slot.isEmpty()) {
      return false;
    }
    withdraw(first);
    first.taker.accept(slot.get());
    return true;
  }

  private Optional<Slot> allocate(Request request) {
    Optional<Slot> slot = tryAllocate(request);
    if (slot.isEmpty()
        && pool.admission(request.bytes, request.slotBytes, PoolUse.FILLING, request.holder)
            == Admission.NO_ROOM) {
      makeRoom.accept(request.bytes);
      slot = tryAllocate(request);
    }
    return slot;
  }

  private Optional<Slot> tryAllocate(Request request) {
    return pool.allocate(request.bytes, request.slotBytes, PoolUse.FILLING, request.holder);
  }

  private static Outcome refused(Failure.Reason reason, String message) {
    return new Outcome.Refused(new Failure(reason, message));
  }
}

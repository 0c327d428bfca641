package io.baton.client.sidecar;

import io.baton.proto.v1.ProcessFrame;
import io.baton.session.model.RelayId;
import io.baton.transport.pinned.PoolMappings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A stream to the relay, and the memory that the relay keeps for this process until the stream
 * ends: for each piece it makes sure that nobody here touches it any more before the relay is told
 * that it may be others'. Only in the link's loop.
 */
final class Connection {

  /** More than a relay leaves unanswered for the moment that the way there and back takes. */
  private static final int MAX_CANCELLED = 1 << 16;

  private final RelayId relay;
  private final PoolMappings.Lease pool;
  private final Consumer<ProcessFrame> speech;
  private final Consumer<Runnable> later;

  private final Map<ChunkKey, Holding> holdings = new HashMap<>();
  private final Map<Long, ChunkKey> cancelled = new HashMap<>();
  private final Set<PoolMemory> outgoing = new LinkedHashSet<>();
  private final Map<Registration, Integer> copies = new HashMap<>();
  private final Set<Registration> leaving = new HashSet<>();
  private boolean over;

  /**
   * Takes the lease over.
   *
   * @param pool the relay's own
   * @param speech says something to the relay that must arrive
   * @param later runs a task in the loop after a pause
   */
  Connection(
      RelayId relay,
      PoolMappings.Lease pool,
      Consumer<ProcessFrame> speech,
      Consumer<Runnable> later) {
    this.relay = relay;
    this.pool = pool;
    this.speech = speech;
    this.later = later;
  }

  RelayId relay() {
    return relay;
  }

  PoolMappings.Lease pool() {
    return pool;
  }

  /** True even if its end is heard of before its beginning, from another thread. */
  boolean isOver() {
    return over;
  }

  private void say(ProcessFrame frame) {
    if (!over) {
      speech.accept(frame);
    }
  }

  /** Takes all memory away. Idempotent. */
  void end(String why) {
    if (over) {
      return;
    }
    over = true;
    outgoing.forEach(memory -> onceTrue(() -> memory.tryClose(why), () -> {}));
    holdings.values().stream()
        .flatMap(holding -> holding.open().stream())
        .forEach(chunk -> onceTrue(() -> chunk.tryEnd(why), () -> {}));
    outgoing.clear();
    holdings.clear();
    cancelled.clear();
    leaving.clear();
    pool.release();
  }

  // ---- memory to write

  void allocated(PoolMemory memory) {
    outgoing.add(memory);
  }

  /** It is closed, and the frame that sends it follows. */
  void sending(PoolMemory memory) {
    outgoing.remove(memory);
  }

  /** It is closed, and not wanted. */
  void giveBack(PoolMemory memory) {
    if (outgoing.remove(memory)) {
      discard(memory);
    }
  }

  /** It was about to be sent, and is not. */
  void discard(PoolMemory memory) {
    say(Frames.discard(memory.slot()));
    leaveIfUnused(memory.registration());
  }

  /** Somebody begins to write into memory that is the relay's. */
  void copying(Registration registration) {
    copies.merge(registration, 1, Integer::sum);
  }

  void copied(Registration registration) {
    copies.compute(registration, (_, count) -> count == null || count == 1 ? null : count - 1);
    leaveIfUnused(registration);
  }

  // ---- memory to read

  /** A request is made that may be answered with the chunk. */
  void requested(ChunkKey key) {
    holdings.computeIfAbsent(key, _ -> new Holding()).requested();
  }

  /** That request is over. */
  void answered(ChunkKey key) {
    Holding holding = holdings.get(key);
    if (holding != null) {
      holding.answered();
      settle(key, holding);
    }
  }

  /**
   * A request is made no more, and the relay is told so; it may be answered with the chunk even
   * now. False if too many are so.
   */
  boolean cancelled(long request, ChunkKey key) {
    cancelled.put(request, key);
    return cancelled.size() <= MAX_CANCELLED;
  }

  /** What is answered to a request that nobody makes any more. */
  void answeredLate(Reply reply) {
    ChunkKey key = cancelled.remove(reply.request());
    if (key != null) {
      if (reply instanceof Reply.Delivered) {
        delivered(key);
      }
      answered(key);
    }
  }

  /** The relay keeps a chunk for this receiver; before the request for it is over. */
  void delivered(ChunkKey key) {
    holdings.computeIfAbsent(key, _ -> new Holding()).delivered();
  }

  /** A chunk can be seen; before its request is over. */
  void opened(ReceivedChunk chunk) {
    holdings.computeIfAbsent(chunk.key(), _ -> new Holding()).opened(chunk);
  }

  /**
   * A chunk can no longer be seen.
   *
   * @param done whether whoever saw it is done with it
   */
  void closed(ReceivedChunk chunk, boolean done) {
    Holding holding = holdings.get(chunk.key());
    if (holding != null && holding.closed(chunk)) {
      if (done) {
        holding.markDone();
      }
      settle(chunk.key(), holding);
    }
  }

  void markDone(ChunkKey key) {
    Holding holding = holdings.get(key);
    if (holding == null) {
      say(Frames.markDone(key.registration(), key.dataId(), key.index()));
      return;
    }
    holding.markDone();
    holding.open().forEach(chunk -> takeAway(chunk, "the chunk has been marked done"));
    settle(key, holding);
  }

  private void settle(ChunkKey key, Holding holding) {
    if (holding.isUnused() && holdings.remove(key, holding)) {
      if (holding.isDone()) {
        say(Frames.markDone(key.registration(), key.dataId(), key.index()));
      } else if (holding.isHeld() && !isLeaving(key.registration())) {
        say(Frames.letGo(key.registration(), key.dataId(), key.index()));
      }
      List.copyOf(leaving).forEach(this::leaveIfUnused);
    }
  }

  private void takeAway(ReceivedChunk chunk, String why) {
    onceTrue(() -> chunk.tryEnd(why), () -> closed(chunk, false));
  }

  /** A system call that uses the memory may last for a moment. */
  private void onceTrue(BooleanSupplier attempt, Runnable then) {
    if (attempt.getAsBoolean()) {
      then.run();
    } else {
      later.accept(() -> onceTrue(attempt, then));
    }
  }

  // ---- places

  /** Takes the memory of a sender or a receiver away, and then gives up its place. */
  void leave(Registration registration) {
    leaving.add(registration);
    List<PoolMemory> written =
        outgoing.stream().filter(memory -> memory.registration() == registration).toList();
    for (PoolMemory memory : written) {
      onceTrue(() -> memory.tryClose("the sender was closed"), () -> giveBack(memory));
    }
    chunksOf(registration).forEach(chunk -> takeAway(chunk, "the receiver was closed"));
    leaveIfUnused(registration);
  }

  private void leaveIfUnused(Registration registration) {
    if (leaving.contains(registration) && !isUsedBy(registration)) {
      leaving.remove(registration);
      say(Frames.unregister(registration.number()));
    }
  }

  private boolean isLeaving(long registration) {
    return leaving.stream().anyMatch(one -> one.number() == registration);
  }

  private boolean isUsedBy(Registration registration) {
    return copies.containsKey(registration)
        || outgoing.stream().anyMatch(memory -> memory.registration() == registration)
        || !chunksOf(registration).isEmpty();
  }

  private List<ReceivedChunk> chunksOf(Registration registration) {
    List<ReceivedChunk> chunks = new ArrayList<>();
    holdings.forEach(
        (key, holding) -> {
          if (key.registration() == registration.number()) {
            chunks.addAll(holding.open());
          }
        });
    return chunks;
  }
}

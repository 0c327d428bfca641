package io.baton.client.sidecar;

import io.baton.session.model.RelayId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A stream to the relay, and what the relay keeps for this process until it ends. Its collections
 * are the link's loop's.
 */
final class Connection {

  private final RelayId relay;
  private final PoolMappings.Lease pool;
  private final Map<ChunkKey, Holding> holdings = new HashMap<>();
  private final Set<PoolMemory> outgoing = new HashSet<>();
  private final Map<Registration, Integer> copies = new HashMap<>();
  private boolean over;

  Connection(RelayId relay, PoolMappings.Lease pool) {
    this.relay = relay;
    this.pool = pool;
  }

  RelayId relay() {
    return relay;
  }

  /** The relay's own pool. */
  PoolMappings.Lease pool() {
    return pool;
  }

  /** Idempotent. */
  void end() {
    over = true;
    pool.release();
  }

  /** True even if the end is heard of before the beginning, from another thread. */
  boolean isOver() {
    return over;
  }

  Map<ChunkKey, Holding> holdings() {
    return holdings;
  }

  Holding holding(ChunkKey chunk) {
    return holdings.computeIfAbsent(chunk, _ -> new Holding());
  }

  Set<PoolMemory> outgoing() {
    return outgoing;
  }

  /** The registration's process begins to write into the relay's memory. */
  void copying(Registration registration) {
    copies.merge(registration, 1, Integer::sum);
  }

  void copied(Registration registration) {
    copies.compute(registration, (_, count) -> count == null || count == 1 ? null : count - 1);
  }

  List<ReceivedChunk> chunksOf(Registration registration) {
    List<ReceivedChunk> chunks = new ArrayList<>();
    holdings.forEach(
        (chunk, holding) -> {
          if (chunk.registration() == registration.number()) {
            chunks.addAll(holding.open());
          }
        });
    return chunks;
  }

  List<PoolMemory> outgoingOf(Registration registration) {
    return outgoing.stream().filter(memory -> memory.registration() == registration).toList();
  }

  /** Whether memory that the relay keeps for the registration can still be touched from here. */
  boolean isUsedBy(Registration registration) {
    return copies.containsKey(registration)
        || !outgoingOf(registration).isEmpty()
        || !chunksOf(registration).isEmpty();
  }
}

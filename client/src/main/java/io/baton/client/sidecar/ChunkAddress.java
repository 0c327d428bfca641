package io.baton.client.sidecar;

import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import java.util.List;

/**
 * Which chunk it is, and for whom.
 *
 * @param dataId any text of 1 to 1024 bytes of UTF-8
 * @param destinations 1 to 64 groups, all of which get it
 * @param nextPeers where the readers may send what they make of it: names that only they read
 */
public record ChunkAddress(
    String dataId, ChunkPosition position, List<Destination> destinations, List<String> nextPeers) {

  public ChunkAddress {
    destinations = List.copyOf(destinations);
    nextPeers = List.copyOf(nextPeers);
  }

  public static ChunkAddress of(
      String dataId, ChunkPosition position, Destination... destinations) {
    return new ChunkAddress(dataId, position, List.of(destinations), List.of());
  }

  public ChunkAddress withNextPeers(List<String> peers) {
    return new ChunkAddress(dataId, position, destinations, peers);
  }

  /**
   * The chunk at this address.
   *
   * @throws IllegalArgumentException if the address is none, see {@link ChunkHeader}
   */
  ChunkHeader header(Content content) {
    return new ChunkHeader(
        dataId, position.index(), position.count(), content, destinations, nextPeers);
  }
}

package io.baton.session.exchange;

import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Names a chunk, and says what it is and for whom.
 *
 * @param index from 0
 * @param count the number of chunks of the datum; empty for a stream, which is closed later
 * @param nextPeers where the readers may send what they make of it: names that only they read
 */
public record ChunkHeader(
    String dataId,
    int index,
    OptionalInt count,
    Content content,
    List<Destination> destinations,
    List<String> nextPeers) {

  public static final int MAX_DESTINATIONS = 64;
  public static final int MAX_NEXT_PEERS = 1024;

  /**
   * @throws IllegalArgumentException if the id or a peer is no proper name, if there is no chunk of
   *     that index, if there are no or too many destinations or too many peers, or if a group
   *     stands twice
   */
  public ChunkHeader {
    Name.checked("the data id", dataId);
    if (index < 0 || (count.isPresent() && index >= count.getAsInt())) {
      throw new IllegalArgumentException(
          count.isPresent()
              ? "chunk %d of %d".formatted(index, count.getAsInt())
              : "chunk " + index);
    }
    destinations = checked(destinations);
    nextPeers = List.copyOf(nextPeers);
    if (nextPeers.size() > MAX_NEXT_PEERS) {
      throw new IllegalArgumentException(
          "%d next peers; at most %d".formatted(nextPeers.size(), MAX_NEXT_PEERS));
    }
    nextPeers.forEach(peer -> Name.checked("a next peer's name", peer));
  }

  /**
   * Destinations of one sending.
   *
   * @throws IllegalArgumentException if there are none or too many, or a group stands twice
   */
  public static List<Destination> checked(List<Destination> destinations) {
    if (destinations.isEmpty() || destinations.size() > MAX_DESTINATIONS) {
      throw new IllegalArgumentException(
          "%d destinations; 1 to %d".formatted(destinations.size(), MAX_DESTINATIONS));
    }
    Set<String> groups = new HashSet<>();
    for (Destination destination : destinations) {
      if (!groups.add(destination.group())) {
        throw new IllegalArgumentException(
            "group %s stands twice among the destinations".formatted(destination.group()));
      }
    }
    return List.copyOf(destinations);
  }
}

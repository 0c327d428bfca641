package io.baton.transport.peer;

import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A chunk that one relay offers to another.
 *
 * @param transfer its number at the sending relay, which is never given twice
 * @param count the number of chunks of the datum, if the sender knows it
 * @param ranks the members at the receiving relay that it is for
 * @param nextPeers where the readers may send what they make of it
 */
public record Offer(
    long transfer,
    DataId id,
    int index,
    OptionalInt count,
    SortedSet<Integer> ranks,
    Content content,
    List<String> nextPeers,
    Body body) {

  public Offer {
    ranks = new TreeSet<>(ranks);
    nextPeers = List.copyOf(nextPeers);
  }

  /** The same, with the bytes to be had in another way. */
  public Offer with(Body other) {
    return new Offer(transfer, id, index, count, ranks, content, nextPeers, other);
  }

  /** For a person. */
  public String what() {
    return "chunk %d of %s, %s".formatted(index, id, content);
  }
}

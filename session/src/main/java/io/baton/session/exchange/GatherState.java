package io.baton.session.exchange;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A chunk that the members of a sending group write together, each of whom has all of it.
 *
 * @param members the ranks of those that live
 * @param joined those of them that wait for a part or are done with it
 * @param asked who was asked for a part, by its number; a part that nobody was asked for is missing
 * @param written the parts that are there
 * @param owners for each part, who writes it while it lives; empty where the lowest rank writes all
 */
public record GatherState(
    SortedSet<Integer> members,
    SortedSet<Integer> joined,
    Map<Integer, Integer> asked,
    SortedSet<Integer> written,
    List<Integer> owners,
    boolean over) {

  public GatherState {
    members = Collections.unmodifiableSortedSet(new TreeSet<>(members));
    joined = Collections.unmodifiableSortedSet(new TreeSet<>(joined));
    asked = Collections.unmodifiableMap(new TreeMap<>(asked));
    written = Collections.unmodifiableSortedSet(new TreeSet<>(written));
    owners = List.copyOf(owners);
  }

  /**
   * Nobody has joined.
   *
   * @param sharded whether every member writes a part, or the lowest rank writes all
   */
  public static GatherState initial(SortedSet<Integer> members, boolean sharded) {
    return new GatherState(
        members,
        new TreeSet<>(),
        Map.of(),
        new TreeSet<>(),
        sharded ? List.copyOf(members) : List.of(),
        false);
  }

  /** How many parts there are: one, or one for each member that there was at the start. */
  public int parts() {
    return Math.max(1, owners.size());
  }
}

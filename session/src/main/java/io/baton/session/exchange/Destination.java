package io.baton.session.exchange;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A receiving group that something is sent to.
 *
 * @param members by rank, however they were given
 */
public record Destination(String group, List<Member> members) {

  public static final int MAX_MEMBERS = 1024;

  /**
   * @throws IllegalArgumentException if the group has no proper name, if there are no members, more
   *     than {@value #MAX_MEMBERS} of them, or two of one rank
   */
  public Destination {
    Name.checked("the group's name", group);
    if (members.isEmpty() || members.size() > MAX_MEMBERS) {
      throw new IllegalArgumentException(
          "group %s of %d members; it has 1 to %d".formatted(group, members.size(), MAX_MEMBERS));
    }
    members = members.stream().sorted(Comparator.comparingInt(Member::rank)).toList();
    Set<Integer> ranks = new HashSet<>();
    for (Member member : members) {
      if (!ranks.add(member.rank())) {
        throw new IllegalArgumentException(
            "group %s has two members of rank %d".formatted(group, member.rank()));
      }
    }
  }

  /** A group of one, at the relay that is asked. */
  public static Destination here(String group) {
    return here(group, 1);
  }

  /** A group of so many, all at the relay that is asked. */
  public static Destination here(String group, int members) {
    return new Destination(group, IntStream.range(0, members).mapToObj(Member::here).toList());
  }
}

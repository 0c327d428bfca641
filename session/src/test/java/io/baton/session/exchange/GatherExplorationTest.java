package io.baton.session.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every order of events while three members write a chunk: who joins when, who dies before, while
 * and after writing, who comes back or late, and words that are said twice or by the wrong one.
 */
class GatherExplorationTest {

  private enum Chance {
    DEATH,
    COMEBACK,
    LATE_MEMBER,
    SAID_TWICE,
    WRONG_WORD,
    EXPIRY
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deathOfEveryMember(boolean sharded) {
    assertThat(explore(sharded, Chance.DEATH, Chance.DEATH, Chance.DEATH).seen())
        .contains("Complete", "CANCELLED");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deathOfEveryMember_andOneThatComesLate(boolean sharded) {
    assertThat(
            explore(sharded, Chance.DEATH, Chance.DEATH, Chance.DEATH, Chance.LATE_MEMBER).seen())
        .contains("Complete", "LATE_MEMBER");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deaths_andMembersThatComeLateOrBack(boolean sharded) {
    assertThat(
            explore(sharded, Chance.DEATH, Chance.DEATH, Chance.COMEBACK, Chance.LATE_MEMBER)
                .seen())
        .contains("Complete", "COMEBACK", "LATE_MEMBER");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deaths_amongWrongWords(boolean sharded) {
    assertThat(
            explore(sharded, Chance.DEATH, Chance.DEATH, Chance.SAID_TWICE, Chance.WRONG_WORD)
                .seen())
        .contains("Complete", "SAID_TWICE", "WRONG_WORD");
  }

  @Test
  void expiry_atAnyTime() {
    assertThat(explore(true, Chance.EXPIRY, Chance.DEATH, Chance.LATE_MEMBER).seen())
        .contains("Complete", "DEADLINE_EXCEEDED");
  }

  private static Exploration.Result explore(boolean sharded, Chance... chances) {
    World world = new World(sharded);
    for (Chance chance : chances) {
      world.chances.merge(chance, 1, Integer::sum);
    }
    Exploration.Result result = new Explorer().explore(world);
    System.out.printf(
        "%7d worlds, %5d ends: %s, %s%n",
        result.worlds(), result.ends(), sharded ? "sharded" : "whole", Arrays.toString(chances));
    return result;
  }

  private enum Member {
    REGISTERED,
    JOINED,
    GONE
  }

  private static final class World {

    GatherState state;
    final Map<Integer, Member> members = new TreeMap<>();

    /** Who is asked to write a part, by its number. */
    final Map<Integer, Integer> asked = new TreeMap<>();

    final Set<Integer> written = new TreeSet<>();
    final Map<Chance, Integer> chances = new EnumMap<>(Chance.class);
    boolean isComplete;
    boolean isAbandoned;
    boolean isExpired;

    World(boolean sharded) {
      state = GatherState.initial(new TreeSet<>(Set.of(0, 1, 2)), sharded);
      List.of(0, 1, 2).forEach(rank -> members.put(rank, Member.REGISTERED));
    }

    World(World other) {
      state = other.state;
      members.putAll(other.members);
      asked.putAll(other.asked);
      written.addAll(other.written);
      chances.putAll(other.chances);
      isComplete = other.isComplete;
      isAbandoned = other.isAbandoned;
      isExpired = other.isExpired;
    }

    boolean isOver() {
      return isComplete || isAbandoned;
    }

    boolean has(Chance chance) {
      return chances.getOrDefault(chance, 0) > 0;
    }

    boolean isAlone() {
      return members.values().stream().allMatch(Member.GONE::equals);
    }
  }

  private static final class Explorer extends Exploration<World> {

    @Override
    World copy(World world) {
      return new World(world);
    }

    @Override
    Object key(World world) {
      return List.of(
          world.state,
          Map.copyOf(world.members),
          Map.copyOf(world.asked),
          Set.copyOf(world.written),
          Map.copyOf(world.chances),
          world.isComplete,
          world.isAbandoned);
    }

    @Override
    List<Event<World>> possible(World world) {
      List<Event<World>> possible = new ArrayList<>();
      world.members.forEach(
          (rank, member) -> {
            if (member == Member.REGISTERED) {
              possible.add(new Event<>("join " + rank, next -> join(next, rank)));
            } else if (member == Member.GONE && world.has(Chance.COMEBACK)) {
              add(possible, Chance.COMEBACK, "of " + rank, next -> join(next, rank));
            }
            if (member != Member.GONE && world.has(Chance.DEATH)) {
              add(possible, Chance.DEATH, "of " + rank, next -> die(next, rank));
            }
          });
      world.asked.forEach(
          (part, rank) ->
              possible.add(
                  new Event<>(
                      "write %d by %d".formatted(part, rank), next -> write(next, part, rank))));
      addWords(world, possible);
      if (world.has(Chance.LATE_MEMBER)) {
        add(possible, Chance.LATE_MEMBER, "", next -> join(next, 3));
      }
      if (world.has(Chance.EXPIRY)) {
        add(
            possible,
            Chance.EXPIRY,
            "",
            next -> {
              next.isExpired = true;
              feed(next, new GatherInput.Expire());
            });
      }
      return possible;
    }

    /** What is said without truth: that something was written by somebody who was not asked. */
    private void addWords(World world, List<Event<World>> possible) {
      for (int part = 0; part < world.state.parts(); part++) {
        for (int rank : world.members.keySet()) {
          int said = part;
          if (Integer.valueOf(rank).equals(world.asked.get(part))) {
            continue;
          }
          Chance chance = world.written.contains(part) ? Chance.SAID_TWICE : Chance.WRONG_WORD;
          if (world.has(chance)) {
            add(
                possible,
                chance,
                "of %d by %d".formatted(part, rank),
                next -> feed(next, new GatherInput.Written(rank, said)));
          }
        }
      }
    }

    private static void add(
        List<Event<World>> possible, Chance chance, String what, Consumer<World> happen) {
      possible.add(
          new Event<>(
              chance + " " + what,
              next -> {
                next.chances.merge(chance, -1, Integer::sum);
                happen.accept(next);
              }));
    }

    private void join(World world, int rank) {
      world.members.put(rank, Member.JOINED);
      feed(world, new GatherInput.Join(rank));
    }

    private void die(World world, int rank) {
      world.members.put(rank, Member.GONE);
      world.asked.values().removeIf(asked -> asked == rank);
      feed(world, new GatherInput.MemberGone(rank));
    }

    private void write(World world, int part, int rank) {
      world.asked.remove(part);
      world.written.add(part);
      feed(world, new GatherInput.Written(rank, part));
    }

    private void feed(World world, GatherInput input) {
      boolean wasOver = world.isOver();
      Transition<GatherState, GatherEffect> transition = GatherMachine.step(world.state, input);
      world.state = transition.state();
      if (wasOver) {
        assertThat(transition.effects()).as("what is done when all is over").isEmpty();
      }
      for (GatherEffect effect : transition.effects()) {
        seen.add(effect.getClass().getSimpleName());
        switch (effect) {
          case GatherEffect.AskPart(int rank, int part) -> {
            assertThat(world.members.get(rank)).isEqualTo(Member.JOINED);
            assertThat(world.written).doesNotContain(part);
            assertThat(world.asked.put(part, rank)).as("asked for %d already", part).isNull();
          }
          case GatherEffect.Complete _ -> {
            assertThat(world.isOver()).isFalse();
            world.isComplete = true;
          }
          case GatherEffect.Abandon(Failure failure) -> {
            assertThat(world.isOver()).isFalse();
            assertThat(world.isAlone() || world.isExpired).isTrue();
            seen.add(failure.reason().name());
            world.isAbandoned = true;
          }
        }
      }
      if (world.isOver()) {
        world.asked.clear();
      }
      if (!world.isAbandoned) {
        assertThat(world.isComplete).isEqualTo(world.written.size() == world.state.parts());
      }
      assertThat(world.state.over()).isEqualTo(world.isOver());
    }

    @Override
    void checkEnd(World world) {
      // Whoever lives has joined by now, and has written what it was asked for.
      assertThat(world.isOver()).as("nobody waits").isTrue();
    }
  }
}

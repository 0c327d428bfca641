package io.baton.session.exchange;

import static io.baton.session.exchange.DataWorld.Chance.AGAIN;
import static io.baton.session.exchange.DataWorld.Chance.CANCEL;
import static io.baton.session.exchange.DataWorld.Chance.CROWD;
import static io.baton.session.exchange.DataWorld.Chance.DEATH;
import static io.baton.session.exchange.DataWorld.Chance.DONE_TWICE;
import static io.baton.session.exchange.DataWorld.Chance.DOUBLED;
import static io.baton.session.exchange.DataWorld.Chance.EARLY_TIMER;
import static io.baton.session.exchange.DataWorld.Chance.EXPIRY;
import static io.baton.session.exchange.DataWorld.Chance.EXPIRY_AT_LAST;
import static io.baton.session.exchange.DataWorld.Chance.LET_GO;
import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.exchange.DataWorld.Chance;
import io.baton.session.exchange.DataWorld.Person;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every order of events around a datum or two of the same id: messages of its sender that come
 * late, twice and in any order, readers that ask early, late, twice, are done twice, and go, and
 * memory that is given away.
 */
class DataExplorationTest {

  private static final OptionalInt UNKNOWN = OptionalInt.empty();
  private static final List<Reader> TWO = List.of(new Reader(1, 0), new Reader(2, 1));

  // ---- one life

  @ParameterizedTest
  @EnumSource
  void twoChunks_andOneChanceTwice(Chance chance) {
    Scenario scenario = new Scenario(TWO, 3).sending(chunk(0, 1, 2), chunk(1, 2, 2));
    assertThat(scenario.explore(chance, chance).ends()).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void oneChunkOfAStream_andOneChanceTwice(Chance chance) {
    Scenario scenario = new Scenario(TWO, 2).sending(chunk(0, 1), closing(2, 1));
    assertThat(scenario.explore(chance, chance).ends()).isPositive();
  }

  @Test
  void oneChunk_andEveryChance() {
    Scenario scenario = new Scenario(TWO, 1).sending(chunk(0, 1, 1));
    Exploration.Result result =
        scenario.explore(EnumSet.complementOf(EnumSet.of(CROWD)).toArray(Chance[]::new));
    assertThat(result.seen())
        .contains("Keep", "KnowAlready", "Deliver", "GONE", "DEADLINE_EXCEEDED", "Forget");
  }

  @Test
  void twoReadersOfOneMember_andOneOfAnother() {
    List<Reader> three = List.of(new Reader(1, 0), new Reader(2, 1), new Reader(3, 1));
    Scenario scenario = new Scenario(three, 1).sending(chunk(0, 1, 1));
    assertThat(scenario.explore(DEATH, DONE_TWICE, DOUBLED).seen()).contains("Deliver");
  }

  // ---- two lives

  @Test
  void secondLife_ofMoreChunks() {
    Scenario scenario =
        new Scenario(TWO.subList(0, 1), 5)
            .sending(chunk(0, 1, 1))
            .sending(chunk(0, 101, 2), chunk(1, 102, 2));
    Exploration.Result result = scenario.explore(DOUBLED, DOUBLED, DONE_TWICE, DEATH);
    assertThat(result.seen()).contains("Discard", "ALREADY_EXISTS");
  }

  @Test
  void secondLife_ofFewerChunks() {
    Scenario scenario =
        new Scenario(TWO.subList(0, 1), 5)
            .sending(chunk(0, 1, 2), chunk(1, 2, 2))
            .sending(chunk(0, 101, 1));
    Exploration.Result result = scenario.explore(DOUBLED, DOUBLED, DONE_TWICE, EXPIRY, AGAIN);
    assertThat(result.seen()).contains("Discard", "ALREADY_EXISTS");
  }

  @Test
  void secondLife_ofStreams() {
    Scenario scenario =
        new Scenario(TWO.subList(0, 1), 5)
            .sending(chunk(0, 1), closing(2, 1))
            .sending(chunk(0, 101), chunk(1, 102), closing(103, 2));
    Exploration.Result result = scenario.explore(DOUBLED, DOUBLED, DONE_TWICE);
    assertThat(result.seen()).contains("Discard", "ALREADY_EXISTS", "EndOfStream");
  }

  @Test
  void secondLife_forTwoMembers() {
    Scenario scenario = new Scenario(TWO, 3).sending(chunk(0, 1, 1)).sending(chunk(0, 101, 1));
    Exploration.Result result =
        scenario.explore(DOUBLED, DONE_TWICE, CANCEL, EARLY_TIMER, EXPIRY_AT_LAST);
    assertThat(result.seen()).contains("Discard", "ALREADY_EXISTS");
  }

  @Test
  void secondLife_ofTwoChunksForTwoMembers() {
    Scenario scenario =
        new Scenario(TWO, 6)
            .sending(chunk(0, 1, 2), chunk(1, 2, 2))
            .sending(chunk(0, 101, 2), chunk(1, 102, 2));
    assertThat(scenario.explore(DOUBLED).seen()).contains("Discard", "ALREADY_EXISTS");
  }

  @Test
  void secondLife_thatDoesNotWaitForTheFirstToBeDone() {
    Scenario scenario =
        new Scenario(TWO, 3)
            .sending(chunk(0, 1, 1))
            .sending(chunk(0, 101, 2), chunk(1, 102, 2))
            .impatiently();
    Exploration.Result result = scenario.explore(DOUBLED, DONE_TWICE);
    assertThat(result.seen()).contains("Discard", "ALREADY_EXISTS", "INVALID_ARGUMENT");
  }

  // ---- forgotten early

  @Test
  void oneChunk_thatIsForgottenWhileItComesAgain() {
    Scenario scenario = new Scenario(TWO, 2).sending(chunk(0, 1, 1));
    assertThat(scenario.explore(CROWD, DOUBLED, DOUBLED, DONE_TWICE, AGAIN).seen())
        .contains("KnowAlready");
  }

  @Test
  void oneChunkOfAStream_thatIsForgottenWhileItComesAgain() {
    Scenario scenario = new Scenario(TWO, 2).sending(chunk(0, 1), closing(2, 1));
    assertThat(scenario.explore(CROWD, CROWD, DOUBLED, DOUBLED).seen())
        .contains("KnowAlready", "EndOfStream");
  }

  @Test
  void secondLife_whileTheFirstIsForgottenAndComesAgain() {
    Scenario scenario =
        new Scenario(TWO.subList(0, 1), 5)
            .sending(chunk(0, 1, 1))
            .sending(chunk(0, 101, 2), chunk(1, 102, 2));
    assertThat(scenario.explore(CROWD, CROWD, DOUBLED, DOUBLED, DONE_TWICE).seen())
        .contains("KnowAlready");
  }

  private static DataInput chunk(int index, long transfer) {
    return new DataInput.Arrived(index, UNKNOWN, new Origin(7, transfer), Set.of(0));
  }

  private static DataInput chunk(int index, long transfer, int total) {
    return new DataInput.Arrived(index, OptionalInt.of(total), new Origin(7, transfer), Set.of(0));
  }

  private static DataInput closing(long transfer, int total) {
    return new DataInput.Closed(total, new Origin(7, transfer));
  }

  /** What is sent, life by life, and who reads. */
  private static final class Scenario {

    private final List<Reader> readers;
    private final int receives;
    private final List<List<DataInput>> lives = new ArrayList<>();
    private boolean isPatient = true;

    /**
     * @param receives how many times each reader asks, for one chunk after the other
     */
    Scenario(List<Reader> readers, int receives) {
      this.readers = readers;
      this.receives = receives;
    }

    Scenario sending(DataInput... messages) {
      Set<Integer> ranks = Set.copyOf(readers.stream().map(Reader::rank).distinct().toList());
      lives.add(
          Arrays.stream(messages)
              .map(
                  message ->
                      message instanceof DataInput.Arrived(int index, var total, var origin, var _)
                          ? new DataInput.Arrived(index, total, origin, ranks)
                          : message)
              .toList());
      return this;
    }

    /** The next life is sent as soon as all of the one before has been answered. */
    Scenario impatiently() {
      isPatient = false;
      return this;
    }

    /** The life of a message, by its number in the script. */
    int lifeOf(int message) {
      return message < lives.getFirst().size() ? 0 : 1;
    }

    static int chunks(List<DataInput> life) {
      return (int) life.stream().filter(DataInput.Arrived.class::isInstance).count();
    }

    Exploration.Result explore(Chance... chances) {
      DataWorld world = new DataWorld(lives.stream().map(Scenario::chunks).toList());
      readers.forEach(reader -> world.people.add(new Person(reader)));
      for (Chance chance : chances) {
        world.chances.merge(chance, 1, Integer::sum);
      }
      world.isCrowded = world.has(CROWD);
      Exploration.Result result = new Explorer(this).explore(world);
      System.out.printf(
          "%7d worlds, %5d ends: %d readers, %d lives, %s%n",
          result.worlds(), result.ends(), readers.size(), lives.size(), Arrays.toString(chances));
      assertThat(result.seen()).contains("Keep", "Deliver", "Forget");
      for (Chance chance : chances) {
        assertThat(result.seen()).contains(chance.name());
      }
      return result;
    }
  }

  private static final class Explorer extends Exploration<DataWorld> {

    private final Scenario scenario;
    private final List<DataInput> script;

    Explorer(Scenario scenario) {
      this.scenario = scenario;
      script = scenario.lives.stream().flatMap(List::stream).toList();
    }

    @Override
    DataWorld copy(DataWorld world) {
      return new DataWorld(world);
    }

    @Override
    Object key(DataWorld world) {
      return world.key();
    }

    @Override
    List<Event<DataWorld>> possible(DataWorld world) {
      List<Event<DataWorld>> possible = new ArrayList<>();
      addSending(world, possible);
      for (int i = 0; i < world.people.size(); i++) {
        addReading(world, i, possible);
      }
      boolean isQuiet = possible.isEmpty();
      for (int index : world.witness.standing(Standing.DONE)) {
        possible.add(
            new Event<>("drop " + index, next -> feed(next, new DataInput.Dropped(index))));
      }
      addChances(world, possible);
      // Nothing is on its way any more: time passes.
      if (isQuiet) {
        if (!world.state.waitingRequests().isEmpty()) {
          possible.add(new Event<>("timer", this::passTime));
        } else if (!world.witness.standing(Standing.UNCLAIMED).isEmpty()) {
          int index = world.witness.standing(Standing.UNCLAIMED).getFirst();
          possible.add(
              new Event<>("expire " + index, next -> feed(next, new DataInput.Dropped(index))));
        } else if (possible.isEmpty() && isKnown(world)) {
          possible.add(new Event<>("forget", this::passTime));
        }
      }
      return possible;
    }

    private static boolean isKnown(DataWorld world) {
      return world.state.highest() >= 0 || world.state.total().isPresent();
    }

    private void addSending(DataWorld world, List<Event<DataWorld>> possible) {
      if (world.livesSent < scenario.lives.size() && isReadyForNextLife(world)) {
        possible.add(
            new Event<>(
                "send the next life",
                next -> {
                  int from = sentBefore(next.livesSent);
                  next.livesSent++;
                  for (int i = from; i < sentBefore(next.livesSent); i++) {
                    next.flying.add(i);
                  }
                }));
      }
      Integer before = null;
      for (Integer message : world.flying) {
        if (!message.equals(before)) {
          possible.add(new Event<>("comes " + script.get(message), next -> come(next, message)));
        }
        before = message;
      }
    }

    private int sentBefore(int life) {
      return scenario.lives.subList(0, life).stream().mapToInt(List::size).sum();
    }

    private boolean isReadyForNextLife(DataWorld world) {
      boolean isAnswered = world.answered.size() == sentBefore(world.livesSent);
      boolean isDone =
          world.witness.standing(Standing.IN_USE).isEmpty()
              && world.witness.standing(Standing.UNCLAIMED).isEmpty();
      return isAnswered && (isDone || !scenario.isPatient);
    }

    private void come(DataWorld world, Integer message) {
      world.flying.remove((Object) message);
      // Who reads once more what is done keeps it from being sent anew for so long.
      boolean mayBeRefused =
          !scenario.isPatient || world.witness.isInUse(scenario.lifeOf(message) - 1);
      List<DataEffect> effects = feed(world, script.get(message));
      boolean isRefused = effects.stream().anyMatch(DataEffect.Refuse.class::isInstance);
      if (world.answered.add(message) && isRefused) {
        assertThat(mayBeRefused).as("%s: %s", script.get(message), effects).isTrue();
        world.refuse(script.get(message));
      }
    }

    private void addReading(DataWorld world, int i, List<Event<DataWorld>> possible) {
      Person person = world.people.get(i);
      String who = "reader %d".formatted(person.reader.registration());
      if (person.request == null && person.asked < scenario.receives) {
        int index = indexOf(person);
        possible.add(
            new Event<>(
                "%s receives %d".formatted(who, index),
                next -> ask(next, next.people.get(i), index)));
      }
      for (int index : person.held) {
        possible.add(
            new Event<>(
                "%s is done with %d".formatted(who, index),
                next -> {
                  Person same = next.people.get(i);
                  same.held.remove(index);
                  same.done.add(index);
                  feed(next, new DataInput.MarkDone(same.reader, index));
                }));
      }
    }

    /** Chunk by chunk and past the last of the first life, and then once more from the first. */
    private int indexOf(Person person) {
      int chunks = Scenario.chunks(scenario.lives.getFirst());
      return person.asked <= chunks ? person.asked : person.asked - chunks - 1;
    }

    private void ask(DataWorld world, Person person, int index) {
      long request = person.reader.registration() * 100 + person.requests++;
      person.asked++;
      person.request = request;
      feed(
          world,
          new DataInput.Receive(
              request, person.reader, index, world.now + DataWorld.PATIENCE_NANOS));
    }

    private void addChances(DataWorld world, List<Event<DataWorld>> possible) {
      if (world.has(DOUBLED)) {
        for (Integer message : Set.copyOf(world.flying)) {
          add(
              possible,
              DOUBLED,
              "" + script.get(message),
              next -> {
                come(next, message);
                next.flying.add(message);
                next.flying.sort(null);
              });
        }
      }
      for (int i = 0; i < world.people.size(); i++) {
        addChances(world, i, possible);
      }
      if (world.has(EARLY_TIMER) && !world.state.waitingRequests().isEmpty()) {
        add(
            possible,
            EARLY_TIMER,
            "",
            next -> {
              next.isTroubled = true;
              passTime(next);
            });
      }
      if (world.has(CROWD) && isKnown(world) && world.state.isIdle()) {
        add(
            possible,
            CROWD,
            "",
            next -> {
              next.isTroubled = true;
              feed(next, new DataInput.Crowded());
            });
      }
      if (world.has(EXPIRY)) {
        for (int index : world.witness.standing(Standing.UNCLAIMED)) {
          add(
              possible,
              EXPIRY,
              "of " + index,
              next -> {
                next.isTroubled = true;
                feed(next, new DataInput.Dropped(index));
              });
        }
      }
    }

    private void addChances(DataWorld world, int i, List<Event<DataWorld>> possible) {
      Person person = world.people.get(i);
      String who = "of reader %d".formatted(person.reader.registration());
      if (world.has(DEATH) && person.reader.registration() < 10) {
        add(
            possible,
            DEATH,
            who,
            next -> {
              Person dead = next.people.get(i);
              Reader reader = dead.reader;
              next.people.set(i, new Person(new Reader(reader.registration() + 10, reader.rank())));
              next.people.get(i).life = dead.life;
              feed(next, new DataInput.ReaderGone(reader.registration()));
            });
      }
      Long request = person.request;
      if (world.has(CANCEL) && request != null) {
        add(
            possible,
            CANCEL,
            who,
            next -> {
              next.people.get(i).request = null;
              feed(next, new DataInput.Cancel(request));
            });
      }
      if (world.has(AGAIN) && request == null) {
        for (int index : person.held) {
          add(
              possible,
              AGAIN,
              who + " for " + index,
              next -> {
                ask(next, next.people.get(i), index);
                next.people.get(i).asked--;
              });
        }
      }
      if (world.has(LET_GO) && request == null) {
        for (int index : person.held) {
          add(
              possible,
              LET_GO,
              who + " of " + index,
              next -> {
                Person same = next.people.get(i);
                same.held.remove(index);
                feed(next, new DataInput.LetGo(same.reader, index));
                ask(next, same, index);
                same.asked--;
              });
        }
      }
      if (world.has(EXPIRY_AT_LAST) && request == null && person.asked < scenario.receives) {
        int index = indexOf(person);
        if (world.witness.origin(index) != null
            && !world.witness.standing(Standing.IN_USE).contains(index)) {
          add(
              possible,
              EXPIRY_AT_LAST,
              who + " with " + index,
              next -> {
                next.isTroubled = true;
                ask(next, next.people.get(i), index);
                next.people.get(i).held.remove(index);
                feed(next, new DataInput.Dropped(index));
              });
        }
      }
      if (world.has(DONE_TWICE)) {
        for (int index : person.done) {
          if (!person.held.contains(index)) {
            add(
                possible,
                DONE_TWICE,
                who + " with " + index,
                next -> feed(next, new DataInput.MarkDone(next.people.get(i).reader, index)));
          }
        }
      }
    }

    private static void add(
        List<Event<DataWorld>> possible, Chance chance, String what, Consumer<DataWorld> happen) {
      possible.add(
          new Event<>(
              chance + " " + what,
              next -> {
                next.spend(chance);
                happen.accept(next);
              }));
    }

    private void passTime(DataWorld world) {
      world.now = Math.max(world.now, world.state.nextDeadlineNanos().orElseThrow());
      feed(world, new DataInput.Tick());
    }

    private List<DataEffect> feed(DataWorld world, DataInput input) {
      List<DataEffect> effects = world.feed(input);
      for (DataEffect effect : effects) {
        seen.add(effect.getClass().getSimpleName());
        if (effect instanceof DataEffect.Fail(long _, Failure failure)) {
          seen.add(failure.reason().name());
        } else if (effect instanceof DataEffect.Refuse(Failure failure)) {
          seen.add(failure.reason().name());
        }
      }
      return effects;
    }

    @Override
    void checkEnd(DataWorld world) {
      assertThat(isKnown(world)).as("something is remembered of %s", world.state).isFalse();
      assertThat(world.state.here()).isZero();
      assertThat(world.state.waitingRequests()).isEmpty();
      assertThat(world.livesSent).isEqualTo(scenario.lives.size());
      for (Person person : world.people) {
        assertThat(person.request).isNull();
        assertThat(person.held).isEmpty();
        assertThat(person.asked).isEqualTo(scenario.receives);
      }
      assertThat(world.answered).hasSize(script.size());
      for (int life = 0; life < scenario.lives.size(); life++) {
        assertThat(world.witness.kept(life) + world.neverKept(life))
            .isEqualTo(Scenario.chunks(scenario.lives.get(life)));
      }
    }
  }
}

package io.baton.session.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A datum, its senders' messages on their way, and its readers. */
final class DataWorld {

  /** What may happen a number of times only, so that the world ends. */
  enum Chance {
    /** A message comes, and will come once more. */
    DOUBLED,
    /** A reader goes, and another comes in its place. */
    DEATH,
    /** A reader does not wait any longer. */
    CANCEL,
    /** A reader asks again for what it holds. */
    AGAIN,
    /** A reader lets go of what it holds, and asks for it anew. */
    LET_GO,
    /** A reader says once more that it is done. */
    DONE_TWICE,
    /** A deadline passes although something else could happen. */
    EARLY_TIMER,
    /** What nobody has claimed loses its memory. */
    EXPIRY,
    /** What nobody holds loses its memory just when it is to be held. */
    EXPIRY_AT_LAST,
    /** A datum that is over is forgotten, since there are too many. */
    CROWD
  }

  /** A reader, which asks for one chunk after the other up to the one past the last. */
  static final class Person {

    Reader reader;
    int asked;
    int requests;
    @Nullable Long request;
    final Set<Integer> held = new TreeSet<>();
    final Set<Integer> done = new TreeSet<>();
    int life;

    Person(Reader reader) {
      this.reader = reader;
    }

    Person(Person other) {
      reader = other.reader;
      asked = other.asked;
      requests = other.requests;
      request = other.request;
      held.addAll(other.held);
      done.addAll(other.done);
      life = other.life;
    }

    List<Object> key() {
      return List.of(
          reader,
          asked,
          requests,
          Objects.requireNonNullElse(request, -1L),
          List.copyOf(held),
          List.copyOf(done),
          life);
    }
  }

  static final long PATIENCE_NANOS = 10;
  static final DataLimits LIMITS = new DataLimits(8, 4, 100_000);
  static final DataId ID = new DataId("group", "datum");

  DataState state = DataState.initial(ID, LIMITS, 0);
  DataWitness witness = new DataWitness();
  long now;

  /** What is known of the sender's relay, unless that has been forgotten, too. */
  Taken taken = Taken.NOTHING;

  /** Messages on their way, by their numbers in the script, in the order of these. */
  final List<Integer> flying = new ArrayList<>();

  final Set<Integer> answered = new TreeSet<>();
  private final List<DataInput.Arrived> refused = new ArrayList<>();
  int livesSent;
  final List<Person> people = new ArrayList<>();
  final Map<Chance, Integer> chances = new EnumMap<>(Chance.class);

  /** True once something has happened that may leave a reader without its chunk. */
  boolean isTroubled;

  /** True if what is over may be forgotten early. */
  boolean isCrowded;

  /** How many chunks each life has. */
  private final List<Integer> totals;

  DataWorld(List<Integer> totals) {
    this.totals = totals;
  }

  DataWorld(DataWorld other) {
    totals = other.totals;
    state = other.state;
    witness = new DataWitness(other.witness);
    now = other.now;
    taken = other.taken;
    flying.addAll(other.flying);
    answered.addAll(other.answered);
    refused.addAll(other.refused);
    livesSent = other.livesSent;
    other.people.forEach(person -> people.add(new Person(person)));
    chances.putAll(other.chances);
    isTroubled = other.isTroubled;
    isCrowded = other.isCrowded;
  }

  Object key() {
    return List.of(
        state,
        witness.key(),
        now,
        taken,
        List.copyOf(flying),
        List.copyOf(answered),
        List.copyOf(refused),
        livesSent,
        people.stream().map(Person::key).toList(),
        Map.copyOf(chances),
        isTroubled);
  }

  boolean has(Chance chance) {
    return chances.getOrDefault(chance, 0) > 0;
  }

  void spend(Chance chance) {
    chances.merge(chance, -1, Integer::sum);
  }

  /** That message was refused when it first came. */
  void refuse(DataInput message) {
    isTroubled = true;
    if (message instanceof DataInput.Arrived arrived) {
      refused.add(arrived);
    }
  }

  /** How many chunks of a life were refused, and not taken when they came once more. */
  long neverKept(int life) {
    return refused.stream()
        .map(DataInput.Arrived::origin)
        .filter(origin -> DataWitness.life(origin) == life && !witness.wasKept(origin))
        .count();
  }

  /** Feeds the machine, and tells everybody what comes of it. */
  List<DataEffect> feed(DataInput input) {
    Transition<DataState, DataEffect> transition = DataMachine.step(state, input, taken, now);
    witness.see(state, input, transition, now);
    state = transition.state();
    for (DataEffect effect : transition.effects()) {
      switch (effect) {
        case DataEffect.Deliver(long request, Reader _, int index) -> {
          Person person = answered(request);
          person.held.add(index);
          int life = DataWitness.life(Objects.requireNonNull(witness.origin(index)));
          assertThat(life)
              .as("the life of what %s gets", person.reader)
              .isGreaterThanOrEqualTo(person.life);
          person.life = life;
        }
        case DataEffect.EndOfStream(long request, int total) -> {
          Person person = answered(request);
          assertThat(totals.lastIndexOf(total))
              .as("the life that has %d chunks, as %s is told", total, person.reader)
              .isGreaterThanOrEqualTo(person.life);
          person.life = Math.max(person.life, totals.indexOf(total));
        }
        case DataEffect.Fail(long request, Failure failure) -> {
          Person person = answered(request);
          assertThat(isTroubled || person.life > 0 || failure.reason() == Failure.Reason.GONE)
              .as("%s gets nothing: %s", person.reader, failure)
              .isTrue();
        }
        case DataEffect.Keep _, DataEffect.ClosingKnown _ -> remember(input);
        case DataEffect.Forget _ -> state = DataState.initial(ID, LIMITS, now);
        default -> {}
      }
    }
    return transition.effects();
  }

  /** Only where data are forgotten: all else must hold for a sender that is not known, too. */
  private void remember(DataInput input) {
    if (isCrowded) {
      taken =
          switch (input) {
            case DataInput.Arrived arrived -> taken.with(arrived.origin().transfer());
            case DataInput.Closed closed -> taken.with(closed.origin().transfer());
            default -> throw new AssertionError(input + " is no message of a sender");
          };
    }
  }

  private Person answered(long request) {
    for (Person person : people) {
      if (Objects.equals(person.request, request)) {
        person.request = null;
        return person;
      }
    }
    throw new AssertionError("nobody waits for the answer to " + request);
  }
}

package io.baton.session.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every order of events around a chunk that is sent to two relays: answers that come twice, out of
 * order or never, links that break and come back, relays without room, relays that refuse.
 */
class SendExplorationTest {

  enum Chance {
    LOSE,
    DOUBLE,
    BREAK,
    FULL,
    REFUSE,
    CANCEL,
    HOLD,
    EARLY_DEADLINE
  }

  @ParameterizedTest
  @EnumSource
  void oneChance_twice(Chance chance) {
    assertThat(explore(chance, chance).seen()).contains(chance.name(), "Success");
  }

  @Test
  void brokenLinks_amongDoubledAnswers() {
    assertThat(explore(Chance.BREAK, Chance.BREAK, Chance.DOUBLE, Chance.FULL).seen())
        .contains("BREAK", "DOUBLE", "FULL", "Success");
  }

  @Test
  void fullQueues_amongBrokenLinks() {
    assertThat(explore(Chance.HOLD, Chance.HOLD, Chance.BREAK, Chance.FULL, Chance.CANCEL).seen())
        .contains("HOLD", "BREAK", "FULL", "Success", "CANCELLED", "Room");
  }

  @Test
  void deadline_amongEverything() {
    assertThat(
            explore(
                    Chance.EARLY_DEADLINE,
                    Chance.REFUSE,
                    Chance.FULL,
                    Chance.LOSE,
                    Chance.BREAK,
                    Chance.CANCEL)
                .seen())
        .contains(
            "Success",
            "DEADLINE_EXCEEDED",
            "RESOURCE_EXHAUSTED",
            "UNAVAILABLE",
            "INVALID_ARGUMENT",
            "CANCELLED",
            "Withdraw");
  }

  private static Exploration.Result explore(Chance... chances) {
    World world = new World();
    for (Chance chance : chances) {
      world.chances.merge(chance, 1, Integer::sum);
    }
    Explorer explorer = new Explorer();
    explorer.take(world, SendMachine.start("chunk", List.of("a", "b"), Explorer.DEADLINE));
    Exploration.Result result = explorer.explore(world);
    System.out.printf(
        "%7d worlds, %5d ends: %s%n", result.worlds(), result.ends(), Arrays.toString(chances));
    return result;
  }

  /** A destination, what is on its way to it and back, and what it remembers. */
  private record Relay(
      boolean isLinked,
      boolean isFull,
      boolean isHeld,
      List<SendEffect> coming,
      List<SendInput> answers,
      boolean isOffered,
      boolean isGranted,
      boolean hasIt) {

    static final Relay FIRST =
        new Relay(true, false, false, List.of(), List.of(), false, false, false);

    Relay isSent(SendEffect message) {
      return new Relay(
          isLinked, isFull, isHeld, with(coming, message), answers, isOffered, isGranted, hasIt);
    }

    Relay hasReceived() {
      List<SendEffect> rest = coming.subList(1, coming.size());
      return new Relay(
          isLinked, isFull, isHeld, List.copyOf(rest), answers, isOffered, isGranted, hasIt);
    }

    Relay answers(SendInput answer) {
      return new Relay(
          isLinked, isFull, isHeld, coming, with(answers, answer), isOffered, isGranted, hasIt);
    }

    Relay hasAnswered(int answer) {
      List<SendInput> rest = new ArrayList<>(answers);
      rest.remove(answer);
      return new Relay(
          isLinked, isFull, isHeld, coming, List.copyOf(rest), isOffered, isGranted, hasIt);
    }

    Relay is(boolean offered, boolean granted, boolean has) {
      return new Relay(isLinked, isFull, isHeld, coming, answers, offered, granted, has);
    }

    Relay broken() {
      return new Relay(false, false, false, List.of(), List.of(), false, false, hasIt);
    }

    Relay linked() {
      return new Relay(true, false, false, coming, answers, isOffered, isGranted, hasIt);
    }

    /** The queue of what is sent to it is full, or no longer. */
    Relay full(boolean full) {
      return new Relay(isLinked, full, isHeld, coming, answers, isOffered, isGranted, hasIt);
    }

    /** What it was to be offered waits. */
    Relay held(boolean held) {
      return new Relay(isLinked, isFull, held, coming, answers, isOffered, isGranted, hasIt);
    }

    private static <T> List<T> with(List<T> list, T element) {
      List<T> longer = new ArrayList<>(list);
      longer.add(element);
      return List.copyOf(longer);
    }
  }

  private static final class World {

    SendState state = SendMachine.start("chunk", List.of("a", "b"), Explorer.DEADLINE).state();
    final List<Relay> relays = new ArrayList<>(List.of(Relay.FIRST, Relay.FIRST));
    final Map<Chance, Integer> chances = new EnumMap<>(Chance.class);
    Optional<Optional<Failure>> told = Optional.empty();
    boolean isTroubled;

    World() {}

    World(World other) {
      state = other.state;
      relays.clear();
      relays.addAll(other.relays);
      chances.putAll(other.chances);
      told = other.told;
      isTroubled = other.isTroubled;
    }
  }

  private static final class Explorer extends Exploration<World> {

    static final long DEADLINE = 100;
    private static final Failure REFUSAL =
        new Failure(Failure.Reason.INVALID_ARGUMENT, "it is not wanted");

    @Override
    World copy(World world) {
      return new World(world);
    }

    @Override
    Object key(World world) {
      return List.of(
          world.state,
          List.copyOf(world.relays),
          Map.copyOf(world.chances),
          world.told,
          world.isTroubled);
    }

    @Override
    List<Event<World>> possible(World world) {
      List<Event<World>> possible = new ArrayList<>();
      for (int i = 0; i < world.relays.size(); i++) {
        addOf(world, i, possible);
      }
      boolean isQuiet = possible.isEmpty();
      for (int i = 0; i < world.relays.size(); i++) {
        addChances(world, i, possible);
      }
      if (has(world, Chance.CANCEL)) {
        add(possible, Chance.CANCEL, "", next -> feed(next, new SendInput.Cancel("enough"), 0));
      }
      if (has(world, Chance.EARLY_DEADLINE)) {
        add(possible, Chance.EARLY_DEADLINE, "", this::pass);
      }
      if (isQuiet && world.told.isEmpty()) {
        possible.add(new Event<>("deadline", this::endAtDeadline));
      }
      return possible;
    }

    private void addOf(World world, int i, List<Event<World>> possible) {
      Relay relay = world.relays.get(i);
      if (!relay.coming().isEmpty()) {
        possible.add(
            new Event<>(
                "reaches %d: %s".formatted(i, relay.coming().getFirst()),
                next -> receive(next, i)));
      }
      for (int a = 0; a < relay.answers().size(); a++) {
        int answer = a;
        possible.add(
            new Event<>("answer " + relay.answers().get(a), next -> answer(next, i, answer)));
      }
      if (relay.isOffered() && !relay.isGranted()) {
        possible.add(new Event<>("room at " + i, next -> grant(next, i)));
      }
      if (relay.isFull()) {
        possible.add(new Event<>("room in the queue to " + i, next -> room(next, i)));
      }
      if (!relay.isLinked()) {
        possible.add(
            new Event<>(
                "link to " + i,
                next -> {
                  next.relays.set(i, relay.linked().full(relay.isFull()));
                  feed(next, new SendInput.LinkReady(i), 0);
                }));
      }
    }

    private void room(World world, int i) {
      boolean isHeld = world.relays.get(i).isHeld();
      world.relays.set(i, world.relays.get(i).full(false).held(false));
      if (isHeld) {
        seen.add("Room");
        feed(world, new SendInput.Room(i), 0);
      }
    }

    private void receive(World world, int i) {
      SendEffect message = world.relays.get(i).coming().getFirst();
      Relay relay = world.relays.get(i).hasReceived();
      world.relays.set(i, relay);
      switch (message) {
        case SendEffect.Offer _ -> {
          if (relay.hasIt()) {
            world.relays.set(i, relay.answers(new SendInput.Take(i)));
          } else {
            world.relays.set(i, relay.is(true, false, false));
          }
        }
        case SendEffect.SendBody _ -> {
          assertThat(relay.isGranted()).as("relay %d has room for the body", i).isTrue();
          world.relays.set(i, relay.is(false, false, true).answers(new SendInput.Take(i)));
        }
        case SendEffect.Withdraw _ -> world.relays.set(i, relay.is(false, false, relay.hasIt()));
        case SendEffect.Finish _ -> throw new AssertionError("not for a relay");
      }
    }

    private static void grant(World world, int i) {
      Relay relay = world.relays.get(i);
      world.relays.set(i, relay.is(true, true, false).answers(new SendInput.Grant(i)));
    }

    private void answer(World world, int i, int answer) {
      SendInput input = world.relays.get(i).answers().get(answer);
      world.relays.set(i, world.relays.get(i).hasAnswered(answer));
      feed(world, input, 0);
    }

    private void addChances(World world, int i, List<Event<World>> possible) {
      Relay relay = world.relays.get(i);
      for (int a = 0; a < relay.answers().size(); a++) {
        int answer = a;
        SendInput input = relay.answers().get(a);
        if (has(world, Chance.LOSE)) {
          add(
              possible,
              Chance.LOSE,
              input.toString(),
              next -> {
                next.relays.set(i, relay.hasAnswered(answer));
                next.isTroubled = true;
              });
        }
        if (has(world, Chance.DOUBLE)) {
          add(
              possible,
              Chance.DOUBLE,
              "" + input,
              next -> next.relays.set(i, relay.answers(input)));
        }
      }
      boolean isAsked = relay.isOffered() && !relay.isGranted();
      if (has(world, Chance.FULL) && isAsked) {
        add(
            possible,
            Chance.FULL,
            "at " + i,
            next -> next.relays.set(i, relay.answers(new SendInput.Wait(i, "it is full"))));
      }
      if (has(world, Chance.REFUSE) && isAsked) {
        add(
            possible,
            Chance.REFUSE,
            "by " + i,
            next -> {
              next.isTroubled = true;
              next.relays.set(
                  i, relay.is(false, false, false).answers(new SendInput.Refuse(i, REFUSAL)));
            });
      }
      if (has(world, Chance.HOLD) && !relay.isFull()) {
        // On a link that breaks just then, too: it is full when it is back.
        add(
            possible,
            Chance.HOLD,
            "to " + i,
            next -> next.relays.set(i, next.relays.get(i).full(true)));
      }
      if (has(world, Chance.BREAK) && relay.isLinked()) {
        add(
            possible,
            Chance.BREAK,
            "to " + i,
            next -> {
              next.relays.set(i, relay.broken());
              feed(next, new SendInput.LinkLost(i, "it is broken"), 0);
            });
      }
    }

    private static boolean has(World world, Chance chance) {
      return world.chances.getOrDefault(chance, 0) > 0;
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

    private void pass(World world) {
      feed(world, new SendInput.Tick(), DEADLINE);
      assertThat(world.told).as("the sender at its deadline").isPresent();
    }

    private void endAtDeadline(World world) {
      assertThat(world.isTroubled).as("something stood in the way").isTrue();
      pass(world);
    }

    private void feed(World world, SendInput input, long nowNanos) {
      take(world, SendMachine.step(world.state, input, nowNanos));
    }

    void take(World world, Transition<SendState, SendEffect> transition) {
      SendState before = world.state;
      world.state = transition.state();
      for (SendEffect effect : transition.effects()) {
        seen.add(effect.getClass().getSimpleName());
        assertThat(world.told).as("told already, and now %s", effect).isEmpty();
        switch (effect) {
          case SendEffect.Offer(int i) -> {
            if (world.relays.get(i).isFull()) {
              world.relays.set(i, world.relays.get(i).held(true));
              feed(world, new SendInput.Hold(i, "much waits"), 0);
            } else {
              send(world, i, effect);
            }
          }
          case SendEffect.SendBody(int i) -> send(world, i, effect);
          case SendEffect.Withdraw(int i) -> {
            assertThat(before.deliveries().get(i).isAsked()).isTrue();
            send(world, i, effect);
          }
          case SendEffect.Finish(Optional<Failure> failure) -> {
            world.told = Optional.of(failure);
            if (failure.isEmpty()) {
              assertThat(world.relays).as("success").allMatch(Relay::hasIt);
            }
            seen.add(failure.map(Failure::reason).map(Enum::name).orElse("Success"));
          }
        }
      }
      assertThat(world.state.finished()).isEqualTo(world.told.isPresent());
    }

    private static void send(World world, int i, SendEffect message) {
      assertThat(world.relays.get(i).isLinked()).as("%s over a link", message).isTrue();
      world.relays.set(i, world.relays.get(i).isSent(message));
    }

    @Override
    void checkEnd(World world) {
      assertThat(world.told).as("the sender").isPresent();
    }
  }
}

package io.baton.session.exchange;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Runs a small world through every order in which its events can happen, breadth first. A failure
 * names the shortest sequence of events that leads to it.
 *
 * @param <W> a world, which may be changed by its events
 */
abstract class Exploration<W> {

  /** What was seen: of the names of events, the first words. */
  record Result(int worlds, int ends, Set<String> seen) {}

  /** What can happen in a world, and does to a copy of it. */
  record Event<W>(String name, Consumer<W> happen) {}

  private record Visited<W>(W world, int parent, String event) {}

  private static final int LIMIT = 400_000;

  private final List<Integer> parents = new ArrayList<>();
  private final List<String> events = new ArrayList<>();

  /** What was seen, to be added to by events. */
  protected final Set<String> seen = new TreeSet<>();

  abstract W copy(W world);

  /** Equal for worlds of which only one needs to be visited. */
  abstract Object key(W world);

  /** All that can happen next. Nothing can at an end. */
  abstract List<Event<W>> possible(W world);

  abstract void checkEnd(W world);

  final Result explore(W first) {
    Set<Object> known = new HashSet<>();
    ArrayDeque<Visited<W>> frontier = new ArrayDeque<>();
    known.add(key(first));
    frontier.add(new Visited<>(first, -1, "the beginning"));
    int ends = 0;
    while (!frontier.isEmpty()) {
      Visited<W> visited = frontier.remove();
      parents.add(visited.parent());
      events.add(visited.event());
      int number = parents.size() - 1;
      List<Event<W>> possible = possible(visited.world());
      if (possible.isEmpty()) {
        ends++;
        attempt(number, "the end", () -> checkEnd(visited.world()));
      }
      for (Event<W> event : possible) {
        W next = copy(visited.world());
        attempt(number, event.name(), () -> event.happen().accept(next));
        seen.add(event.name().split(" ", 2)[0]);
        if (known.add(key(next))) {
          frontier.add(new Visited<>(next, number, event.name()));
        }
      }
      if (known.size() > LIMIT) {
        throw new AssertionError("no end after %d worlds\n%s".formatted(LIMIT, trace(number)));
      }
    }
    return new Result(known.size(), ends, Set.copyOf(seen));
  }

  private void attempt(int number, String event, Runnable what) {
    try {
      what.run();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("%s%n%s%n  %s".formatted(e, trace(number), event), e);
    }
  }

  private String trace(int number) {
    List<String> trace = new ArrayList<>();
    for (int at = number; at >= 0; at = parents.get(at)) {
      trace.add("  " + events.get(at));
    }
    return String.join("\n", trace.reversed());
  }
}

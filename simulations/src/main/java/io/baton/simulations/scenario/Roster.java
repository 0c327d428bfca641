package io.baton.simulations.scenario;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The relays of a scenario's chain: what they are called, and which of them an event strikes. */
public final class Roster {

  private final List<List<String>> stages = new ArrayList<>();
  private final List<String> dead = new ArrayList<>();
  private final Set<String> cutOff = new HashSet<>();

  public Roster(Scenario scenario) {
    for (int stage = 1; stage <= scenario.stages(); stage++) {
      List<String> names = new ArrayList<>(List.of("stage-" + stage));
      for (int spare = 1; spare < scenario.relaysOf(stage); spare++) {
        names.add("stage-%d-spare-%d".formatted(stage, spare));
      }
      stages.add(List.copyOf(names));
    }
  }

  /** The relays of a stage, the preferred one first. */
  public List<String> relays(int stage) {
    return stages.get(stage - 1);
  }

  /**
   * The relay that serves a stage: the one on the route, or, while there is no route, the one that
   * would be preferred.
   *
   * @param route names of the relays that serve now
   */
  public String serving(int stage, Collection<String> route) {
    return relays(stage).stream()
        .filter(route::contains)
        .filter(this::isUp)
        .findFirst()
        .orElseGet(() -> relays(stage).stream().filter(this::isUp).findFirst().orElseThrow());
  }

  /** Whether every stage has a relay that is up. */
  public boolean isComplete() {
    return stages.stream().allMatch(names -> names.stream().anyMatch(this::isUp));
  }

  private boolean isUp(String relay) {
    return !dead.contains(relay) && !cutOff.contains(relay);
  }

  /** Chooses the relay of a stage that dies. */
  public String kill(int stage, Collection<String> route) {
    String relay = serving(stage, route);
    dead.add(relay);
    return relay;
  }

  /** Chooses the relay of a stage that comes back: the one that died first. */
  public String restart(int stage) {
    String relay = dead.stream().filter(relays(stage)::contains).findFirst().orElseThrow();
    dead.remove(relay);
    return relay;
  }

  /** The client never reaches the relay again. */
  public void cutOff(String relay) {
    cutOff.add(relay);
  }
}

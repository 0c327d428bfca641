package io.baton.simulations.scenario;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A chain, a generation through it, and what happens on the way.
 *
 * @param promptTokens tokens of the prompt
 * @param prompt its text, for a chain that runs a model; empty for any of that length
 * @param tokens to generate
 * @param standby whether each stage has a relay that stands by
 * @param push whether stages hand their output on
 * @param hopLatency one way, of every message
 * @param events in the order in which they happen
 */
public record Scenario(
    int stages,
    int promptTokens,
    Optional<String> prompt,
    int tokens,
    boolean standby,
    boolean push,
    Duration hopLatency,
    List<ScenarioEvent> events) {

  public Scenario {
    events = List.copyOf(events);
  }

  /** The events of a token's step. */
  public List<ScenarioEvent> at(int token) {
    return events.stream().filter(event -> event.token() == token).toList();
  }

  /**
   * Relays that a stage needs: one that serves it whenever a token is computed, one for every kill
   * to strike, and with standbys two at least.
   */
  public int relaysOf(int stage) {
    int needed = standby ? 2 : 1;
    int out = 0;
    int token = 0;
    for (ScenarioEvent event : events) {
      if (event.token() != token) {
        needed = Math.max(needed, out + 1);
        token = event.token();
      }
      if (event instanceof ScenarioEvent.Kill kill && kill.stage() == stage) {
        needed = Math.max(needed, ++out);
      } else if (event instanceof ScenarioEvent.Restart restart && restart.stage() == stage) {
        out--;
      } else if (isLostForGood(event, stage)) {
        needed = Math.max(needed, ++out);
      }
    }
    return Math.max(needed, out + 1);
  }

  /** Relays that the client loses in all. */
  public int losses() {
    return (int)
        events.stream()
            .filter(
                event ->
                    event instanceof ScenarioEvent.Kill
                        || (event instanceof ScenarioEvent.Cut cut && cut.link().isOfClient()))
            .count();
  }

  private static boolean isLostForGood(ScenarioEvent event, int stage) {
    return event instanceof ScenarioEvent.Cut cut
        && cut.link().isOfClient()
        && cut.link().to() == stage
        && cut.length().isEmpty();
  }
}

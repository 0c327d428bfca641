package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import io.baton.simulations.scenario.Scenario;
import io.baton.stages.ModelEnds;

/**
 * A prompt of as many tokens as a scenario says, so that it costs the same wherever it is played.
 */
final class ScenarioPrompt {

  private static final String FILLER = "Relay: Ana, Ben, Chi, Dov, Eli.\n";

  private ScenarioPrompt() {}

  /**
   * @throws CommandException if the scenario's text has another number of tokens with this model
   */
  static String of(Scenario scenario, ModelEnds ends) throws CommandException {
    int wanted = scenario.promptTokens();
    String text = scenario.prompt().orElseGet(() -> filler(wanted, ends));
    int tokens = ends.encode(text).length;
    if (tokens != wanted) {
      throw new CommandException(
          ExitCode.INPUT,
          "the prompt has %d tokens with this model, and the scenario's prompt-tokens says %d"
              .formatted(tokens, wanted));
    }
    return text;
  }

  /** The shortest beginning of an endless text that has enough tokens. */
  private static String filler(int wanted, ModelEnds ends) {
    StringBuilder text = new StringBuilder();
    while (ends.encode(text.toString()).length < wanted) {
      text.append(FILLER);
    }
    int length = text.length();
    while (length > 1 && ends.encode(text.substring(0, length - 1)).length >= wanted) {
      length--;
    }
    return text.substring(0, length);
  }
}

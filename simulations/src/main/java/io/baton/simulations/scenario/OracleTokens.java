package io.baton.simulations.scenario;

import io.baton.session.model.LayerSpan;
import io.baton.simulations.world.Oracle;
import io.baton.simulations.world.OracleExecutorState;

/** The tokens that a scenario's chain must bring when its stages compute the {@link Oracle}. */
public final class OracleTokens {

  /** Chooses the tokens of every scenario's prompt. */
  static final long PROMPT = 7;

  private OracleTokens() {}

  public static long[] prompt(Scenario scenario) {
    long[] prompt = new long[scenario.promptTokens()];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = Oracle.promptToken(PROMPT, i);
    }
    return prompt;
  }

  /** Those of a run in one place without faults. */
  public static long[] unbroken(Scenario scenario) {
    OracleExecutorState whole = new OracleExecutorState(new LayerSpan(0, scenario.stages()));
    long[] tokens = new long[scenario.tokens()];
    long[] input = prompt(scenario);
    for (int i = 0; i < tokens.length; i++) {
      long[] outputs = whole.forward(whole.length(), input);
      tokens[i] = Oracle.nextToken(outputs[outputs.length - 1]);
      input = new long[] {tokens[i]};
    }
    return tokens;
  }
}

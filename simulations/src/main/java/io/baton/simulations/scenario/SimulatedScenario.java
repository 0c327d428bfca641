package io.baton.simulations.scenario;

import io.baton.simulations.world.Oracle;
import io.baton.simulations.world.Transcript;
import java.util.Arrays;

/**
 * A scenario that was played on the simulator.
 *
 * @param tokens that the chain brought
 */
@SuppressWarnings("ArrayRecordComponent")
public record SimulatedScenario(ScenarioReport report, long... tokens) {

  /**
   * Plays a scenario.
   *
   * @param seed of what is drawn: names of sessions, spread of retries
   * @throws SimulationFailedException if it does not get to its end
   */
  public static SimulatedScenario play(Scenario scenario, long seed)
      throws SimulationFailedException, InterruptedException {
    SimulatedChain chain = new SimulatedChain(scenario, seed);
    Director<SimulationFailedException> director =
        new Director<>(scenario, chain, chain::nowNanos, Director.Witness.NONE);
    chain.open();
    long begin = chain.nowNanos();
    for (int token = 0; token < scenario.tokens(); token++) {
      director.before(token);
      chain.step();
      director.tokenCame();
    }
    long[] tokens = tokens(scenario, chain.client().transcript());
    return new SimulatedScenario(
        ScenarioReport.of(
            "simulator",
            scenario,
            tokens.length,
            Arrays.equals(tokens, OracleTokens.unbroken(scenario)),
            chain.client().state().stats(),
            chain.nowNanos() - begin,
            director.happenings()),
        tokens);
  }

  private static long[] tokens(Scenario scenario, Transcript transcript) {
    long[] tokens = new long[scenario.tokens()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = Oracle.nextToken(transcript.output(scenario.promptTokens() - 1 + i));
    }
    return tokens;
  }
}

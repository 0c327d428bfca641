package io.baton.cli;

import io.baton.simulations.scenario.ScenarioReader;
import io.baton.simulations.scenario.ScenarioReport;
import io.baton.simulations.scenario.SimulatedScenario;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A scenario on the simulator. */
@Command(
    name = "scenario",
    description = {
      "Play a scenario in a simulated world.",
      "The same file is played on real processes by baton demo --processes --scenario FILE; docs/scenarios.md says what may stand in it."
    })
final class SimulateScenarioCommand implements Callable<Integer> {

  @Parameters(paramLabel = "FILE", description = "The scenario, as YAML.")
  private Path file = Path.of(".");

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of what is drawn (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--json",
      description = "Print one JSON object on the last line, and nothing else.")
  private boolean json;

  private final Console console;

  SimulateScenarioCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    ScenarioReport report = SimulatedScenario.play(ScenarioReader.read(file), seed).report();
    console.out().println(json ? Json.line(report) : report.summary());
    return report.sameAsUnbroken() ? ExitCode.OK : ExitCode.DIFFERENT_TEXT;
  }
}

package io.baton.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Groups the simulations; says which there are if none is named. */
@Command(
    name = "simulate",
    description = "Runs the protocol in a simulated world, from a seed.",
    synopsisSubcommandLabel = "COMMAND")
public final class SimulateCommand implements Runnable {

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "name what to simulate: " + String.join(", ", spec.subcommands().keySet()));
  }
}

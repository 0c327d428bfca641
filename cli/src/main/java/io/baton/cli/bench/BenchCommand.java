package io.baton.cli.bench;

import io.baton.cli.Console;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Groups the benchmarks; says which there are if none is named. */
@Command(
    name = "bench",
    description = {
      "Measures how fast bytes move on this machine, beside what else could move them.",
      "Everything runs in processes of its own, is warmed up, and takes turns with what it is compared with."
    },
    synopsisSubcommandLabel = "COMMAND")
public final class BenchCommand implements Runnable {

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  /** With its subcommands. */
  public static CommandLine of(Console console) {
    return new CommandLine(new BenchCommand())
        .addSubcommand(new BenchHopCommand(console))
        .addSubcommand(new BenchSidecarCommand(console))
        .addSubcommand(new BenchRelaysCommand(console))
        .addSubcommand(new BenchPushesCommand(console))
        .addSubcommand(new BenchIdsCommand(console));
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "name what to measure: " + String.join(", ", spec.subcommands().keySet()));
  }
}

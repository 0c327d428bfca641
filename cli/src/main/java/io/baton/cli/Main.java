package io.baton.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.baton.cli.demo.DemoCommand;
import io.baton.client.session.NoRouteException;
import io.baton.client.session.StepDeclinedException;
import io.baton.client.stage.StageException;
import io.baton.session.model.Refusal;
import io.baton.stages.ModelException;
import io.baton.transport.grpc.BindFailedException;
import java.io.PrintWriter;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The {@code baton} command. */
@Command(
    name = "baton",
    version = "baton 0.1.0, protocol version 1",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    description = "Relays tensors between the servers of a chained model.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      ServeCommand.class,
      RelayCommand.class,
      StageCommand.class,
      GenerateCommand.class
    },
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      " 0:it went well",
      " 1:demo: the text is not that of the unsplit model",
      " 2:the command line is wrong",
      " 3:the model directory is missing, damaged or not supported",
      " 4:no chain of relays could be had: a stage is served by nobody, or a peer is down",
      " 5:the address or socket cannot be listened at",
      " 6:the prompt is too long for the model",
      " 7:demo: a process could not be started",
      "70:a bug",
      "130:interrupted; 143: told to stop, after a graceful drain"
    })
public final class Main implements Runnable {

  @CommandLine.Spec private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show stack traces and all log messages.")
  private boolean debug;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Say on standard error what happens.")
  private boolean verbose;

  /** Runs the command and exits with its status. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs the command and returns its exit status. */
  public static int run(String... args) {
    Main main = new Main();
    return new CommandLine(main)
        .setExecutionStrategy(main::execute)
        .setExecutionExceptionHandler((error, line, _) -> main.explain(error, line))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .execute(args);
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(spec.commandLine(), "Name a command.");
    }
  }

  private int execute(CommandLine.ParseResult parsed) {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(debug ? Level.DEBUG : Level.ERROR);
    ((Logger) LoggerFactory.getLogger("io.baton"))
        .setLevel(debug ? Level.DEBUG : verbose ? Level.INFO : Level.ERROR);
    return new CommandLine.RunLast().execute(parsed);
  }

  private int explain(Exception error, CommandLine line) {
    PrintWriter err = line.getErr();
    int code = exitCode(error);
    String what =
        code == ExitCode.INTERNAL
            ? "something went wrong that should not: %s (--debug shows where)".formatted(error)
            : error.getMessage();
    err.println(line.getColorScheme().errorText("baton: " + what));
    if (debug) {
      error.printStackTrace(err);
    }
    err.flush();
    return code;
  }

  private static int exitCode(Exception error) {
    return switch (error) {
      case CommandException e -> e.exitCode();
      case ModelException _ -> ExitCode.MODEL;
      case BindFailedException _ -> ExitCode.CANNOT_LISTEN;
      case NoRouteException _ -> ExitCode.NO_ROUTE;
      case StepDeclinedException e when e.reason() == Refusal.TOO_LONG -> ExitCode.INPUT;
      case StageException _ -> ExitCode.INPUT;
      case InterruptedException _ -> ExitCode.INTERRUPTED;
      default -> ExitCode.INTERNAL;
    };
  }
}

package io.baton.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.baton.benchmarks.BenchException;
import io.baton.cli.bench.BenchCommand;
import io.baton.cli.demo.DemoCommand;
import io.baton.cli.status.StatusCommand;
import io.baton.client.session.NoRouteException;
import io.baton.client.session.StepDeclinedException;
import io.baton.session.model.Refusal;
import io.baton.simulations.scenario.ScenarioException;
import io.baton.simulations.scenario.SimulationFailedException;
import io.baton.simulations.study.BadInputException;
import io.baton.stages.ModelException;
import io.baton.stages.TokenizerLibraryException;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.pinned.PoolException;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code baton} command. */
@Command(
    name = "baton",
    version = "baton 0.1.0, protocol version 1",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    description = "Relays tensors between the servers of a chained model.",
    synopsisSubcommandLabel = "COMMAND",
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:it went well",
      "1:demo: the text is not that of the unsplit model; simulate swarm: a seed fails",
      "2:the command line is wrong",
      "3:the model directory is missing, damaged or not supported",
      "4:no chain of relays could be had: a stage is served by nobody, or a peer is down; status:"
          + " no such relay",
      "5:the address or socket cannot be listened at",
      "6:the prompt is empty, or too long for the model",
      "7:demo, bench: a process could not be started, or ended when it should not have",
      "8:this machine has no JDK 25, or Baton could not be built",
      "9:this machine or its limits do not give what is needed: shared memory, open files; bench:"
          + " the lane that is to be measured",
      "70:a bug",
      "74:standard output or a file cannot be written",
      "130:interrupted from the keyboard",
      "137:there is no more memory",
      "141:whoever read standard output has gone, as head does",
      "143:told to stop, and stopped in order"
    })
public final class Main {

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show stack traces and detailed log messages.")
  private boolean debug;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Say on standard error what happens.")
  private boolean verbose;

  private final Console console;

  private Main(Console console) {
    this.console = console;
  }

  /** Runs the command and exits with its status. */
  public static void main(String[] args) {
    endWithoutMemory();
    System.exit(run(Console.ofProcess(), () -> TypedArguments.of(args)));
  }

  private interface Arguments {
    String[] get() throws CommandException;
  }

  /** Has this process end when some thread has no memory, with a sentence. */
  static void endWithoutMemory() {
    Thread.setDefaultUncaughtExceptionHandler(Main::uncaught);
  }

  /** The JVM ends by itself when the heap is exhausted; this is for all other memory. */
  private static void uncaught(Thread thread, Throwable error) {
    if (error instanceof OutOfMemoryError) {
      System.err.println("baton: " + outOfMemory(error));
      // Nothing else is sure to come to an end.
      Runtime.getRuntime().halt(ExitCode.OUT_OF_MEMORY);
    }
    System.err.println("Exception in thread \"%s\"".formatted(thread.getName()));
    error.printStackTrace();
  }

  private static String outOfMemory(Throwable error) {
    return "out of memory (%s): give it more, as with BATON_JAVA_OPTS=-Xmx2g"
        .formatted(error.getMessage());
  }

  /** Runs the command and returns its exit status, once nothing of it is left. */
  public static int run(Console console, String... args) {
    return run(console, () -> args);
  }

  private static int run(Console console, Arguments arguments) {
    Main main = new Main(console);
    try {
      int code = main.commandLine().execute(arguments.get());
      if (code == ExitCode.OK) {
        console.out().finish();
      }
      return code;
    } catch (Throwable e) {
      // Not only exceptions: whatever goes wrong, it ends with a sentence and a status.
      return main.explain(e, main.commandLine());
    } finally {
      console.out().tell("");
      console.err().flush();
    }
  }

  CommandLine commandLine() {
    return new CommandLine(this)
        .addSubcommand(new DemoCommand(console))
        .addSubcommand(new ServeCommand(console))
        .addSubcommand(new RelayCommand(console))
        .addSubcommand(new StageCommand(console))
        .addSubcommand(GenerateCommand.of(console))
        .addSubcommand(new StatusCommand(console))
        .addSubcommand(simulate())
        .addSubcommand(BenchCommand.of(console))
        // An argument that begins with @ is a text like any other.
        .setExpandAtFiles(false)
        .setPosixClusteredShortOptionsAllowed(false)
        .setOut(console.out())
        .setErr(console.err())
        .setExecutionStrategy(this::execute)
        .setParameterExceptionHandler((error, _) -> explainUsage(error))
        .setExecutionExceptionHandler((error, line, _) -> explain(error, line));
  }

  private CommandLine simulate() {
    return new CommandLine(new SimulateCommand())
        .addSubcommand(new SimulateSwarmCommand(console))
        .addSubcommand(SimulateFailuresCommand.of(console))
        .addSubcommand(new SimulateScaleCommand(console))
        .addSubcommand(new SimulateScenarioCommand(console));
  }

  private int execute(ParseResult parsed) {
    logger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(debug ? Level.INFO : Level.ERROR);
    logger("io.baton").setLevel(debug ? Level.DEBUG : verbose ? Level.INFO : Level.WARN);
    // What gRPC has to say is for whoever asks; the command says in a sentence what it means.
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    try {
      return new CommandLine.RunLast().execute(parsed);
    } catch (OutputException e) {
      // Of help that was asked for, of which picocli would make a status of its own.
      return explain(e, parsed.commandSpec().commandLine());
    }
  }

  private static Logger logger(String name) {
    return (Logger) LoggerFactory.getLogger(name);
  }

  private int explainUsage(ParameterException error) {
    CommandLine line = error.getCommandLine();
    String what = String.valueOf(error.getMessage());
    if (line.getParent() == null) {
      what = aboutCommands(error, String.join(", ", line.getSubcommands().keySet()));
    }
    say(line, "%s (see %s --help)".formatted(what, line.getCommandSpec().qualifiedName()));
    return ExitCode.USAGE;
  }

  private static String aboutCommands(ParameterException error, String commands) {
    if (error instanceof UnmatchedArgumentException unmatched) {
      return unmatched.isUnknownOption()
          ? String.valueOf(error.getMessage())
          : "there is no command %s; there are %s"
              .formatted(unmatched.getUnmatched().getFirst(), commands);
    }
    return "name a command: " + commands;
  }

  private int explain(Throwable error, CommandLine line) {
    int code = exitCode(error);
    if (code == ExitCode.READER_GONE) {
      // That is how one who wants no more says so.
      return code;
    }
    say(line, sentence(error, code, line));
    if (debug) {
      error.printStackTrace(console.err());
    }
    return code;
  }

  private static String sentence(Throwable error, int code, CommandLine line) {
    if (OpenFiles.areTooMany(error)) {
      return OpenFiles.tooMany();
    }
    if (code == ExitCode.INTERNAL) {
      return "something went wrong that should not: %s (--debug shows where)".formatted(error);
    }
    if (code == ExitCode.OUT_OF_MEMORY) {
      return outOfMemory(error);
    }
    boolean smaller =
        error instanceof PoolException pool
            && pool.reason() == PoolException.Reason.NO_ROOM_IN_SHARED_MEMORY
            && line.getCommandSpec().findOption("--pool-size") != null;
    return error.getMessage() + (smaller ? ", or choose a smaller --pool-size" : "");
  }

  private void say(CommandLine line, String sentence) {
    console.err().println(line.getColorScheme().errorText("baton: " + sentence));
  }

  private static int exitCode(Throwable error) {
    if (OpenFiles.areTooMany(error)) {
      return ExitCode.RESOURCES;
    }
    return switch (error) {
      case CommandException e -> e.exitCode();
      case BenchException e ->
          switch (e.reason()) {
            case NOT_AVAILABLE -> ExitCode.RESOURCES;
            case PROCESS -> ExitCode.PROCESS;
          };
      case BadInputException _ -> ExitCode.USAGE;
      case ModelException _ -> ExitCode.MODEL;
      case BindFailedException _ -> ExitCode.CANNOT_LISTEN;
      case PoolException _, TokenizerLibraryException _ -> ExitCode.RESOURCES;
      case NoRouteException _ -> ExitCode.NO_ROUTE;
      case StepDeclinedException e when e.reason() == Refusal.TOO_LONG -> ExitCode.INPUT;
      case ScenarioException _ -> ExitCode.USAGE;
      case SimulationFailedException _ -> ExitCode.NO_ROUTE;
      case OutOfMemoryError _ -> ExitCode.OUT_OF_MEMORY;
      case OutputException e -> e.readerHasGone() ? ExitCode.READER_GONE : ExitCode.CANNOT_WRITE;
      case InterruptedException _ -> ExitCode.INTERRUPTED;
      default -> ExitCode.INTERNAL;
    };
  }
}

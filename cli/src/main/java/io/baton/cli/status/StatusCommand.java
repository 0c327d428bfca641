package io.baton.cli.status;

import io.baton.cli.CommandException;
import io.baton.cli.Console;
import io.baton.cli.DurationConverter;
import io.baton.cli.ExitCode;
import io.baton.cli.HostPortConverter;
import io.baton.cli.StopSignal;
import io.baton.cli.Terminal;
import io.baton.client.status.NoStatusException;
import io.baton.client.status.RelayInspector;
import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.StatusResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Stack;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Shows how a relay is. */
@Command(
    name = "status",
    description = {
      "Show how a relay is: what is wrong, its sessions and pushes, what its pool is taken by, and"
          + " how it reaches its peers."
    })
public final class StatusCommand implements Callable<Integer> {

  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(100);
  private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(2);

  @Parameters(
      paramLabel = "PEER",
      converter = HostPortConverter.class,
      description = "Where the relay listens, HOST:PORT.")
  private HostPort peer = new HostPort("127.0.0.1", 0);

  @Option(
      names = "--watch",
      arity = "0..1",
      paramLabel = "INTERVAL",
      parameterConsumer = IntervalConsumer.class,
      description =
          "Look again after each INTERVAL (2s if there is none) until Ctrl-C, and show it in"
              + " place.")
  private @Nullable Duration watch;

  @Option(names = "--json", description = "Print one JSON object a line, for programs.")
  private boolean json;

  private final Console console;

  public StatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (peer.port() == 0) {
      throw new CommandException(ExitCode.USAGE, "%s: nobody is at port 0".formatted(peer));
    }
    Duration interval = watch;
    if (interval != null && interval.compareTo(SHORTEST_INTERVAL) < 0) {
      throw new CommandException(
          ExitCode.USAGE,
          "--watch takes a time from %dms up, not %dms"
              .formatted(SHORTEST_INTERVAL.toMillis(), interval.toMillis()));
    }
    try (RelayInspector inspector = RelayInspector.of(peer)) {
      StatusResponse first = inspector.ask(TIMEOUT);
      if (interval == null) {
        view(this::print).show(first);
      } else {
        watch(inspector, first, interval);
      }
      return ExitCode.OK;
    } catch (NoStatusException e) {
      throw new CommandException(ExitCode.NO_ROUTE, String.valueOf(e.getMessage()), e);
    }
  }

  private void watch(RelayInspector inspector, StatusResponse first, Duration interval)
      throws InterruptedException, IOException {
    if (json || !Terminal.isThere()) {
      watch(inspector, first, interval, view(this::printBlock));
      return;
    }
    try (Window window = Window.open()) {
      watch(inspector, first, interval, view(new Screen(console.out(), window::size)::show));
    }
  }

  private void watch(
      RelayInspector inspector, StatusResponse first, Duration interval, StatusView view)
      throws InterruptedException {
    try (StopSignal stop = StopSignal.listen(false, Duration.ofSeconds(5))) {
      view.show(first);
      while (!stop.await(interval)) {
        try {
          view.show(inspector.ask(TIMEOUT));
        } catch (NoStatusException e) {
          view.problem(String.valueOf(e.getMessage()));
        }
      }
    }
  }

  private StatusView view(Consumer<List<String>> lines) {
    return json ? new StatusView.Json(console.out()) : new StatusView.Text(peer, lines);
  }

  private void print(List<String> lines) {
    lines.forEach(console.out()::println);
  }

  private void printBlock(List<String> lines) {
    print(lines);
    console.out().println();
  }

  /** Takes an interval only if there is one: what follows may be the relay's address. */
  static final class IntervalConsumer implements IParameterConsumer {

    @Override
    @SuppressWarnings("JdkObsolete") // picocli's own.
    public void consumeParameters(Stack<String> arguments, ArgSpec option, CommandSpec command) {
      boolean given =
          !arguments.isEmpty()
              && !arguments.peek().startsWith("-")
              && arguments.peek().indexOf(':') < 0;
      if (!given) {
        option.setValue(DEFAULT_INTERVAL);
        return;
      }
      try {
        option.setValue(new DurationConverter().convert(arguments.pop()));
      } catch (TypeConversionException e) {
        throw new ParameterException(
            command.commandLine(),
            "Invalid value for option '--watch': " + e.getMessage(),
            e,
            option,
            "");
      }
    }
  }
}

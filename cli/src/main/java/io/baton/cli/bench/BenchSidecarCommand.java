package io.baton.cli.bench;

import io.baton.benchmarks.BenchKind;
import io.baton.cli.Console;
import io.baton.transport.LaneKind;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** From a sender to a reader. */
@Command(
    name = "sidecar",
    description = {
      "Measures the way from a sender to a reader: from when a tensor is sent that is already written to when it has been"
          + " received, each under an id of its own.",
      "The reader has asked for a tensor before it comes, and the sender for the memory of the next ones. In flight are those"
          + " that the relay has not acknowledged; floors acknowledge what the receiver has looked at."
    },
    footerHeading = "%nBeside it:%n",
    footer = {
      "  uds    a process that sends, as many that pass on as there are relays, and one that receives, each with a selector"
          + " on Unix-domain sockets. Bodies lie in shared memory on the lane local, and in the socket otherwise",
      "  grpc   the same with bare gRPC streams and direct executors, over tcp between what stands for relays",
      "There is neither ucx nor jucx: nothing of them stands between a sender and a reader.",
      "",
      "Figures:",
      "  p50, p99     one way, of each message",
      "  cpu          of all processes, a message",
      "  copied       bytes that Baton's own code copied in all processes, a message; not what gRPC, protobuf, UCX and the"
          + " system copy. JSON's copies is that in bodies",
      "  allocated    bytes on the heaps of all processes, a message",
      "  x            Baton's figure through the floor's"
    })
final class BenchSidecarCommand implements Callable<Integer> {

  @Mixin private MeasureOptions measure = new MeasureOptions();

  @Option(
      names = "--relays",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "1, to which both are attached, or 2, one for each (default: ${DEFAULT-VALUE}).")
  private int relays;

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  BenchSidecarCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (relays < 1 || relays > 2) {
      throw MeasureOptions.usage("--relays takes 1 or 2, not %d".formatted(relays));
    }
    return measure.run(
        console,
        spec,
        (lane, workload) -> {
          if (relays == 1 && lane != LaneKind.LOCAL) {
            throw MeasureOptions.usage(
                "--lane is about the way between two relays, and needs --relays 2");
          }
          return measure.plan(BenchKind.SIDECAR, lane, false, relays, workload);
        });
  }
}

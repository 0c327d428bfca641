package io.baton.cli.bench;

import io.baton.benchmarks.BenchKind;
import io.baton.cli.Console;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** From one relay to another. */
@Command(
    name = "relays",
    description =
        "Measures the way from the pool of one relay to that of another: offers, grants, bodies and answers, and nothing"
            + " of processes and sessions around it.",
    footerHeading = "%nBeside it:%n",
    footer = {
      "  uds    two processes, each with a selector on a Unix-domain socket. Bodies lie in shared memory on the lane local,"
          + " and in the socket otherwise",
      "  grpc   the same with one bare gRPC stream and direct executors, over tcp",
      "  ucx    ucx_perftest, by active messages; on the lane ucx. It polls, tells times for one in flight alone, and"
          + " needs no acknowledgement for its rate",
      "  jucx   bare jucx, which polls; on the lane ucx",
      "All that uses UCX has the same UCX variables in its environment.",
      "",
      "Figures:",
      "  p50, p99     one way, of each message",
      "  cpu          of all processes, a message",
      "  copied       bytes that Baton's own code copied in all processes, a message; not what gRPC, protobuf, UCX and the"
          + " system copy. JSON's copies is that in bodies",
      "  allocated    bytes on the heaps of all processes, a message",
      "  x            Baton's figure through the floor's"
    })
final class BenchRelaysCommand implements Callable<Integer> {

  @Mixin private MeasureOptions measure = new MeasureOptions();

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  BenchRelaysCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    return measure.run(
        console,
        spec,
        (lane, workload) -> measure.plan(BenchKind.RELAYS, lane, false, 2, workload));
  }
}

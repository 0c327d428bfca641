package io.baton.cli.bench;

import io.baton.benchmarks.BenchKind;
import io.baton.cli.Console;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A session's hop. */
@Command(
    name = "hop",
    description = {
      "Measures a session's hop: from when one stage's executor returns an output to when the next one's is called with"
          + " it, over their two relays, with push.",
      "A client in a process of its own runs as many sessions as are in flight, each with one step under way; the rate is"
          + " of their steps, with the way from the client and back to it. Executors compute nothing."
    },
    footerHeading = "%nBeside it:%n",
    footer = {
      "  uds    a process that sends and one that receives, each with a selector on a Unix-domain socket; with --apart, two"
          + " between them that pass on. Bodies lie in shared memory on the lane local, and in the socket otherwise",
      "  grpc   the same with one bare gRPC stream and direct executors, over tcp; with --apart, Unix-domain sockets at both ends",
      "  ucx    ucx_perftest between two processes, by active messages; on the lane ucx, not with --apart, since nothing"
          + " of it stands between",
      "  jucx   bare jucx between two processes, which poll; the same",
      "Floors have no client: the sender sends again when the receiver has acknowledged.",
      "",
      "Figures:",
      "  p50, p99     one way, of each message",
      "  cpu          of all processes, a message",
      "  copied       bytes that Baton's own code copied in all processes, a message, answers to the client included; not"
          + " what gRPC, protobuf, UCX and the system copy. JSON's copies is that in bodies",
      "  allocated    bytes on the heaps of all processes, a message",
      "  x            Baton's figure through the floor's"
    })
final class BenchHopCommand implements Callable<Integer> {

  @Mixin private MeasureOptions measure = new MeasureOptions();

  @Option(
      names = "--apart",
      description = "Relay and stage in a process each, and not in one, as in serve.")
  private boolean apart;

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  BenchHopCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    return measure.run(
        console, spec, (lane, workload) -> measure.plan(BenchKind.HOP, lane, apart, 2, workload));
  }
}

package io.baton.cli.bench;

import io.baton.benchmarks.BenchKind;
import io.baton.cli.ByteSizeConverter;
import io.baton.cli.Console;
import io.baton.transport.pinned.ByteText;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** From one relay to another, as outputs of stages go. */
@Command(
    name = "pushes",
    description =
        "Measures the way of pushes from the heap of one relay to that of another, digests and all, if wanted beside chunks"
            + " that go the same way one after another without a pause. The next push goes when one has arrived.",
    footerHeading = "%nBeside it:%n",
    footer = {
      "  uds    two processes, each with a selector on a Unix-domain socket. Bodies lie in shared memory on the lane local,"
          + " and in the socket otherwise; nothing goes beside them, nor beside any other floor",
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
final class BenchPushesCommand implements Callable<Integer> {

  private static final long MOST_BESIDE = 256L << 20;

  @Mixin private MeasureOptions measure = new MeasureOptions();

  @Option(
      names = "--beside",
      paramLabel = "SIZE",
      converter = ByteSizeConverter.class,
      description = "Of the chunks that go beside the pushes, such as 64MiB (default: none do).")
  private long beside;

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  BenchPushesCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (beside < 0 || beside > MOST_BESIDE) {
      throw MeasureOptions.usage(
          "--beside takes a size of at most %s, not %s"
              .formatted(ByteText.of(MOST_BESIDE), ByteText.of(beside)));
    }
    return measure.run(
        console,
        spec,
        (lane, workload) -> measure.plan(BenchKind.PUSHES, lane, false, 2, beside, workload));
  }
}

package io.baton.benchmarks;

import io.baton.benchmarks.node.Workload;
import java.time.Duration;
import java.util.List;

/**
 * Several processes through which messages go.
 *
 * @param source that sends
 * @param sink that receives, and knows how long each message took
 * @param all of them, the source first
 * @param countsCopies whether all of them know what they copy
 */
record Rig(Child source, Child sink, List<Child> all, boolean countsCopies) implements Contender {

  Rig {
    all = List.copyOf(all);
  }

  @Override
  public Measured measure(Workload workload, Duration time)
      throws BenchException, InterruptedException {
    Child.Usage before = usage();
    for (Child child : all) {
      child.begin(workload);
    }
    long[] sent = source.send(time, Workload.MOST_MESSAGES);
    long[] received = sink.received(sent[0]);
    for (Child child : all) {
      var _ = child.ask("end");
    }
    Child.Usage after = usage();
    double messages = Math.max(1, sent[0]);
    return new Measured(
        received[1] / 1e3,
        received[2] / 1e3,
        messages * 1e9 / Math.max(1, received[3] - sent[1]),
        (after.cpuNanos() - before.cpuNanos()) / messages / 1e3,
        countsCopies ? (after.copiedBytes() - before.copiedBytes()) / messages : Double.NaN,
        (after.allocatedBytes() - before.allocatedBytes()) / messages);
  }

  private Child.Usage usage() throws BenchException, InterruptedException {
    long cpu = 0;
    long allocated = 0;
    long copied = 0;
    for (Child child : all) {
      Child.Usage one = child.usage();
      cpu += one.cpuNanos();
      allocated += one.allocatedBytes();
      copied += one.copiedBytes();
    }
    return new Child.Usage(cpu, allocated, copied);
  }
}

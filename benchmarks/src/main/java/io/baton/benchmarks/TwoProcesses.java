package io.baton.benchmarks;

import java.io.IOException;
import java.util.List;

/** Two nodes of one kind, in a process each. */
final class TwoProcesses implements Contender {

  private static final List<Workload> WARM_UP =
      List.of(new Workload(64, 20_000, 16), new Workload(128 << 10, 5_000, 16));

  private final String name;
  private final RemoteNode here;
  private final RemoteNode there;

  private TwoProcesses(String name, RemoteNode here, RemoteNode there) {
    this.name = name;
    this.here = here;
    this.there = there;
  }

  static TwoProcesses start(String name, Nodes kind, Setup setup) throws IOException {
    RemoteNode there = RemoteNode.start(Side.THERE, kind, setup);
    RemoteNode here = RemoteNode.start(Side.HERE, kind, setup);
    here.connect(there.address());
    there.connect(here.address());
    TwoProcesses both = new TwoProcesses(name, here, there);
    both.warmUp();
    return both;
  }

  /** So that the compiler is done with both before anything is measured. */
  private void warmUp() throws IOException {
    for (Workload workload : WARM_UP) {
      bandwidth(workload);
      roundTrip(workload);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public double bandwidth(Workload workload) throws IOException {
    there.begin("receive", workload);
    there.answer();
    here.begin("send", workload);
    long nanos = Long.parseLong(here.answer());
    there.answer();
    return workload.bandwidth(nanos);
  }

  @Override
  public RoundTrip roundTrip(Workload workload) throws IOException {
    there.begin("pong", workload);
    there.answer();
    here.begin("ping", workload);
    String[] nanos = here.answer().split(" ", -1);
    there.answer();
    return new RoundTrip(Double.parseDouble(nanos[0]), Double.parseDouble(nanos[1]));
  }

  /** Processor seconds that the two have used so far. */
  double cpuSeconds() throws IOException {
    return here.cpuSeconds() + there.cpuSeconds();
  }

  @Override
  public void close() {
    here.close();
    there.close();
  }
}

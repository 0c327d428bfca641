package io.baton.benchmarks;

import java.io.IOException;

/** A node here and one of the same kind in another process. */
final class TwoProcesses implements Contender {

  private final String name;
  private final Node here;
  private final RemoteNode there;

  private TwoProcesses(String name, Node here, RemoteNode there) {
    this.name = name;
    this.here = here;
    this.there = there;
  }

  static TwoProcesses start(String name, Nodes kind, String transports, long rendezvousBytes)
      throws IOException {
    RemoteNode there = RemoteNode.start(kind, transports, rendezvousBytes);
    Node here = kind.make(transports, rendezvousBytes);
    here.connect(there.address());
    there.connect(here.address());
    return new TwoProcesses(name, here, there);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public double bandwidth(Workload workload) throws IOException {
    there.begin("receive", workload);
    long begun = System.nanoTime();
    here.send(workload);
    long nanos = System.nanoTime() - begun;
    there.answer();
    return workload.bandwidth(nanos);
  }

  @Override
  public RoundTrip roundTrip(Workload workload) throws IOException {
    there.begin("pong", workload);
    long[] nanos = here.ping(workload);
    there.answer();
    return RoundTrip.of(nanos);
  }

  /** Processor seconds that the two have used so far. */
  double cpuSeconds() throws IOException {
    return NodeMain.cpuSeconds() + there.cpuSeconds();
  }

  @Override
  public void close() {
    here.close();
    there.close();
  }
}

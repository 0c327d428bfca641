package io.baton.benchmarks;

import java.io.IOException;

/** One way to move messages from one process to another; measured in turn with others. */
public interface Contender extends AutoCloseable {

  String name();

  /** Bytes a second, until the receiver has all. */
  double bandwidth(Workload workload) throws IOException;

  RoundTrip roundTrip(Workload workload) throws IOException;

  @Override
  void close() throws IOException;
}

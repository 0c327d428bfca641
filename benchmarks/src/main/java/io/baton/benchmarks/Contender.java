package io.baton.benchmarks;

import io.baton.benchmarks.node.Workload;
import java.time.Duration;

/** One way to move messages from one process to another; measured in turn with others. */
interface Contender {

  /** Sends for that time, or fewer if these are all that can be counted. */
  Measured measure(Workload workload, Duration time) throws BenchException, InterruptedException;
}

package io.baton.benchmarks.node;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One process of several that move messages, from a source to a sink. It is told what to do on one
 * thread.
 */
interface Node extends AutoCloseable {

  /** How long anything may take that is not measured. */
  Duration PATIENCE = Duration.ofSeconds(30);

  /** Where others find it; empty if nobody has to. */
  default String address() {
    return "";
  }

  /** Tells it of another. */
  default void connect(String address) throws Exception {}

  /** Prepares for messages. */
  default void begin(Workload workload) throws Exception {}

  /**
   * Sends until the time is over or so many are sent, and returns when all are acknowledged. Of a
   * source alone.
   */
  default Sent send(Duration time, int most) throws Exception {
    throw new UnsupportedOperationException();
  }

  /** Prepares to rest. */
  default void end() throws Exception {}

  /** What a sink has received since it began; null for any other. */
  default @Nullable Latencies latencies() {
    return null;
  }

  /** What only this kind of node can tell, in words. */
  default String report() {
    return "";
  }

  @Override
  void close() throws IOException;
}

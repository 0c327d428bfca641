package io.baton.benchmarks;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What was measured in one run.
 *
 * @param floors by their names, in the order in which they were measured
 * @param busy how many of the measurements began while others used the machine, in words
 */
public record BenchResult(
    BenchPlan plan, Measured product, Map<String, Measured> floors, String busy) {

  public BenchResult {
    floors = Collections.unmodifiableMap(new LinkedHashMap<>(floors));
  }
}

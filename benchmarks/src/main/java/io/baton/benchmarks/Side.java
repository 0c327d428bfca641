package io.baton.benchmarks;

import java.util.ArrayList;
import java.util.List;

/**
 * Which of the two processes. Each has a processor of its own, so that no measurement depends on
 * where the scheduler puts them.
 */
enum Side {
  HERE("0"),
  THERE("1");

  private final String processor;

  Side(String processor) {
    this.processor = processor;
  }

  List<String> pinned(List<String> command) {
    List<String> all = new ArrayList<>(List.of("taskset", "-c", processor));
    all.addAll(command);
    return all;
  }
}

package io.baton.benchmarks;

import java.util.List;

/** How to start another JVM like this one. */
public interface Launcher {

  /**
   * The command line that runs a class.
   *
   * @param options of the JVM, over those that this one was started with
   */
  List<String> command(Class<?> main, List<String> options, List<String> arguments);
}

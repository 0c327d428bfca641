package io.baton.simulations.scenario;

/** A scenario that cannot be read or makes no sense; the message says where, in one sentence. */
public final class ScenarioException extends Exception {

  private static final long serialVersionUID = 1L;

  private final int line;

  ScenarioException(String file, int line, String problem) {
    super("%s, line %d: %s".formatted(file, line, problem));
    this.line = line;
  }

  /** The whole file is at fault. */
  ScenarioException(String file, String problem) {
    super("%s: %s".formatted(file, problem));
    this.line = 0;
  }

  /** Counted from 1; 0 if it is no single line. */
  public int line() {
    return line;
  }
}

package io.baton.benchmarks;

/** Nothing could be measured, for a reason that is no bug. */
public final class BenchException extends Exception {

  private static final long serialVersionUID = 1L;

  /** What kind of reason. */
  public enum Reason {
    /** This machine has not what is to be measured. */
    NOT_AVAILABLE,
    /** A process of the benchmark could not be started, or did not do what it should. */
    PROCESS
  }

  private final Reason reason;

  public BenchException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public BenchException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}

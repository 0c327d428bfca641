package io.baton.cli;

/**
 * What the command's exit status says; documented in {@code baton --help} and in
 * docs/operations.md.
 */
public final class ExitCode {

  public static final int OK = 0;

  /** The demo's text is not that of the unsplit model. */
  public static final int DIFFERENT_TEXT = 1;

  /** A seed of the swarm breaks what must hold. */
  public static final int SEED_FAILED = 1;

  /** The command line is wrong. */
  public static final int USAGE = 2;

  /** The model directory is missing, damaged or not supported. */
  public static final int MODEL = 3;

  /** No chain of relays could be had: a stage is served by nobody, or a peer is down. */
  public static final int NO_ROUTE = 4;

  /** The address or socket cannot be listened at. */
  public static final int CANNOT_LISTEN = 5;

  /** The prompt is empty, or too long for the model. */
  public static final int INPUT = 6;

  /** A process of a demo or a benchmark could not be started, or ended when it should not have. */
  public static final int PROCESS = 7;

  /** This machine has no JDK 25, or Baton could not be built; bin/baton says so. */
  public static final int NOT_BUILT = 8;

  /**
   * This machine, or a limit that is set here, does not give what is needed: shared memory for a
   * pool, open files, a place for the tokenizer library, a lane that is to be measured.
   */
  public static final int RESOURCES = 9;

  /** A bug. */
  public static final int INTERNAL = 70;

  /** Standard output, or a file that was asked for, cannot be written. */
  public static final int CANNOT_WRITE = 74;

  /** There is no more memory; the same as of a process that the system kills for its memory. */
  public static final int OUT_OF_MEMORY = 137;

  /** Whoever read standard output has gone; the same as of a process that SIGPIPE ends. */
  public static final int READER_GONE = 141;

  /** Interrupted from the keyboard. */
  public static final int INTERRUPTED = 130;

  private ExitCode() {}
}

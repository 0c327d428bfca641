package io.baton.cli;

/** Whether a person looks on. */
public final class Terminal {

  private Terminal() {}

  @SuppressWarnings("SystemConsoleNull") // There is none where its provider cannot be had.
  public static boolean isThere() {
    java.io.Console console = System.console();
    return console != null && console.isTerminal();
  }
}

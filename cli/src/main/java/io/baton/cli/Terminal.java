package io.baton.cli;

/** Whether a person looks on. */
final class Terminal {

  private Terminal() {}

  @SuppressWarnings("SystemConsoleNull") // There is none where its provider cannot be had.
  static boolean isThere() {
    java.io.Console console = System.console();
    return console != null && console.isTerminal();
  }
}

package io.baton.cli;

/** What several options have in common. */
public final class Checks {

  private Checks() {}

  /**
   * Checks a number that counts something.
   *
   * @throws CommandException if there is none of it
   */
  public static void positive(String option, int value) throws CommandException {
    if (value < 1) {
      throw new CommandException(
          ExitCode.USAGE, "%s takes a number from 1 up, not %d".formatted(option, value));
    }
  }
}

package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A failure that the demo brings about: the relay that serves a stage is killed while the step
 * after that many generated tokens is under way.
 *
 * @param stage counted from 1
 * @param token tokens generated before
 */
record Kill(int stage, int token) {

  /** Each needs a stage to spare. */
  private static final int MAX_KILLS = 64;

  private static final Pattern FORM = Pattern.compile("([0-9]{1,4})@([0-9]{1,6})");

  /**
   * Reads what {@code --kill} was given: {@code STAGE@TOKEN}, any number of times, or {@code none}
   * alone.
   *
   * @throws CommandException if it was given something else
   */
  static List<Kill> parse(List<String> texts, int stages) throws CommandException {
    if (texts.contains("none")) {
      if (texts.size() > 1) {
        throw new CommandException(ExitCode.USAGE, "--kill none goes with no other --kill");
      }
      return List.of();
    }
    if (texts.size() > MAX_KILLS) {
      throw new CommandException(
          ExitCode.USAGE,
          "%d times --kill is too often: %d spare stages at most"
              .formatted(texts.size(), MAX_KILLS));
    }
    List<Kill> kills = new ArrayList<>();
    for (String text : texts) {
      Matcher matcher = FORM.matcher(text);
      if (!matcher.matches()) {
        throw new CommandException(
            ExitCode.USAGE,
            "--kill takes STAGE@TOKEN, as in 2@40, or none, not '%s'".formatted(text));
      }
      Kill kill = new Kill(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
      if (kill.stage() < 1 || kill.stage() > stages) {
        throw new CommandException(
            ExitCode.USAGE, "--kill %s: there are stages 1 to %d".formatted(text, stages));
      }
      kills.add(kill);
    }
    return List.copyOf(kills);
  }

  @Override
  public String toString() {
    return stage + "@" + token;
  }
}

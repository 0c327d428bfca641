package io.baton.cli;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The text among a command's arguments, of a command whose parser takes for one whatever is no
 * option of its own: {@code - milk} is a text, and {@code --max-tokns=5} a slip.
 */
final class PositionalText {

  /** A name, and maybe a value; a text that begins like that has a blank somewhere. */
  private static final Pattern LIKE_AN_OPTION =
      Pattern.compile("--?[A-Za-z][\\w-]*(=.*)?", Pattern.DOTALL);

  private static final String ALL_THAT_FOLLOWS_IS_TEXT = "--";

  private PositionalText() {}

  /**
   * The one that there is, or null.
   *
   * @throws ParameterException if there are several, or it looks like an option and does not follow
   *     {@code --}
   */
  static @Nullable String of(CommandSpec spec, List<String> positional) {
    List<String> typed = spec.commandLine().getParseResult().originalArgs();
    int mark = typed.indexOf(ALL_THAT_FOLLOWS_IS_TEXT);
    int texts = mark < 0 ? 0 : typed.size() - mark - 1;
    positional.stream()
        .limit(Math.max(0, positional.size() - texts))
        .filter(text -> LIKE_AN_OPTION.matcher(text).matches())
        .findFirst()
        .ifPresent(
            option -> {
              throw new ParameterException(
                  spec.commandLine(),
                  "Unknown option: '%s'; a text that begins so goes after --".formatted(option));
            });
    if (positional.size() > 1) {
      throw new ParameterException(
          spec.commandLine(),
          "one text is continued, and there are two: '%s' and '%s'"
              .formatted(positional.get(0), positional.get(1)));
    }
    return positional.isEmpty() ? null : positional.getFirst();
  }
}

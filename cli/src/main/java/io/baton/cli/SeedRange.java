package io.baton.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Seeds from the first to the last, both included. */
record SeedRange(long first, long last) {

  /** Reads {@code A..B}, or one seed. */
  static final class Converter implements ITypeConverter<SeedRange> {

    private static final Pattern FORM = Pattern.compile("(\\d{1,18})(?:\\.\\.(\\d{1,18}))?");

    @Override
    public SeedRange convert(String text) {
      Matcher matcher = FORM.matcher(text);
      if (!matcher.matches()) {
        throw new TypeConversionException(
            "'%s' is not a range of seeds: write it like 0..9999".formatted(text));
      }
      long first = Long.parseLong(matcher.group(1));
      long last = matcher.group(2) == null ? first : Long.parseLong(matcher.group(2));
      if (last < first) {
        throw new TypeConversionException(
            "'%s' is no range: its last seed comes before its first".formatted(text));
      }
      return new SeedRange(first, last);
    }
  }

  long size() {
    return last - first + 1;
  }

  @Override
  public String toString() {
    return first + ".." + last;
  }
}

package io.baton.simulations.scenario;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 50ms}, {@code 1.5s}, {@code 2m}. */
final class Times {

  private static final Pattern FORM = Pattern.compile("(\\d{1,6}(?:\\.\\d{1,6})?)(us|ms|s|m)");

  private Times() {}

  /** Empty if the text is none. */
  static Optional<Duration> parse(String text) {
    if (text.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long unit =
        switch (matcher.group(2)) {
          case "us" -> 1_000L;
          case "ms" -> 1_000_000L;
          case "s" -> 1_000_000_000L;
          default -> 60_000_000_000L;
        };
    return Optional.of(
        Duration.ofNanos(
            new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValue()));
  }

  static String text(Duration time) {
    long nanos = time.toNanos();
    long unit = nanos % 1_000_000_000L == 0 ? 1_000_000_000L : 1_000_000L;
    String number =
        BigDecimal.valueOf(nanos)
            .divide(BigDecimal.valueOf(unit))
            .stripTrailingZeros()
            .toPlainString();
    return number + (unit == 1_000_000L ? "ms" : "s");
  }

  static String forText(Optional<Duration> length) {
    return length.map(time -> " for " + text(time)).orElse("");
  }
}

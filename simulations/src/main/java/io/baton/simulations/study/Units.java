package io.baton.simulations.study;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads quantities with their units; empty is what is none. */
final class Units {

  private static final String NUMBER = "(\\d{1,12}(?:\\.\\d{1,9})?)";
  private static final Pattern TIME = Pattern.compile(NUMBER + "(ns|us|ms|s|m|h)");
  private static final Pattern BYTES = Pattern.compile(NUMBER + "(B|kB|KiB|MB|MiB|)");
  private static final Pattern BANDWIDTH =
      Pattern.compile(NUMBER + "(kbit|Mbit|Gbit|kB|MB|GB|MiB|GiB)/s");

  private static final Duration LONGEST = Duration.ofDays(365);

  private Units() {}

  /** A time such as {@code 2.2ms}; zero needs no unit. */
  static Optional<Duration> time(String text) {
    if (text.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    return scaled(
            TIME.matcher(text),
            unit ->
                switch (unit) {
                  case "ns" -> 1;
                  case "us" -> 1e3;
                  case "ms" -> 1e6;
                  case "s" -> 1e9;
                  case "m" -> 60e9;
                  default -> 3600e9;
                })
        .filter(nanos -> nanos <= LONGEST.toNanos())
        .map(nanos -> Duration.ofNanos(Math.round(nanos)));
  }

  /** A size such as {@code 8KiB} or {@code 4096}. */
  static Optional<Integer> bytes(String text) {
    return scaled(
            BYTES.matcher(text),
            unit ->
                switch (unit) {
                  case "kB" -> 1e3;
                  case "KiB" -> 0x1p10;
                  case "MB" -> 1e6;
                  case "MiB" -> 0x1p20;
                  default -> 1;
                })
        .filter(bytes -> bytes >= 1 && bytes <= Integer.MAX_VALUE)
        .map(bytes -> (int) Math.round(bytes));
  }

  /** A bandwidth such as {@code 1Gbit/s} or {@code 100MB/s}, in bytes a second. */
  static Optional<Double> bandwidth(String text) {
    return scaled(
            BANDWIDTH.matcher(text),
            unit ->
                switch (unit) {
                  case "kbit" -> 1e3 / 8;
                  case "Mbit" -> 1e6 / 8;
                  case "Gbit" -> 1e9 / 8;
                  case "kB" -> 1e3;
                  case "MB" -> 1e6;
                  case "MiB" -> 0x1p20;
                  case "GiB" -> 0x1p30;
                  default -> 1e9;
                })
        .filter(bytes -> bytes > 0);
  }

  private interface Scale {
    double of(String unit);
  }

  private static Optional<Double> scaled(Matcher matcher, Scale scale) {
    return matcher.matches()
        ? Optional.of(Double.parseDouble(matcher.group(1)) * scale.of(matcher.group(2)))
        : Optional.empty();
  }
}

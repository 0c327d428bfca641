package io.baton.cli.bench;

import java.math.BigDecimal;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a number of seconds, such as {@code 2} and {@code 0.25}. */
final class SecondsConverter implements ITypeConverter<Duration> {

  @Override
  public Duration convert(String text) {
    if (!text.matches("\\d{1,6}(\\.\\d{1,6})?")) {
      throw new TypeConversionException(
          "'%s' is not a number of seconds such as 2 or 0.25".formatted(text));
    }
    return Duration.ofNanos(new BigDecimal(text).movePointRight(9).longValueExact());
  }

  static String text(Duration time) {
    return BigDecimal.valueOf(time.toNanos(), 9).stripTrailingZeros().toPlainString();
  }
}

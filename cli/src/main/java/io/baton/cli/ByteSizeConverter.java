package io.baton.cli;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads amounts of memory such as {@code 64MiB}, {@code 1.5GiB} and {@code 4096}, in bytes. */
public final class ByteSizeConverter implements ITypeConverter<Long> {

  private static final Pattern FORM =
      Pattern.compile("([0-9]{1,19}(?:\\.[0-9]{1,6})?)(KiB|MiB|GiB|TiB)|([0-9]{1,19})");

  @Override
  public Long convert(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw refused(text);
    }
    BigDecimal bytes =
        matcher.group(3) == null
            ? new BigDecimal(matcher.group(1)).multiply(unit(matcher.group(2)))
            : new BigDecimal(matcher.group(3));
    try {
      return bytes.setScale(0, RoundingMode.HALF_UP).longValueExact();
    } catch (ArithmeticException e) {
      throw refused(text);
    }
  }

  private static BigDecimal unit(String name) {
    int power =
        switch (name) {
          case "KiB" -> 10;
          case "MiB" -> 20;
          case "GiB" -> 30;
          default -> 40;
        };
    return BigDecimal.valueOf(1L << power);
  }

  private static TypeConversionException refused(String text) {
    return new TypeConversionException(
        "'%s' is not a size such as 64MiB, 1.5GiB or 67108864".formatted(text));
  }
}

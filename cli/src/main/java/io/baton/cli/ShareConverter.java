package io.baton.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads parts of a whole such as {@code 50%} and {@code 0.5}. */
public final class ShareConverter implements ITypeConverter<Double> {

  private static final Pattern FORM = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,6})?)(%?)");

  @Override
  public Double convert(String text) {
    Matcher matcher = FORM.matcher(text);
    if (matcher.matches()) {
      double share = Double.parseDouble(matcher.group(1)) / (matcher.group(2).isEmpty() ? 1 : 100);
      if (share <= 1) {
        return share;
      }
    }
    throw new TypeConversionException(
        "'%s' is not a share such as 50%% or 0.5, of 100%% at most".formatted(text));
  }
}

package io.baton.simulations.report;

import io.baton.simulations.study.Estimate;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** Numbers as a person reads them, the same in every locale. */
final class Figures {

  private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  private Figures() {}

  /** Three digits that count, never with an exponent. */
  static String number(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value == 0 ? "0" : String.valueOf(value);
    }
    if (Math.abs(value) >= 1000) {
      return String.format(Locale.ROOT, "%,.0f", value).replace(',', '\u202f');
    }
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(3));
    return rounded
        .setScale(Math.max(0, Math.min(rounded.scale(), 4)), java.math.RoundingMode.HALF_UP)
        .toPlainString();
  }

  /** The interval of an estimate. */
  static String interval(Estimate estimate) {
    return number(estimate.low()) + "–" + number(estimate.high());
  }

  /** A probability, as in options. */
  static String rate(double rate) {
    if (rate == 0) {
      return "0";
    }
    int exponent = exponent(rate);
    double mantissa = rate / Math.pow(10, exponent);
    return plain(mantissa) + "e" + exponent;
  }

  /** A probability, as in print. */
  static String power(double rate) {
    if (rate == 0) {
      return "0";
    }
    int exponent = exponent(rate);
    String mantissa = plain(rate / Math.pow(10, exponent));
    String ten = "10" + superscript(exponent);
    return mantissa.equals("1") ? ten : mantissa + "·" + ten;
  }

  private static int exponent(double rate) {
    return (int) Math.floor(Math.log10(rate) + 1e-9);
  }

  private static String plain(double mantissa) {
    return new BigDecimal(mantissa).round(new MathContext(3)).stripTrailingZeros().toPlainString();
  }

  private static String superscript(int exponent) {
    StringBuilder out = new StringBuilder(exponent < 0 ? "⁻" : "");
    for (char digit : String.valueOf(Math.abs(exponent)).toCharArray()) {
      out.append(SUPERSCRIPTS.charAt(digit - '0'));
    }
    return out.toString();
  }

  static String percent(double part) {
    return String.format(Locale.ROOT, part < 0.0995 ? "%.1f %%" : "%.0f %%", part * 100);
  }

  static String bytes(double bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
    int unit = 0;
    double value = bytes;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return number(value) + " " + units[unit];
  }

  static String time(Duration time) {
    double nanos = time.toNanos();
    if (nanos == 0) {
      return "0";
    }
    if (nanos < 1e3) {
      return plain(nanos) + " ns";
    }
    if (nanos < 1e6) {
      return plain(nanos / 1e3) + " µs";
    }
    if (nanos < 1e9) {
      return plain(nanos / 1e6) + " ms";
    }
    if (nanos < 120e9) {
      return plain(nanos / 1e9) + " s";
    }
    return nanos < 3600e9 ? plain(nanos / 60e9) + " min" : plain(nanos / 3600e9) + " h";
  }

  /** The cap as people say it. */
  static String cap(Duration cap) {
    return cap.equals(Duration.ofHours(1)) ? "an hour" : time(cap);
  }
}

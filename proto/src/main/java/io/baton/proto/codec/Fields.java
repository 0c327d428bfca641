package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The checks that the codecs share. Paths of nested fields are put together only when a check
 * fails, so that a good frame costs no string.
 */
final class Fields {

  private static final int SHOWN_CHARS = 64;
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

  /** Decodes one nested message. */
  @FunctionalInterface
  interface Decoder<W, T> {
    T decode(W wire) throws MalformedFrameException;
  }

  private Fields() {}

  static void present(boolean present, String field) throws MalformedFrameException {
    if (!present) {
      throw new MalformedFrameException(field, "missing");
    }
  }

  /** A uint32 that an int can hold. */
  static int unsigned(String field, int uint32) throws MalformedFrameException {
    if (uint32 < 0) {
      throw new MalformedFrameException(
          field, Integer.toUnsignedString(uint32) + " is beyond " + Integer.MAX_VALUE);
    }
    return uint32;
  }

  /** A uint64 that a long can hold. */
  static long unsigned(String field, long uint64) throws MalformedFrameException {
    if (uint64 < 0) {
      throw new MalformedFrameException(
          field, Long.toUnsignedString(uint64) + " is beyond " + Long.MAX_VALUE);
    }
    return uint64;
  }

  static void atMost(String field, int count, int max) throws MalformedFrameException {
    if (count > max) {
      throw new MalformedFrameException(field, "%d entries; at most %d".formatted(count, max));
    }
  }

  /** A string that is not empty and takes at most {@code maxBytes} in UTF-8. */
  static String text(String field, ByteString utf8, String value, int maxBytes)
      throws MalformedFrameException {
    present(!utf8.isEmpty(), field);
    if (utf8.size() > maxBytes) {
      throw new MalformedFrameException(
          field, "%d bytes, %s; at most %d".formatted(utf8.size(), quoted(value), maxBytes));
    }
    return value;
  }

  /** A peer's string for an error message: in quotes, cut short, and unable to forge a log line. */
  static String quoted(String value) {
    boolean whole = value.length() <= SHOWN_CHARS;
    String shown = printable(whole ? value : value.substring(0, SHOWN_CHARS));
    return "\"" + shown + (whole ? "\"" : "...\"");
  }

  /** A peer's words, unable to forge a log line. */
  static String printable(String value) {
    return CONTROL.matcher(value).replaceAll("?");
  }

  static <W, T> T nested(String field, boolean present, W wire, Decoder<W, T> decoder)
      throws MalformedFrameException {
    present(present, field);
    try {
      return decoder.decode(wire);
    } catch (MalformedFrameException e) {
      throw e.in(field);
    }
  }

  static <W, T> T element(String field, int index, W wire, Decoder<W, T> decoder)
      throws MalformedFrameException {
    try {
      return decoder.decode(wire);
    } catch (MalformedFrameException e) {
      throw e.in(field + "[" + index + "]");
    }
  }

  /** Builds a record whose constructor refuses what it must not hold. */
  static <T> T built(String field, Supplier<T> constructor) throws MalformedFrameException {
    try {
      return constructor.get();
    } catch (IllegalArgumentException e) {
      throw new MalformedFrameException(field, String.valueOf(e.getMessage()));
    }
  }
}

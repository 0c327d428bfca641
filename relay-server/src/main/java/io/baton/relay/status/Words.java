package io.baton.relay.status;

import java.util.Locale;

/** Texts as a status has them. */
public final class Words {

  /** Names come from others and may be long; a status has some hundreds of them. */
  private static final int MAX_CHARS = 256;

  private Words() {}

  /** A constant's word. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** The text, or as much of its beginning as a status has room for. */
  static String shortened(String text) {
    if (text.length() <= MAX_CHARS) {
      return text;
    }
    int end = MAX_CHARS - 1;
    return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + "…";
  }
}

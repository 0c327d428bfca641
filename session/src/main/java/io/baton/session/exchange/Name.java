package io.baton.session.exchange;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** What names of groups and of data must be. */
public final class Name {

  public static final int MAX_BYTES = 1024;

  private Name() {}

  /**
   * The name, if it is one.
   *
   * @throws IllegalArgumentException if it is empty, longer than {@value #MAX_BYTES} bytes of
   *     UTF-8, or cannot be encoded
   */
  public static String checked(String what, String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException(what + " is empty");
    }
    try {
      ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
      if (utf8.remaining() > MAX_BYTES) {
        throw new IllegalArgumentException(
            "%s takes %d bytes; at most %d".formatted(what, utf8.remaining(), MAX_BYTES));
      }
      return name;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(what + " is no well-formed text", e);
    }
  }
}

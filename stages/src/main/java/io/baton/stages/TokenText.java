package io.baton.stages;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns tokens into text as they come. A character whose bytes span several tokens comes out with
 * the last of them; bytes that are no UTF-8 come out as U+FFFD. For one thread.
 */
public final class TokenText {

  private final TokenPieces pieces;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** Bytes that begin a character, to be read. */
  private ByteBuffer pending = ByteBuffer.allocate(0);

  TokenText(TokenPieces pieces) {
    this.pieces = pieces;
  }

  /** The text that {@code token} completes; empty where it completes none. */
  public String next(int token) {
    return decode(pieces.bytes(token), false);
  }

  /** Ends the sequence: what is left of an incomplete character. A new sequence may follow. */
  public String finish() {
    String rest = decode(new byte[0], true);
    utf8.reset();
    return rest;
  }

  private String decode(byte[] bytes, boolean last) {
    ByteBuffer input =
        ByteBuffer.allocate(pending.remaining() + bytes.length).put(pending).put(bytes).flip();
    // No more characters than bytes, and a few for those that the decoder itself holds back.
    CharBuffer text = CharBuffer.allocate(input.remaining() + 2);
    utf8.decode(input, text, last);
    if (last) {
      utf8.flush(text);
    }
    pending = input.slice();
    return text.flip().toString();
  }
}

package io.baton.stages;

import com.github.tjake.jlama.safetensors.tokenizer.BPETokenizer;
import com.github.tjake.jlama.safetensors.tokenizer.Tokenizer;
import com.github.tjake.jlama.safetensors.tokenizer.TokenizerModel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The bytes that each token stands for. Jlama's own decoding works token by token on characters,
 * and garbles what spans tokens. Immutable; may be shared by threads.
 */
final class TokenPieces {

  private static final Pattern FALLBACK_BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");
  private static final String SPACE_MARK = "\u2581";

  private final TokenizerModel tokenizer;
  private final Map<Long, String> pieces;
  private final boolean byteLevel;

  TokenPieces(Tokenizer tokenizer, boolean byteLevel) {
    this.tokenizer = tokenizer.getModel();
    this.pieces = this.tokenizer.vocabLookup.inverse();
    this.byteLevel = byteLevel;
  }

  /** The bytes of {@code token}; none for one that is not text, such as the mark of an end. */
  byte[] bytes(int token) {
    String piece = pieces.get((long) token);
    if (piece == null || tokenizer.isSpecialToken((long) token)) {
      return new byte[0];
    }
    if (byteLevel) {
      return ofByteAlphabet(piece);
    }
    Matcher fallback = FALLBACK_BYTE.matcher(piece);
    if (tokenizer.byteFallback && fallback.matches()) {
      return new byte[] {(byte) Integer.parseInt(fallback.group(1), 16)};
    }
    return piece.replace(SPACE_MARK, " ").getBytes(StandardCharsets.UTF_8);
  }

  /** Printable bytes stand for themselves, the others for characters beyond the first 256. */
  private static byte[] ofByteAlphabet(String piece) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(piece.length());
    piece
        .codePoints()
        .forEach(
            c -> {
              int value = BPETokenizer.alteredBytes.inverse().getOrDefault(c, c);
              if (value < 256) {
                bytes.write(value);
              } else {
                // Added tokens are not written in the alphabet.
                bytes.writeBytes(Character.toString(value).getBytes(StandardCharsets.UTF_8));
              }
            });
    return bytes.toByteArray();
  }
}

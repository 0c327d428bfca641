package io.baton.stages;

import java.util.Set;

/**
 * How a tokenizer's tokens are decoded piece by piece.
 *
 * @param anchor a token that can stand for all that came before
 * @param anchorText its text
 */
record TextContext(TextCuts cuts, Set<Integer> byteTokens, int anchor, String anchorText) {

  /** Any model's vocabulary has a word or letter among so many. */
  private static final int SEARCHED = 10_000;

  TextContext {
    byteTokens = Set.copyOf(byteTokens);
  }

  static TextContext of(Tokenizer tokenizer, TokenizerFiles files, int vocabulary) {
    for (int token = 0; token < Math.min(vocabulary, SEARCHED); token++) {
      String text = tokenizer.decode(token);
      if (!files.byteTokens().contains(token)
          && !text.isEmpty()
          && text.codePoints().allMatch(Character::isLetterOrDigit)) {
        return new TextContext(files.cuts(), files.byteTokens(), token, text);
      }
    }
    return new TextContext(TextCuts.NONE, files.byteTokens(), 0, "");
  }

  /** The text of tokens that are not the first of their sequence. */
  String decodeBehind(Tokenizer tokenizer, int... tokens) {
    int[] all = new int[tokens.length + 1];
    all[0] = anchor;
    System.arraycopy(tokens, 0, all, 1, tokens.length);
    return tokenizer.decode(all).substring(anchorText.length());
  }

  /** Whether {@code token} comes out as text; special and unknown ones do not. */
  boolean isText(Tokenizer tokenizer, int token) {
    return !decodeBehind(tokenizer, token).isEmpty();
  }
}

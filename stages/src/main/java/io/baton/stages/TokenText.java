package io.baton.stages;

import java.util.ArrayList;
import java.util.List;

/**
 * Turns tokens into text as they come: what it returns, put together, is what the library makes of
 * all the tokens at once.
 *
 * <p>Tokens are held back until no later one can change their text ({@link TextCuts}). The first
 * text is decoded from the beginning. What follows is decoded behind a token that stands for those
 * before it, since the beginning of a sequence is treated in its own way (a leading blank is lost,
 * for one); that token's own text is taken off again. For one thread.
 */
public final class TokenText {

  private static final String REPLACEMENT = "\ufffd";

  private final Tokenizer tokenizer;
  private final TextContext context;

  /** Tokens whose text has not been returned. */
  private final List<Integer> waiting = new ArrayList<>();

  /** Whether there has been text. */
  private boolean begun;

  /** Whether the last token that is text at all stands for a byte. */
  private boolean inBytes;

  TokenText(Tokenizer tokenizer, TextContext context) {
    this.tokenizer = tokenizer;
    this.context = context;
  }

  /** The text that {@code token} completes; empty where it completes none. */
  public String next(int token) {
    waiting.add(token);
    return switch (context.cuts()) {
      case NONE -> "";
      case TOKENS -> take(decode());
      case CHARACTERS -> {
        String text = decode();
        yield text.endsWith(REPLACEMENT) ? "" : take(text);
      }
      case RUNS_OF_BYTES -> {
        if (context.isText(tokenizer, token)) {
          inBytes = context.byteTokens().contains(token);
        }
        yield inBytes ? "" : take(decode());
      }
    };
  }

  /** Ends the sequence: the text of what was held back. A new sequence may follow. */
  public String finish() {
    String rest = take(decode());
    waiting.clear();
    begun = false;
    inBytes = false;
    return rest;
  }

  private String decode() {
    int[] tokens = waiting.stream().mapToInt(Integer::intValue).toArray();
    return begun ? context.decodeBehind(tokenizer, tokens) : tokenizer.decode(tokens);
  }

  /** A sequence without text so far has not begun: its first token is still to be treated so. */
  private String take(String text) {
    if (begun || !text.isEmpty()) {
      begun = true;
      waiting.clear();
    }
    return text;
  }
}

package io.baton.simulations.world;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Generates tokens one after the other, each from the last output, with detours on the way.
 *
 * @param prompt chooses the tokens of the prompt
 * @param tokens to generate after the prompt: the session is over once it holds all but the last
 */
public record Generation(long prompt, int promptTokens, int tokens, List<Detour> detours)
    implements Application {

  /**
   * Something other than the next token.
   *
   * @param afterRequests how many requests have been accepted when it comes
   * @param back tokens to take back, replaced by one other; 0 for a step of no tokens
   */
  public record Detour(int afterRequests, int back) {}

  public Generation {
    detours = List.copyOf(detours);
    if (promptTokens < 1 || tokens < 1) {
      throw new IllegalArgumentException(
          "a prompt of %d tokens and %d to generate".formatted(promptTokens, tokens));
    }
  }

  public static Generation of(long prompt, int promptTokens, int tokens) {
    return new Generation(prompt, promptTokens, tokens, List.of());
  }

  @Override
  public @Nullable Request next(Transcript transcript) {
    int length = transcript.length();
    if (length == 0) {
      return firstRequest();
    }
    for (Detour detour : detours) {
      if (detour.afterRequests() == transcript.requests()) {
        return detour(detour, length);
      }
    }
    return length >= promptTokens + tokens - 1
        ? null
        : new Request(length, Oracle.nextToken(transcript.output(length - 1)));
  }

  private Request firstRequest() {
    long[] rows = new long[promptTokens];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Oracle.promptToken(prompt, i);
    }
    return new Request(0, rows);
  }

  private Request detour(Detour detour, int length) {
    return detour.back() == 0
        ? new Request(length)
        : new Request(
            Math.max(0, length - detour.back()),
            Oracle.promptToken(prompt, -detour.afterRequests()));
  }

  /** The most tokens that the session ever holds. */
  public int longest() {
    return promptTokens + tokens;
  }
}

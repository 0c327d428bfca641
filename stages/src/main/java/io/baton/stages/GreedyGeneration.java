package io.baton.stages;

import io.baton.session.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/** Continues a prompt with the likeliest tokens, whoever computes the layers. */
public final class GreedyGeneration {

  /**
   * Tokens of a step. A longer prompt is several steps, so that what travels at once stays small
   * whatever the model's width.
   */
  static final int STEP_TOKENS = 256;

  /**
   * A model's layers: all of them, wherever they run.
   *
   * @param <E> what they may fail with
   */
  @FunctionalInterface
  public interface Layers<E extends Exception> {

    /**
     * Runs the tokens at {@code position, position + 1, ...}.
     *
     * @param activations one row a token
     * @return the last layer's output, one row a token
     */
    Tensor forward(int position, Tensor activations) throws E, InterruptedException;
  }

  private GreedyGeneration() {}

  /**
   * Generates until a token ends the sequence, there are {@code maxTokens}, or {@code room} is used
   * up. The prompt is one step for every {@value #STEP_TOKENS} tokens, then each token is one.
   *
   * @param room the most tokens that the layers hold
   * @param prompt the tokens to continue, one at least
   * @param onToken is given each token as it comes
   * @throws IllegalArgumentException if the prompt has more tokens than there is room for
   * @return the tokens, without those of the prompt, and with the one that ended the sequence
   */
  public static <E extends Exception> List<Integer> run(
      ModelEnds ends, int room, int[] prompt, int maxTokens, Layers<E> layers, IntConsumer onToken)
      throws E, InterruptedException {
    List<Integer> tokens = new ArrayList<>();
    int[] input = prompt;
    if (input.length > room) {
      throw new IllegalArgumentException(
          "a prompt of %d tokens, and room for %d".formatted(input.length, room));
    }
    int length = 0;
    while (tokens.size() < maxTokens && (length == 0 || length + input.length <= room)) {
      Tensor last = forward(ends, length, input, layers);
      length += input.length;
      int token = ends.nextToken(last);
      tokens.add(token);
      onToken.accept(token);
      if (ends.isEnd(token)) {
        break;
      }
      input = new int[] {token};
    }
    return List.copyOf(tokens);
  }

  /** Runs the tokens, step by step, and returns the last one's row. */
  private static <E extends Exception> Tensor forward(
      ModelEnds ends, int position, int[] tokens, Layers<E> layers) throws E, InterruptedException {
    int from = 0;
    while (true) {
      int to = Math.min(tokens.length, from + STEP_TOKENS);
      Tensor output =
          layers.forward(position + from, ends.embed(Arrays.copyOfRange(tokens, from, to)));
      if (to == tokens.length) {
        return output.rows(to - from - 1, 1);
      }
      from = to;
    }
  }
}

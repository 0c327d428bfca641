package io.baton.stages;

import io.baton.session.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** Continues a prompt with the likeliest tokens, whoever computes the layers. */
public final class GreedyGeneration {

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
   * up. The prompt is one step, then each token is one.
   *
   * @param room the most tokens that the layers hold
   * @param onToken is given each token as it comes
   * @return the tokens, without those of the prompt, and with the one that ended the sequence
   */
  public static <E extends Exception> List<Integer> run(
      ModelEnds ends, int room, String prompt, int maxTokens, Layers<E> layers, IntConsumer onToken)
      throws E, InterruptedException {
    List<Integer> tokens = new ArrayList<>();
    int[] step = ends.encode(prompt);
    int length = 0;
    while (tokens.size() < maxTokens && (length == 0 || length + step.length <= room)) {
      Tensor output = layers.forward(length, ends.embed(step));
      length += step.length;
      int token = ends.nextToken(output.rows(step.length - 1, 1));
      tokens.add(token);
      onToken.accept(token);
      if (ends.isEnd(token)) {
        break;
      }
      step = new int[] {token};
    }
    return List.copyOf(tokens);
  }
}

package io.baton.stages;

import io.baton.client.stage.StageException;
import io.baton.session.model.SessionId;
import java.util.Collections;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * A model run whole in one process, as the reference for a chain of stages: the same ends, the same
 * steps (the prompt in one, then one for each token), all layers in one shard.
 *
 * <p>For one thread at a time.
 */
public final class UnsplitModel implements AutoCloseable {

  private static final SessionId SESSION = new SessionId(0, 0);

  private final ModelEnds ends;
  private final JlamaStageExecutor layers;

  private UnsplitModel(ModelEnds ends, JlamaStageExecutor layers) {
    this.ends = ends;
    this.layers = layers;
  }

  /**
   * Loads a whole model.
   *
   * @throws ModelException if Jlama cannot load it
   */
  public static UnsplitModel load(ModelDirectory directory) throws ModelException {
    ModelEnds ends = ModelEnds.load(directory);
    try {
      return new UnsplitModel(ends, JlamaStageExecutor.load(directory, 1, 1, 1));
    } catch (ModelException | RuntimeException e) {
      ends.close();
      throw e;
    }
  }

  /** The model's ends; closed with it. */
  public ModelEnds ends() {
    return ends;
  }

  /**
   * Continues {@code prompt} with the likeliest tokens, until one ends the sequence, there are
   * {@code maxTokens}, or the model's context is full.
   *
   * @param onToken is given each token as it comes
   * @return the tokens, without those of the prompt, and with the one that ended the sequence
   * @throws StageException if the prompt is longer than the model's context
   */
  public List<Integer> generate(String prompt, int maxTokens, IntConsumer onToken)
      throws StageException, InterruptedException {
    return generate(ends.encode(prompt), maxTokens, onToken);
  }

  /** Continues a prompt of these tokens. */
  public List<Integer> generate(int[] prompt, int maxTokens, IntConsumer onToken)
      throws StageException, InterruptedException {
    int room = layers.info().maxLength();
    if (prompt.length > room) {
      throw new StageException(
          "the prompt has %d tokens, and the model holds at most %d"
              .formatted(prompt.length, room));
    }
    layers.open(SESSION, room);
    try {
      return GreedyGeneration.run(
          ends,
          room,
          prompt,
          maxTokens,
          (position, activations) ->
              layers.forward(SESSION, position, activations, Collections.emptySortedMap()),
          onToken);
    } finally {
      layers.close(SESSION);
    }
  }

  @Override
  public void close() {
    layers.close();
    ends.close();
  }
}

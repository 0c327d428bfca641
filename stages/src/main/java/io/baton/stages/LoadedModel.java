package io.baton.stages;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.AbstractModel.InferenceType;
import com.github.tjake.jlama.model.DistributedContext;
import com.github.tjake.jlama.safetensors.Config;

/** A part of a model, loaded by Jlama; its weights stay in the files, mapped. */
final class LoadedModel implements AutoCloseable {

  private final AbstractModel jlama;
  private final ModelWeights weights;

  private LoadedModel(AbstractModel jlama, ModelWeights weights) {
    this.jlama = jlama;
    this.weights = weights;
  }

  /**
   * Loads shard {@code shard} (from 0) of {@code shards} equal ones.
   *
   * @throws ModelException if Jlama cannot load it
   */
  static LoadedModel layers(ModelDirectory directory, int shard, int shards) throws ModelException {
    return load(directory, InferenceType.FORWARD_PASS, shard, shards);
  }

  /**
   * Loads what follows the last layer: the norm, and the matrix that makes logits.
   *
   * @throws ModelException if Jlama cannot load it
   */
  static LoadedModel output(ModelDirectory directory) throws ModelException {
    return load(directory, InferenceType.OUTPUT_TO_TOKEN, 0, 1);
  }

  AbstractModel jlama() {
    return jlama;
  }

  ModelWeights weights() {
    return weights;
  }

  @Override
  public void close() {
    jlama.close();
    weights.close();
  }

  private static LoadedModel load(
      ModelDirectory directory, InferenceType part, int shard, int shards) throws ModelException {
    if (!JlamaRuntime.startFor(directory.config().widths())) {
      throw new ModelException(
          directory.path(),
          "with %d threads Jlama would leave out a part of its rows"
              .formatted(JlamaRuntime.threads()));
    }
    ModelWeights weights = ModelWeights.map(directory.path());
    try {
      Config config = JlamaModels.config(directory.config());
      config.setDistributedContext(
          DistributedContext.builder(config)
              .setLayerShard(shard)
              .setNumLayerShards(shards)
              .build());
      return new LoadedModel(
          JlamaModels.load(directory.config().architecture(), part, config, weights), weights);
    } catch (RuntimeException e) {
      weights.close();
      throw new ModelException(
          directory.path(), "Jlama cannot load it: " + rootOf(e).getMessage(), e);
    }
  }

  private static Throwable rootOf(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }
}

package io.baton.stages;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.AbstractModel.InferenceType;
import com.github.tjake.jlama.model.DistributedContext;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.Config;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import java.io.File;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A part of a model, loaded by Jlama; its weights stay in the files, mapped. */
final class LoadedModel implements AutoCloseable {

  private static final Logger logger = LoggerFactory.getLogger(LoadedModel.class);

  private final AbstractModel jlama;

  private LoadedModel(AbstractModel jlama) {
    this.jlama = jlama;
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
   * Loads the two ends and no layers. A shard of one more than there are layers is an empty span,
   * so that Jlama's public "forward of these tokens" returns what enters the first layer: each
   * architecture embeds in its own way, and that way is not public otherwise. Loading both ends at
   * once keeps the one matrix that many models use for both.
   *
   * @throws ModelException if Jlama cannot load it
   */
  static LoadedModel ends(ModelDirectory directory) throws ModelException {
    return load(directory, InferenceType.FULL_GENERATION, 0, directory.layers() + 1);
  }

  AbstractModel jlama() {
    return jlama;
  }

  @Override
  public void close() {
    jlama.close();
    try {
      jlama.getWeights().close();
    } catch (Exception e) {
      logger.warn("Cannot close the files of a model: {}", e.toString());
    }
  }

  private static LoadedModel load(
      ModelDirectory directory, InferenceType part, int shard, int shards) throws ModelException {
    JlamaRuntime.start();
    File path = directory.path().toFile();
    try {
      // The working directory is where Jlama would page keys and values to; Baton asks for none
      // that are paged. Without one, Jlama makes a temporary directory and leaves it behind.
      return new LoadedModel(
          ModelSupport.loadModel(
              part,
              path,
              path,
              DType.F32,
              DType.I8,
              Optional.empty(),
              Optional.empty(),
              Optional.of(config -> shard(directory, config, shard, shards)),
              SafeTensorSupport::loadWeights));
    } catch (RuntimeException e) {
      throw new ModelException(
          directory.path(), "Jlama cannot load it: " + rootOf(e).getMessage(), e);
    }
  }

  private static DistributedContext shard(
      ModelDirectory directory, Config config, int shard, int shards) {
    if (!directory.config().agreesWith(config)) {
      throw new IllegalStateException("config.json is understood in two ways");
    }
    return DistributedContext.builder(config)
        .setLayerShard(shard)
        .setNumLayerShards(shards)
        .build();
  }

  private static Throwable rootOf(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }
}

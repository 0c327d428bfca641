package io.baton.stages;

import com.github.tjake.jlama.model.DistributedContext;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.safetensors.TensorInfo;
import com.github.tjake.jlama.safetensors.WeightLoader;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.FloatBufferTensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights of a model as Jlama maps them, except that those of 16 bits with a short exponent,
 * for which Jlama has no kernels, are always made into 32, and that a tensor is made once however
 * many parts of the model use it.
 */
final class ModelWeights implements WeightLoader {

  private static final Logger logger = LoggerFactory.getLogger(ModelWeights.class);

  private final WeightLoader mapped;
  private final Map<String, AbstractTensor<?, ?>> made = new ConcurrentHashMap<>();

  private ModelWeights(WeightLoader mapped) {
    this.mapped = mapped;
  }

  static ModelWeights map(Path directory) {
    return new ModelWeights(SafeTensorSupport.loadWeights(directory.toFile()));
  }

  @Override
  public AbstractTensor<?, ?> load(
      String name, @Nullable DistributedContext context, boolean rows, boolean columns) {
    return made.computeIfAbsent(name, this::make);
  }

  private AbstractTensor<?, ?> make(String name) {
    AbstractTensor<?, ?> tensor = mapped.load(name);
    return tensor.dType() == DType.F16 ? new FloatBufferTensor(tensor) : tensor;
  }

  /** Of no account: what is computed is said otherwise, and the tensors have types of their own. */
  @Override
  public DType getModelDType() {
    return DType.F32;
  }

  @Override
  public Map<String, String> metadata() {
    return mapped.metadata();
  }

  @Override
  public Map<String, TensorInfo> tensorInfoMap() {
    return mapped.tensorInfoMap();
  }

  @Override
  public void close() {
    made.clear();
    try {
      mapped.close();
    } catch (Exception e) {
      logger.warn("Cannot close the files of a model: {}", e.toString());
    }
  }
}

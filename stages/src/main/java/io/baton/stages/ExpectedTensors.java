package io.baton.stages;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Holds the weights of a model to its configuration. Jlama's kernels do not check bounds: a tensor
 * smaller than the configuration says would be read past its end. And a tensor that is not asked
 * for, such as a bias, would be left out of the computation without a word.
 */
final class ExpectedTensors {

  /** The matrix that makes logits, where it is not that of the embedding. */
  static final String OUTPUT = "lm_head.weight";

  /** Of two bytes, so many elements are read at once; of four, {@link ModelConfig} sees to it. */
  private static final int HALF_LANES = 32;

  /** Derived from the configuration; transformers wrote them once, and never reads them. */
  private static final Pattern DERIVED = Pattern.compile(".*\\.rotary_emb\\.inv_freq");

  private final Path directory;
  private final ModelConfig config;
  private final WeightFiles weights;
  private final Set<String> required = new HashSet<>();

  private ExpectedTensors(Path directory, ModelConfig config, WeightFiles weights) {
    this.directory = directory;
    this.config = config;
    this.weights = weights;
  }

  /** Checks that every tensor that is computed with is there, in its shape, and no other. */
  static void check(Path directory, ModelConfig config, WeightFiles weights) throws ModelException {
    ExpectedTensors expected = new ExpectedTensors(directory, config, weights);
    expected.checkEnds();
    for (int layer = 0; layer < config.layers(); layer++) {
      expected.checkLayer("model.layers." + layer + ".");
    }
    expected.checkNoOther();
  }

  private void checkEnds() throws ModelException {
    require(TokenEmbedding.NAME, config.vocabulary(), config.hidden());
    require("model.norm.weight", config.hidden());
    boolean apart = weights.tensors().containsKey(OUTPUT);
    if (!config.tied() && !apart) {
      throw new ModelException(
          directory,
          "has no tensor " + OUTPUT + ", and config.json does not set tie_word_embeddings");
    }
    if (apart) {
      require(OUTPUT, config.vocabulary(), config.hidden());
    }
    if (apart && config.tied() && !weights.same(OUTPUT, TokenEmbedding.NAME)) {
      throw new ModelException(
          directory,
          "tensor %s is not %s, but config.json sets tie_word_embeddings"
              .formatted(OUTPUT, TokenEmbedding.NAME));
    }
  }

  private void checkLayer(String layer) throws ModelException {
    int hidden = config.hidden();
    int queries = config.attentionWidth();
    int keys = config.keyValueWidth();
    int intermediate = config.intermediate();
    require(layer + "self_attn.q_proj.weight", queries, hidden);
    require(layer + "self_attn.k_proj.weight", keys, hidden);
    require(layer + "self_attn.v_proj.weight", keys, hidden);
    require(layer + "self_attn.o_proj.weight", hidden, queries);
    require(layer + "mlp.gate_proj.weight", intermediate, hidden);
    require(layer + "mlp.up_proj.weight", intermediate, hidden);
    require(layer + "mlp.down_proj.weight", hidden, intermediate);
    require(layer + "input_layernorm.weight", hidden);
    require(layer + "post_attention_layernorm.weight", hidden);
    switch (config.architecture()) {
      case QWEN2 -> {
        require(layer + "self_attn.q_proj.bias", queries);
        require(layer + "self_attn.k_proj.bias", keys);
        require(layer + "self_attn.v_proj.bias", keys);
      }
      case GEMMA2 -> {
        require(layer + "pre_feedforward_layernorm.weight", hidden);
        require(layer + "post_feedforward_layernorm.weight", hidden);
      }
      case LLAMA, MISTRAL, GRANITE, GEMMA -> {}
    }
  }

  private void checkNoOther() throws ModelException {
    for (String name : weights.tensors().keySet()) {
      if (!required.contains(name) && !DERIVED.matcher(name).matches()) {
        throw new ModelException(
            directory,
            "has the tensor %s, which no model of type %s with %d layers computes with here"
                .formatted(name, config.architecture().modelType(), config.layers()));
      }
    }
  }

  private void require(String name, Integer... shape) throws ModelException {
    required.add(name);
    Safetensors.Entry entry = weights.tensors().get(name);
    if (entry == null) {
      throw new ModelException(directory, "has no tensor " + name);
    }
    List<Integer> expected = List.of(shape);
    if (!entry.shape().equals(expected)) {
      throw new ModelException(
          directory,
          "tensor %s has the shape %s, but config.json asks for %s"
              .formatted(name, entry.shape(), expected));
    }
    switch (entry.dtype()) {
      case "F32", "F16" -> {}
      case "BF16" -> checkLanes(name, expected);
      default ->
          throw new ModelException(
              directory,
              "tensor %s has the dtype %s; F32, F16 and BF16 are supported"
                  .formatted(name, entry.dtype()));
    }
    if (entry.end() - entry.begin() >= Integer.MAX_VALUE) {
      throw new ModelException(
          directory, "tensor %s is larger than the 2 GiB that Jlama can map".formatted(name));
    }
  }

  private void checkLanes(String name, List<Integer> shape) throws ModelException {
    if (shape.size() == 2 && shape.get(1) % HALF_LANES != 0) {
      throw new ModelException(
          directory,
          "tensor %s has rows of %d elements of type BF16, which is not a multiple of %d"
              .formatted(name, shape.get(1), HALF_LANES));
    }
  }
}

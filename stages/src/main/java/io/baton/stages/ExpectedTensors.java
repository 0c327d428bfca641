package io.baton.stages;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Holds the weights of a model to its configuration. Jlama's kernels do not check bounds: a tensor
 * smaller than the configuration says would be read past its end.
 */
final class ExpectedTensors {

  /** Values that share one factor in Jlama's quantised formats. */
  private static final int QUANTISED_BLOCK = 32;

  private final Path directory;
  private final ModelConfig config;
  private final Map<String, Safetensors.Entry> tensors;

  private ExpectedTensors(
      Path directory, ModelConfig config, Map<String, Safetensors.Entry> tensors) {
    this.directory = directory;
    this.config = config;
    this.tensors = tensors;
  }

  /** Checks that every tensor that Jlama will ask for is there, in its shape. */
  static void check(Path directory, ModelConfig config, Map<String, Safetensors.Entry> tensors)
      throws ModelException {
    ExpectedTensors expected = new ExpectedTensors(directory, config, tensors);
    expected.checkEnds();
    for (int layer = 0; layer < config.layers(); layer++) {
      expected.checkLayer("model.layers." + layer + ".");
    }
  }

  private void checkEnds() throws ModelException {
    require("model.embed_tokens.weight", config.vocabulary(), config.hidden());
    require("model.norm.weight", config.hidden());
    if (tensors.containsKey("lm_head.weight")) {
      require("lm_head.weight", config.vocabulary(), config.hidden());
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

  private void require(String name, Integer... shape) throws ModelException {
    Safetensors.Entry entry = tensors.get(name);
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
      case "F32", "F16", "BF16" -> {}
      case "Q4", "I8" -> requireFactors(name, expected);
      default ->
          throw new ModelException(
              directory, "tensor %s has the dtype %s".formatted(name, entry.dtype()));
    }
  }

  private void requireFactors(String name, List<Integer> shape) throws ModelException {
    Safetensors.Entry factors = tensors.get(name + ".qb");
    boolean fits =
        factors != null
            && factors.dtype().equals("F32")
            && shape.size() == 2
            && factors.shape().equals(List.of(shape.get(0), shape.get(1) / QUANTISED_BLOCK));
    if (!fits) {
      throw new ModelException(
          directory, "tensor %s is quantised, but its factors are missing".formatted(name));
    }
  }
}

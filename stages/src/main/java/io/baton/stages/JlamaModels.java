package io.baton.stages;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.AbstractModel.InferenceType;
import com.github.tjake.jlama.model.gemma.GemmaModel;
import com.github.tjake.jlama.model.gemma2.Gemma2Model;
import com.github.tjake.jlama.model.granite.GraniteModel;
import com.github.tjake.jlama.model.llama.LlamaModel;
import com.github.tjake.jlama.model.mistral.MistralModel;
import com.github.tjake.jlama.model.qwen2.Qwen2Model;
import com.github.tjake.jlama.safetensors.Config;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.WeightLoader;
import com.github.tjake.jlama.safetensors.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Jlama's models, made from what Baton has read of config.json: Jlama's own reader takes what it
 * does not know for the default, and a key that it does not look for as not there.
 */
final class JlamaModels {

  /** Where texts begin and end, and what their tokens are, is not Jlama's business. */
  private static final int NO_TOKEN = -1;

  private static final @Nullable Tokenizer NO_TOKENIZER = null;

  private JlamaModels() {}

  /** What Jlama computes by; the whole model is one shard. */
  static Config config(ModelConfig model) {
    ModelConfig.Arithmetic arithmetic = model.arithmetic();
    ModelConfig.Scales scales = arithmetic.scales();
    Config config =
        new Config(
            model.context(),
            model.hidden(),
            model.intermediate(),
            model.heads(),
            model.keyValueHeads(),
            model.layers(),
            (float) arithmetic.normEpsilon(),
            model.vocabulary(),
            NO_TOKEN,
            List.of(),
            arithmetic.activation(),
            arithmetic.rotary().base(),
            1.0,
            null,
            model.headSize(),
            scales.logitsCap(),
            scales.attentionCap(),
            scales.residual(),
            scales.attention(),
            null,
            scales.logits());
    if (!(arithmetic.rotary().scaling() instanceof RotaryEmbedding.Unscaled)) {
      rotate(config.ropeFreqs.orElseThrow(), arithmetic.rotary(), model.headSize());
    }
    return config;
  }

  /**
   * Loads the weights that {@code part} needs. All is computed in 32 bits, whatever the weights'
   * own width: left to itself, Jlama rounds to 16 bits before each multiplication by such weights.
   */
  static AbstractModel load(
      Architecture architecture, InferenceType part, Config config, WeightLoader weights) {
    DType computed = DType.F32;
    Optional<DType> kept = Optional.of(DType.F32);
    return switch (architecture) {
      case LLAMA -> new LlamaModel(part, config, weights, NO_TOKENIZER, computed, computed, kept);
      case MISTRAL ->
          new MistralModel(part, config, weights, NO_TOKENIZER, computed, computed, kept);
      case QWEN2 -> new Qwen2Model(part, config, weights, NO_TOKENIZER, computed, computed, kept);
      case GRANITE ->
          new GraniteModel(part, config, weights, NO_TOKENIZER, computed, computed, kept);
      case GEMMA -> new GemmaModel(part, config, weights, NO_TOKENIZER, computed, computed, kept);
      case GEMMA2 -> new Gemma2Model(part, config, weights, NO_TOKENIZER, computed, computed, kept);
    };
  }

  /** Fills Jlama's table, a cosine and a sine for each position and pair of a head's values. */
  private static void rotate(float[][] table, RotaryEmbedding rotary, int headSize) {
    int pairs = headSize / 2;
    float[] frequencies = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      frequencies[i] = (float) rotary.frequency(i, headSize);
    }
    for (int entry = 0; entry < table.length; entry++) {
      int position = entry / pairs;
      float angle = position * frequencies[entry % pairs];
      table[entry][0] = (float) Math.cos(angle);
      table[entry][1] = (float) Math.sin(angle);
    }
  }
}

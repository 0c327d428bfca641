package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.tjake.jlama.math.ActivationFunction;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What config.json says of a model, checked to be something that Jlama computes correctly.
 *
 * @param hidden values in one row of activations
 * @param intermediate values in the hidden layer of the feed-forward blocks
 * @param context positions that the model was made for
 * @param tied whether the rows that stand for tokens make the logits, too
 */
record ModelConfig(
    Architecture architecture,
    int layers,
    int hidden,
    int intermediate,
    int heads,
    int keyValueHeads,
    int headSize,
    int vocabulary,
    int context,
    AttentionWindow window,
    boolean tied,
    Arithmetic arithmetic) {

  /**
   * What is computed with the weights.
   *
   * @param normEpsilon is added to the mean square before its root is taken
   * @param scales of Granite and of Gemma 2
   */
  record Arithmetic(
      RotaryEmbedding rotary,
      ActivationFunction.Type activation,
      double normEpsilon,
      Scales scales) {}

  /**
   * Factors and caps; null where there is none.
   *
   * @param embedding of the rows that stand for tokens
   * @param attention of queries times keys; null for one over the root of the head's size
   * @param logits divides them
   * @param attentionCap bounds queries times keys, by a hyperbolic tangent
   * @param logitsCap bounds the logits
   */
  record Scales(
      @Nullable Float embedding,
      @Nullable Float attention,
      @Nullable Float residual,
      @Nullable Float logits,
      @Nullable Float attentionCap,
      @Nullable Float logitsCap) {}

  /**
   * Jlama's kernels read whole vectors, of up to 512 bits, without looking for the end: a width
   * that is not a multiple of this many floats would be computed with its neighbour's values.
   */
  private static final int LANES = 16;

  /** By transformers' names. */
  private static final Map<String, ActivationFunction.Type> ACTIVATIONS =
      Map.of(
          "silu", ActivationFunction.Type.SILU,
          "swish", ActivationFunction.Type.SILU,
          "gelu_pytorch_tanh", ActivationFunction.Type.GELU_PYTORCH_TANH,
          "gelu_new", ActivationFunction.Type.GELU_PYTORCH_TANH,
          "tanh", ActivationFunction.Type.TANH);

  private static final String ACTIVATION = "hidden_act";
  private static final String GEMMA_ACTIVATION = "gelu_pytorch_tanh";
  private static final String TIED = "tie_word_embeddings";

  /** Values in the queries of one token. */
  int attentionWidth() {
    return heads * headSize;
  }

  /** Values in the keys of one token, and in its values. */
  int keyValueWidth() {
    return keyValueHeads * headSize;
  }

  /** Of all rows that are computed. */
  int[] widths() {
    return new int[] {hidden, intermediate, attentionWidth(), keyValueWidth(), vocabulary};
  }

  /**
   * The most tokens that a session can hold. Jlama rotates the head {@code h} by the angles of
   * position {@code p + 2h}, which changes no result since keys and queries are shifted alike, but
   * its table of angles ends with the context: the last positions of the context are out of reach.
   * So is what lies beyond the first window.
   */
  int usableContext() {
    return Math.min(context - 2 * (keyValueHeads - 1), window.tokens());
  }

  /** Reads and checks {@code json}, the contents of {@code file}. */
  static ModelConfig of(Path file, JsonNode json) throws ModelException {
    return new Reader(new ConfigReader(file, json)).read();
  }

  private record Reader(ConfigReader config) {

    ModelConfig read() throws ModelException {
      Architecture architecture = architecture();
      int hidden = config.positive("hidden_size");
      int heads = config.positive("num_attention_heads");
      int vocabulary = config.positive("vocab_size");
      int layers = config.positive("num_hidden_layers");
      ModelConfig read =
          new ModelConfig(
              architecture,
              layers,
              hidden,
              config.positive("intermediate_size"),
              heads,
              config.positive("num_key_value_heads"),
              headSize(architecture, hidden, heads),
              vocabulary,
              config.positive("max_position_embeddings"),
              AttentionWindow.read(config, architecture, layers),
              tied(architecture),
              new Arithmetic(
                  RotaryEmbedding.read(config),
                  activation(architecture),
                  config.positiveNumber("rms_norm_eps", 1e-6),
                  scales(architecture, hidden)));
      check(read);
      checkNothingElse(architecture);
      return read;
    }

    private Architecture architecture() throws ModelException {
      String type =
          config.text("model_type").orElseThrow(() -> config.problem("has no model_type"));
      return Architecture.ofModelType(type)
          .orElseThrow(
              () ->
                  config.problem(
                      "model_type %s is not supported; these are: %s"
                          .formatted(type, Architecture.supported())));
    }

    private Scales scales(Architecture architecture, int hidden) throws ModelException {
      return switch (architecture) {
        case GRANITE ->
            new Scales(
                factor("embedding_multiplier"),
                factor("attention_multiplier"),
                factor("residual_multiplier"),
                factor("logits_scaling"),
                null,
                null);
        case GEMMA2 ->
            new Scales(
                embedding(hidden),
                (float) (1 / Math.sqrt(config.positiveNumber("query_pre_attn_scalar", 256))),
                null,
                null,
                cap("attn_logit_softcapping", 50),
                cap("final_logit_softcapping", 30));
        case GEMMA -> new Scales(embedding(hidden), null, null, null, null, null);
        case LLAMA, MISTRAL, QWEN2 -> new Scales(null, null, null, null, null, null);
      };
    }

    /** A Gemma's embedding is multiplied by the root of its width. */
    private static float embedding(int hidden) {
      return (float) Math.sqrt(hidden);
    }

    private float factor(String key) throws ModelException {
      return (float) config.positiveNumber(key, 1);
    }

    /** A cap is there unless the file says that there is none. */
    private @Nullable Float cap(String key, double otherwise) throws ModelException {
      return config.json().path(key).isNull()
          ? null
          : Float.valueOf((float) config.positiveNumber(key, otherwise));
    }

    private int headSize(Architecture architecture, int hidden, int heads) throws ModelException {
      if (config.has("head_dim")) {
        return config.positive("head_dim");
      }
      return switch (architecture) {
        case GEMMA, GEMMA2 -> 256;
        case LLAMA, MISTRAL, QWEN2, GRANITE -> hidden / heads;
      };
    }

    private boolean tied(Architecture architecture) throws ModelException {
      return switch (architecture) {
        case GEMMA, GEMMA2 -> {
          if (!config.flag(TIED, true)) {
            throw config.unsupported(TIED, "is not supported: Jlama ties them in a Gemma");
          }
          yield true;
        }
        case LLAMA, MISTRAL, QWEN2, GRANITE -> config.flag(TIED, false);
      };
    }

    private ActivationFunction.Type activation(Architecture architecture) throws ModelException {
      return switch (architecture) {
        // A Gemma may have both names; "gelu" under the older one has always meant this one.
        case GEMMA, GEMMA2 -> {
          String older = config.text(ACTIVATION).orElse(GEMMA_ACTIVATION);
          String newer = config.text("hidden_activation").orElse(GEMMA_ACTIVATION);
          ActivationFunction.Type type = activation("hidden_activation", newer);
          if (type != activation(ACTIVATION, older.equals("gelu") ? GEMMA_ACTIVATION : older)) {
            throw config.problem(
                "hidden_activation \"%s\" and %s \"%s\" differ"
                    .formatted(newer, ACTIVATION, older));
          }
          yield type;
        }
        case LLAMA, MISTRAL, QWEN2, GRANITE ->
            activation(ACTIVATION, config.text(ACTIVATION).orElse("silu"));
      };
    }

    private ActivationFunction.Type activation(String key, String name) throws ModelException {
      ActivationFunction.Type type = ACTIVATIONS.get(name);
      if (type == null) {
        throw config.problem(
            "%s \"%s\" is not supported; these are: %s"
                .formatted(key, name, String.join(", ", new TreeSet<>(ACTIVATIONS.keySet()))));
      }
      return type;
    }

    /** What would change the results, and nobody here computes. */
    private void checkNothingElse(Architecture architecture) throws ModelException {
      if (config.has("quantization_config")) {
        throw config.problem("quantization_config: quantised weights are not supported");
      }
      // Qwen 2 has biases whatever the file says, and they are computed.
      if (architecture != Architecture.QWEN2) {
        checkOff("attention_bias");
      }
      checkOff("mlp_bias");
      checkOff("use_bidirectional_attention");
      if (!config.flag("is_causal", true)) {
        throw config.unsupported("is_causal", "is not supported: tokens look back only");
      }
    }

    private void checkOff(String key) throws ModelException {
      if (config.flag(key, false)) {
        throw config.unsupported(key, "is not supported: Jlama does not compute it");
      }
    }

    private void check(ModelConfig read) throws ModelException {
      multiple("hidden_size", read.hidden(), LANES);
      multiple("intermediate_size", read.intermediate(), LANES);
      multiple("the size of an attention head", read.headSize(), LANES);
      multiple("num_attention_heads", read.heads(), read.keyValueHeads());
      if ((long) read.heads() * read.headSize() > read.hidden()) {
        throw config.problem(
            "%d heads of %d values are more than hidden_size %d, and Jlama would leave some out"
                .formatted(read.heads(), read.headSize(), read.hidden()));
      }
      if (read.heads() == read.keyValueHeads() && read.attentionWidth() != read.hidden()) {
        throw config.problem(
            "%d heads of %d values are not hidden_size %d, which Jlama needs unless heads share keys"
                .formatted(read.heads(), read.headSize(), read.hidden()));
      }
      if (read.usableContext() <= 0) {
        throw config.problem(
            "max_position_embeddings %d is too little for %d key-value heads"
                .formatted(read.context(), read.keyValueHeads()));
      }
    }

    private void multiple(String what, int value, int unit) throws ModelException {
      if (value % unit != 0) {
        throw config.problem("%s %d is not a multiple of %d".formatted(what, value, unit));
      }
    }
  }
}

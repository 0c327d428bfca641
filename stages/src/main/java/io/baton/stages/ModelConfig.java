package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.tjake.jlama.math.ActivationFunction;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What config.json says of a model, checked to be something that Jlama computes correctly.
 *
 * @param hidden values in one row of activations
 * @param intermediate values in the hidden layer of the feed-forward blocks
 * @param context positions that the model was made for
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

  private static final Set<String> ACTIVATIONS =
      Set.of("silu", "gelu", "tanh", "gelu_pytorch_tanh");

  /** Values in the queries of one token. */
  int attentionWidth() {
    return heads * headSize;
  }

  /** Values in the keys of one token, and in its values. */
  int keyValueWidth() {
    return keyValueHeads * headSize;
  }

  /**
   * The most tokens that a session can hold. Jlama rotates the head {@code h} by the angles of
   * position {@code p + 2h}, which changes no result since keys and queries are shifted alike, but
   * its table of angles ends with the context: the last positions of the context are out of reach.
   */
  int usableContext() {
    return context - 2 * (keyValueHeads - 1);
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
      ModelConfig read =
          new ModelConfig(
              architecture,
              config.positive("num_hidden_layers"),
              hidden,
              config.positive("intermediate_size"),
              heads,
              config.positive("num_key_value_heads"),
              config.has("head_dim") ? config.positive("head_dim") : hidden / heads,
              vocabulary,
              config.positive("max_position_embeddings"),
              new Arithmetic(
                  RotaryEmbedding.read(config),
                  activation(),
                  config.positiveNumber("rms_norm_eps", 1e-6),
                  scales(architecture, hidden)));
      check(read);
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

    private ActivationFunction.Type activation() throws ModelException {
      String name = config.text("hidden_act").orElse("");
      if (!ACTIVATIONS.contains(name)) {
        throw config.problem("hidden_act \"%s\" is not supported".formatted(name));
      }
      return ActivationFunction.Type.valueOf(name.toUpperCase(Locale.ROOT));
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

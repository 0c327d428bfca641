package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.tjake.jlama.safetensors.Config;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

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
    int context) {

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

  /** Whether Jlama, having read the same file, took the same widths from it. */
  boolean agreesWith(Config jlama) {
    return jlama.numberOfLayers == layers
        && jlama.embeddingLength == hidden
        && jlama.hiddenLength == intermediate
        && jlama.attentionLength == attentionWidth()
        && jlama.kvLength == keyValueWidth()
        && jlama.vocabularySize == vocabulary
        && jlama.contextLength == context;
  }

  /** Reads and checks {@code json}, the contents of {@code file}. */
  static ModelConfig of(Path file, JsonNode json) throws ModelException {
    Reader reader = new Reader(file, json);
    Architecture architecture = reader.architecture();
    int hidden = reader.positive("hidden_size");
    int heads = reader.positive("num_attention_heads");
    ModelConfig config =
        new ModelConfig(
            architecture,
            reader.positive("num_hidden_layers"),
            hidden,
            reader.positive("intermediate_size"),
            heads,
            reader.positive("num_key_value_heads"),
            architecture.honoursHeadDim() && json.hasNonNull("head_dim")
                ? reader.positive("head_dim")
                : hidden / heads,
            reader.positive("vocab_size"),
            reader.positive("max_position_embeddings"));
    config.check(reader);
    reader.checkActivation();
    reader.checkTokenIds(config.vocabulary);
    return config;
  }

  private void check(Reader reader) throws ModelException {
    reader.multiple("hidden_size", hidden, LANES);
    reader.multiple("intermediate_size", intermediate, LANES);
    reader.multiple("the size of an attention head", headSize, LANES);
    reader.multiple("num_attention_heads", heads, keyValueHeads);
    if ((long) heads * headSize > hidden) {
      throw reader.problem(
          "%d heads of %d values are more than hidden_size %d, and Jlama would leave some out"
              .formatted(heads, headSize, hidden));
    }
    if (usableContext() <= 0) {
      throw reader.problem(
          "max_position_embeddings %d is too little for %d key-value heads"
              .formatted(context, keyValueHeads));
    }
  }

  private record Reader(Path file, JsonNode json) {

    ModelException problem(String problem) {
      return new ModelException(file, problem);
    }

    Architecture architecture() throws ModelException {
      JsonNode type = json.path("model_type");
      if (!type.isTextual()) {
        throw problem("has no model_type");
      }
      return Architecture.ofModelType(type.textValue())
          .orElseThrow(
              () ->
                  problem(
                      "model_type %s is not supported; these are: %s"
                          .formatted(type.textValue(), Architecture.supported())));
    }

    int positive(String field) throws ModelException {
      JsonNode value = json.path(field);
      if (!value.isInt() || value.intValue() <= 0) {
        throw problem(
            "%s must be a positive integer, not %s"
                .formatted(field, value.isMissingNode() ? "missing" : value));
      }
      return value.intValue();
    }

    void multiple(String what, int value, int unit) throws ModelException {
      if (value % unit != 0) {
        throw problem("%s %d is not a multiple of %d".formatted(what, value, unit));
      }
    }

    void checkActivation() throws ModelException {
      String activation = json.path("hidden_act").asText("");
      if (!ACTIVATIONS.contains(activation.toLowerCase(Locale.ROOT))) {
        throw problem("hidden_act \"%s\" is not supported".formatted(activation));
      }
    }

    void checkTokenIds(int vocabulary) throws ModelException {
      JsonNode end = json.path("eos_token_id");
      if (end.isMissingNode() || end.isNull() || (end.isArray() && end.isEmpty())) {
        throw problem("has no eos_token_id");
      }
      for (JsonNode id : end.isArray() ? end : Set.of(end)) {
        checkTokenId("eos_token_id", id, vocabulary);
      }
      if (json.hasNonNull("bos_token_id")) {
        checkTokenId("bos_token_id", json.get("bos_token_id"), vocabulary);
      }
    }

    private void checkTokenId(String field, JsonNode id, int vocabulary) throws ModelException {
      if (!id.isInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
        throw problem(
            "%s %s is not a token of a vocabulary of %d".formatted(field, id, vocabulary));
      }
    }
  }
}

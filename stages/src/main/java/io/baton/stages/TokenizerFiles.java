package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a model's tokenizer files say beyond the vocabulary.
 *
 * @param byteLevel whether the pieces of the vocabulary are written in GPT-2's alphabet, in which
 *     each character stands for a byte
 * @param beginsText whether a text's tokens begin with the token that marks a beginning
 */
record TokenizerFiles(boolean byteLevel, boolean beginsText) {

  private static final String BYTE_LEVEL = "ByteLevel";

  /**
   * @param config the contents of config.json
   */
  static TokenizerFiles read(Path directory, JsonNode config) throws ModelException {
    Path file = directory.resolve("tokenizer.json");
    if (!Files.exists(file)) {
      throw new ModelException(directory, "holds no tokenizer.json");
    }
    JsonNode json = Json.readObject(file);
    JsonNode vocabulary = json.path("model").path("vocab");
    if (!vocabulary.isObject() || vocabulary.isEmpty()) {
      throw new ModelException(file, "has no model.vocab");
    }
    return new TokenizerFiles(
        mentions(json.path("decoder"), "decoders")
            || mentions(json.path("pre_tokenizer"), "pretokenizers"),
        beginsText(directory.resolve("tokenizer_config.json"), config));
  }

  private static boolean mentions(JsonNode node, String parts) {
    if (node.path("type").asText().equals(BYTE_LEVEL)) {
      return true;
    }
    for (JsonNode part : node.path(parts)) {
      if (part.path("type").asText().equals(BYTE_LEVEL)) {
        return true;
      }
    }
    return false;
  }

  private static boolean beginsText(Path file, JsonNode config) throws ModelException {
    boolean known = config.hasNonNull("bos_token_id");
    if (!Files.exists(file)) {
      return known;
    }
    JsonNode json = Json.readObject(file);
    boolean asked =
        json.hasNonNull("add_bos_token")
            ? json.get("add_bos_token").asBoolean()
            : json.hasNonNull("bos_token");
    if (asked && !known) {
      throw new ModelException(file, "asks for a first token, but config.json has no bos_token_id");
    }
    return asked;
  }
}

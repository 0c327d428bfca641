package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What tokenizer_config.json says beyond tokenizer.json.
 *
 * @param frame what stands around a text, if the file says it. As in transformers, {@code
 *     add_bos_token} and {@code add_eos_token} overrule tokenizer.json's post-processor, and where
 *     only one of them is there the other is false
 * @param end the token that ends a text
 */
record TokenizerSettings(Optional<Frame> frame, Optional<Integer> end) {

  static TokenizerSettings read(Path directory, TokenizerFiles.Vocabulary vocabulary)
      throws ModelException {
    Path file = directory.resolve("tokenizer_config.json");
    Path names = directory.resolve("special_tokens_map.json");
    Reader reader =
        new Reader(
            file,
            Files.exists(file) ? Json.readObject(file) : MissingNode.getInstance(),
            Files.exists(names) ? Json.readObject(names) : MissingNode.getInstance(),
            vocabulary);
    return new TokenizerSettings(reader.frame(), reader.token("eos_token"));
  }

  private record Reader(
      Path file, JsonNode json, JsonNode names, TokenizerFiles.Vocabulary vocabulary) {

    Optional<Frame> frame() throws ModelException {
      if (!json.hasNonNull("add_bos_token") && !json.hasNonNull("add_eos_token")) {
        return Optional.empty();
      }
      return Optional.of(
          new Frame(asked("add_bos_token", "bos_token"), asked("add_eos_token", "eos_token")));
    }

    private List<Integer> asked(String flag, String name) throws ModelException {
      JsonNode value = json.path(flag);
      if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
        throw new ModelException(file, "%s must be true or false, not %s".formatted(flag, value));
      }
      if (!value.asBoolean()) {
        return List.of();
      }
      return List.of(
          token(name)
              .orElseThrow(
                  () ->
                      new ModelException(
                          file, "%s is true, and there is no %s".formatted(flag, name))));
    }

    /** The token that a name stands for: its text, or an object with the text as its content. */
    Optional<Integer> token(String name) throws ModelException {
      JsonNode value = json.hasNonNull(name) ? json.get(name) : names.path(name);
      JsonNode text = value.isObject() ? value.path("content") : value;
      if (!text.isTextual()) {
        return Optional.empty();
      }
      return Optional.of(
          vocabulary
              .id(text.textValue())
              .orElseThrow(
                  () ->
                      new ModelException(
                          file,
                          "%s \"%s\" is no token of tokenizer.json"
                              .formatted(name, text.textValue()))));
    }
  }
}

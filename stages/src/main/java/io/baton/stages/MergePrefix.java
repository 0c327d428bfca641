package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * What pieces that continue a word begin with in the merges of a BPE model. The tokenizer library
 * cuts it off without a look at whether it is there, and ends the process if the piece is shorter.
 */
final class MergePrefix {

  private MergePrefix() {}

  /** What is wrong with the model; empty if nothing is. */
  static Optional<String> problem(JsonNode model) {
    String prefix = model.path("continuing_subword_prefix").asText("");
    for (JsonNode merge : model.path("merges")) {
      if (!second(merge).startsWith(prefix)) {
        return Optional.of(
            "its model has merges that do not begin with its continuing_subword_prefix");
      }
    }
    return Optional.empty();
  }

  /** Of a pair, or of two pieces with a blank between them. */
  private static String second(JsonNode merge) {
    return merge.isArray()
        ? merge.path(1).asText()
        : merge.asText().substring(merge.asText().indexOf(' ') + 1);
  }
}

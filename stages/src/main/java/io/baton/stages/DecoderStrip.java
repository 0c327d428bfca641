package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * Decoders that strip the end of each token. The tokenizer library looks for so many letters
 * without counting what there is, and ends the process at a token that is shorter.
 */
final class DecoderStrip {

  private DecoderStrip() {}

  /** What is wrong with a decoder, of whatever type; empty if nothing is. */
  static Optional<String> problem(JsonNode decoder) {
    if (decoder.path("type").asText().equals("Strip") && decoder.path("stop").asInt(1) != 0) {
      return Optional.of("its decoder strips the end of each token, which is not supported");
    }
    for (JsonNode part : decoder.path("decoders")) {
      Optional<String> problem = problem(part);
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }
}

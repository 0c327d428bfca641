package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The templates by which a post-processor puts tokens around a text. The tokenizer library takes a
 * template that names a token without saying its id, and ends the process when it comes to it.
 */
final class TextTemplate {

  private TextTemplate() {}

  /**
   * What is wrong with the templates of a post-processor, of whatever type; empty if nothing is.
   */
  static Optional<String> problem(JsonNode postProcessor) {
    return postProcessor.path("type").asText().equals("TemplateProcessing")
        ? undefined(postProcessor)
        : children(postProcessor.path("processors"))
            .flatMap(part -> problem(part).stream())
            .findFirst();
  }

  private static Optional<String> undefined(JsonNode template) {
    return Stream.of("single", "pair")
        .flatMap(which -> children(template.path(which)))
        .map(piece -> piece.path("SpecialToken").path("id"))
        .filter(id -> !id.isMissingNode())
        .map(JsonNode::asText)
        .filter(id -> !isDefined(id, template.path("special_tokens")))
        .findFirst()
        .map("its post_processor names the special token %s and does not say its ids"::formatted);
  }

  private static boolean isDefined(String id, JsonNode specialTokens) {
    JsonNode token = specialTokens.path(id);
    return !token.path("ids").isEmpty() && token.path("ids").size() == token.path("tokens").size();
  }

  private static Stream<JsonNode> children(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false);
  }
}

package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * JSON that every reader takes. The tokenizer library's takes less than this one, and ends the
 * process where what it does not take stands in a decoder.
 */
final class PlainJson {

  /** Halves of surrogate pairs, which are no text; in pairs they are not matched. */
  static final Pattern LONE_SURROGATE = Pattern.compile("\\p{Cs}");

  /** The library's reader goes down 128 levels. */
  private static final int MAX_DEPTH = 100;

  private PlainJson() {}

  /** What is wrong with it; empty if nothing is. */
  static Optional<String> problem(JsonNode node) {
    return Optional.ofNullable(problem(node, 0));
  }

  private static @Nullable String problem(JsonNode node, int depth) {
    if (depth > MAX_DEPTH) {
      return "is nested more than %d deep".formatted(MAX_DEPTH);
    }
    if (node.isTextual()) {
      return textProblem(node.textValue());
    }
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      return "holds a number that is too large";
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      String problem = textProblem(field.getKey());
      if (problem != null) {
        return problem;
      }
    }
    for (JsonNode child : node) {
      String problem = problem(child, depth + 1);
      if (problem != null) {
        return problem;
      }
    }
    return null;
  }

  private static @Nullable String textProblem(String text) {
    return LONE_SURROGATE.matcher(text).find()
        ? "holds half of a letter (\\ud800 to \\udfff)"
        : null;
  }
}

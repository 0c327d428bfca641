package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Where a sequence of tokens can be cut so that no later token changes the text before the cut, by
 * the decoder that tokenizer.json names. Between cuts text is held back.
 */
enum TextCuts {
  /** Decodes token by token: after each. */
  TOKENS,
  /** Joins the bytes of all tokens: after a whole character. */
  CHARACTERS,
  /**
   * Joins bytes that stand next to each other, and replaces all of them if together they are no
   * text: after a token that is no byte.
   */
  RUNS_OF_BYTES,
  /** Not known to have any: the text comes in the end. */
  NONE;

  private static final Set<String> BYTE_LEVEL = Set.of("ByteLevel", "Fuse");

  /** Each of them works on one token, whatever stands beside it, or on the beginning alone. */
  private static final Set<String> BY_TOKEN = Set.of("Metaspace", "Replace", "Strip", "Fuse");

  static TextCuts of(JsonNode decoder) {
    if (decoder.isMissingNode() || decoder.isNull()) {
      return TOKENS;
    }
    List<JsonNode> parts =
        decoder.path("type").asText().equals("Sequence")
            ? StreamSupport.stream(decoder.path("decoders").spliterator(), false).toList()
            : List.of(decoder);
    Set<String> types =
        parts.stream().map(part -> part.path("type").asText()).collect(Collectors.toSet());
    if (types.contains("ByteLevel")) {
      return BYTE_LEVEL.containsAll(types) ? CHARACTERS : NONE;
    }
    if (changesWhatIsJoined(parts)) {
      return NONE;
    }
    boolean bytes = types.remove("ByteFallback");
    return !BY_TOKEN.containsAll(types) ? NONE : bytes ? RUNS_OF_BYTES : TOKENS;
  }

  /** Whether something is replaced across tokens, or cut off at the end of all. */
  private static boolean changesWhatIsJoined(List<JsonNode> parts) {
    boolean joined = false;
    for (JsonNode part : parts) {
      switch (part.path("type").asText()) {
        case "Fuse" -> joined = true;
        case "Strip" -> {
          if (joined && part.path("stop").asInt() > 0) {
            return true;
          }
        }
        case "Replace", "Metaspace", "ByteFallback" -> {
          if (joined) {
            return true;
          }
        }
        default -> {}
      }
    }
    return false;
  }
}

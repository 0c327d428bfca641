package io.baton.stages;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads JSON objects strictly: one object, no key twice. */
final class Json {

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  private Json() {}

  /** The object that {@code file} holds. */
  static JsonNode readObject(Path file) throws ModelException {
    try {
      return parseObject(file, "", Files.readAllBytes(file));
    } catch (IOException e) {
      throw new ModelException(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * The object in {@code bytes}.
   *
   * @param part names the part of {@code file} that the bytes are, for the message; empty for all
   */
  static JsonNode parseObject(Path file, String part, byte[] bytes) throws ModelException {
    String subject = part.isEmpty() ? "" : part + " ";
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isObject()) {
        throw new ModelException(file, subject + "is not a JSON object");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw new ModelException(
          file, subject + "is not JSON: " + withoutLineBreaks(e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new ModelException(file, subject + "cannot be read: " + e.getMessage(), e);
    }
  }

  /** The same bytes for equal objects, whatever the order of their keys and their white space. */
  static byte[] canonical(Path file, JsonNode object) throws ModelException {
    try {
      return MAPPER.writeValueAsBytes(MAPPER.treeToValue(object, Object.class));
    } catch (JsonProcessingException e) {
      throw new ModelException(file, "cannot be written as JSON", e);
    }
  }

  private static String withoutLineBreaks(String message) {
    return message.replaceAll("\\s+", " ").strip();
  }
}

package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads the values of one JSON object, each of its kind or refused by the key's name.
 *
 * @param file the file that holds the object, for messages
 * @param path the names that lead to the object, each followed by a dot; empty for the whole file
 */
record ConfigReader(Path file, String path, JsonNode json) {

  ConfigReader(Path file, JsonNode json) {
    this(file, "", json);
  }

  ModelException problem(String problem) {
    return new ModelException(file, problem);
  }

  /** The refusal of a key's value. */
  ModelException unsupported(String key, String why) {
    return problem("%s%s %s %s".formatted(path, key, json.path(key), why));
  }

  /** Whether the key is there with a value other than null. */
  boolean has(String key) {
    return json.hasNonNull(key);
  }

  int positive(String key) throws ModelException {
    JsonNode value = json.path(key);
    if (!value.isInt() || value.intValue() <= 0) {
      throw mustBe(key, "a positive integer");
    }
    return value.intValue();
  }

  double positiveNumber(String key) throws ModelException {
    double value = json.path(key).asDouble();
    if (!json.path(key).isNumber() || !(value > 0) || Double.isInfinite(value)) {
      throw mustBe(key, "a positive number");
    }
    return value;
  }

  double positiveNumber(String key, double otherwise) throws ModelException {
    return has(key) ? positiveNumber(key) : otherwise;
  }

  boolean flag(String key, boolean otherwise) throws ModelException {
    if (!has(key)) {
      return otherwise;
    }
    if (!json.get(key).isBoolean()) {
      throw mustBe(key, "true or false");
    }
    return json.get(key).booleanValue();
  }

  Optional<String> text(String key) throws ModelException {
    if (!has(key)) {
      return Optional.empty();
    }
    if (!json.get(key).isTextual()) {
      throw mustBe(key, "a text");
    }
    return Optional.of(json.get(key).textValue());
  }

  /** The object that stands under the key. */
  Optional<ConfigReader> object(String key) throws ModelException {
    if (!has(key)) {
      return Optional.empty();
    }
    if (!json.get(key).isObject()) {
      throw mustBe(key, "an object");
    }
    return Optional.of(new ConfigReader(file, path + key + ".", json.get(key)));
  }

  private ModelException mustBe(String key, String what) {
    JsonNode value = json.path(key);
    return problem(
        "%s%s must be %s, not %s"
            .formatted(path, key, what, value.isMissingNode() ? "missing" : value));
  }
}

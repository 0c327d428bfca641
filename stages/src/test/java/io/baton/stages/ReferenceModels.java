package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * Small models and what Hugging Face transformers computes with them; {@code
 * src/test/python/reference_models.py} makes both.
 */
final class ReferenceModels {

  private static final ObjectMapper JSON = new ObjectMapper();

  private ReferenceModels() {}

  /**
   * @param logits after the prompt, and after the last but one of the tokens
   */
  record Case(
      String name,
      String weights,
      ObjectNode config,
      List<Integer> prompt,
      List<Integer> tokens,
      List<float[]> logits) {

    /** Writes the model's directory. */
    Path write(Path directory) throws IOException {
      copy(weights, directory.resolve("model.safetensors"));
      copy("tokenizer.json", directory.resolve("tokenizer.json"));
      JSON.writeValue(directory.resolve("config.json").toFile(), config);
      return directory;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** All of them. */
  static List<Case> cases() throws IOException {
    List<Case> cases = new ArrayList<>();
    try (InputStream in = resource("cases.json")) {
      for (JsonNode node : JSON.readTree(in)) {
        cases.add(
            new Case(
                node.get("name").textValue(),
                node.get("weights").textValue(),
                (ObjectNode) node.get("config"),
                ints(node.get("prompt")).boxed().toList(),
                ints(node.get("tokens")).boxed().toList(),
                List.of(floats(node.get("logits").get(0)), floats(node.get("logits").get(1)))));
      }
    }
    return cases;
  }

  /** The one of that name, with a configuration of its own that may be changed. */
  static Case named(String name) throws IOException {
    return cases().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
  }

  private static IntStream ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue);
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }

  private static void copy(String name, Path to) throws IOException {
    try (InputStream in = resource(name)) {
      Files.copy(in, to);
    }
  }

  private static InputStream resource(String name) {
    InputStream in = ReferenceModels.class.getResourceAsStream("/reference/" + name);
    assertThat(in).as(name).isNotNull();
    return in;
  }
}

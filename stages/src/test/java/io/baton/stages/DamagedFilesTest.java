package io.baton.stages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The files beside the weights, damaged at random: they are refused in a sentence, or what is said
 * with them is text. A failure prints the seed.
 */
@Timeout(120)
class DamagedFilesTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int CUTS = 20;
  private static final int SEEDS = 150;
  private static final String TEXT = "Ana l\u00e4uft \ud83c\udfc3 2 laps\n\n  \u0000<|im_start|>";

  /** Of every kind, and beyond every bound. */
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "-1",
          "0",
          "1.5",
          "1e308",
          "-9223372036854775808",
          "2147483648",
          "18446744073709551616",
          "\"\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"(\"",
          "[]",
          "[null]",
          "[[[[]]]]",
          "{}",
          "{\"type\":null}",
          "{\"type\":\"Sequence\"}",
          "{\"type\":\"ByteLevel\"}",
          "\"" + "x".repeat(100_000) + "\"");

  @TempDir private Path directory;

  @BeforeEach
  void copy() throws IOException {
    DemoModel.copyTo(directory);
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [1]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json"
      })
  void file_cutAnywhere_isRefusedInASentence(String name) throws Exception {
    byte[] whole = Files.readAllBytes(directory.resolve(name));
    for (int i = 0; i < CUTS; i++) {
      int length = (int) ((long) whole.length * i / CUTS);
      Files.write(directory.resolve(name), Arrays.copyOf(whole, length));
      String problem = use(name + " cut at " + length);
      assertThat(problem).as("%s cut at %d", name, length).contains(name).doesNotContain("\n");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json"
      })
  void file_withAnyValueChanged_isRefusedInASentenceOrMeansSomething(String name) throws Exception {
    String whole = Files.readString(directory.resolve(name));
    for (int seed = 0; seed < SEEDS; seed++) {
      Files.writeString(directory.resolve(name), changed(whole, seed));
      assertThat(use(name + ", seed " + seed)).as("%s, seed %d", name, seed).doesNotContain("\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen2.5", "mistral-metaspace", "gemma", "deepseek-v3"})
  void tokenizer_ofAFamilyWithAnyValueChanged_isRefusedInASentenceOrMeansSomething(String family)
      throws Exception {
    String whole;
    try (InputStream in = getClass().getResourceAsStream("tokenizers/" + family + ".json")) {
      whole = new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
    }
    Path file = directory.resolve("tokenizer.json");
    for (int seed = 0; seed < SEEDS / 3; seed++) {
      Files.writeString(file, changed(whole, seed));
      String what = family + ", seed " + seed;
      try (Tokenizer tokenizer = Tokenizer.load(file)) {
        speak(what, tokenizer);
      } catch (ModelException e) {
        assertThat(e.getMessage()).as(what).startsWith(file.toString()).doesNotContain("\n");
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "post_processor|{\"type\":\"TemplateProcessing\",\"single\":"
            + "[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}"
            + "|its post_processor names the special token <s>",
        "decoder|{\"type\":\"\\ud800\"}|holds half of a letter",
        "decoder|{\"type\":\"Strip\",\"content\":\"a\",\"start\":0,\"stop\":9}|its decoder strips the end",
        "decoder|{\"type\":1e999}|holds a number that is too large",
        "model|{\"type\":\"BPE\",\"continuing_subword_prefix\":\"##\","
            + "\"vocab\":{\"a\":0},\"merges\":[\"a a\"]}|merges that do not begin",
      })
  void tokenizer_atWhichTheLibraryWouldEndTheProcess_isRefused(
      String part, String value, String problem) throws Exception {
    ObjectNode json = (ObjectNode) MAPPER.readTree(directory.resolve("tokenizer.json").toFile());
    json.put(part, "HERE");
    Files.writeString(
        directory.resolve("tokenizer.json"), json.toString().replace("\"HERE\"", value));
    assertThat(use(part)).contains(problem);
  }

  @Test
  void file_nestedDeeply_isRefusedInASentence() throws Exception {
    for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
      Path file = directory.resolve(name);
      byte[] whole = Files.readAllBytes(file);
      Files.writeString(file, "[".repeat(200_000));
      assertThat(use(name)).contains(name);
      Files.writeString(file, "{\"a\":".repeat(200_000) + "1" + "}".repeat(200_000));
      assertThat(use(name)).contains(name);
      Files.write(file, whole);
    }
  }

  /** What is wrong with the model; empty if nothing is. */
  private String use(String what) {
    try (ModelEnds ends = ModelEnds.load(ModelDirectory.open(directory))) {
      int[] tokens = ends.encode(TEXT);
      TokenText text = ends.decoder();
      for (int token : tokens) {
        assertThat(text.next(token)).as(what).isNotNull();
      }
      assertThat(text.finish()).as(what).isNotNull();
      return "";
    } catch (ModelException e) {
      return String.valueOf(e.getMessage());
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError(what, e);
    }
  }

  private static void speak(String what, Tokenizer tokenizer) {
    try {
      assertThat(tokenizer.decode(tokenizer.encode(TEXT, true))).as(what).isNotNull();
    } catch (RuntimeException e) {
      throw new AssertionError(what, e);
    }
  }

  /** With one value of it replaced, left out or doubled. */
  private static String changed(String json, int seed) throws IOException {
    Random random = new Random(seed);
    JsonNode root = MAPPER.readTree(json);
    List<JsonNode> inner = new ArrayList<>();
    collect(root, inner);
    JsonNode chosen = inner.get(random.nextInt(inner.size()));
    JsonNode value = MAPPER.readTree(VALUES.get(random.nextInt(VALUES.size())));
    if (chosen instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.get(random.nextInt(names.size()));
      switch (random.nextInt(4)) {
        case 0 -> object.remove(name);
        case 1 -> object.set(name + name, object.get(name));
        default -> object.set(name, value);
      }
    } else if (chosen instanceof ArrayNode array) {
      int index = random.nextInt(array.size());
      switch (random.nextInt(4)) {
        case 0 -> array.remove(index);
        case 1 -> array.insert(index, array.get(index));
        default -> array.set(index, value);
      }
    }
    return MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII).writeValueAsString(root);
  }

  /** Each list of more than a hundred is as likely as one member of another. */
  private static void collect(JsonNode node, List<JsonNode> into) {
    if (node.isContainerNode() && !node.isEmpty()) {
      into.add(node);
      int followed = 0;
      for (JsonNode child : node) {
        if (followed++ < 100) {
          collect(child, into);
        }
      }
    }
  }
}

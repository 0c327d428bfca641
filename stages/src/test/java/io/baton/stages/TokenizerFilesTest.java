package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the files beside the weights say of beginnings, ends and the tokenizer itself. */
class TokenizerFilesTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;

  @BeforeEach
  void copy() throws IOException {
    DemoModel.copyTo(directory);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "1|-|1",
        "[1, 7]|-|1,7",
        "1|7|7",
        "1|[1, 9]|1,9",
        "null|9|9",
        "1|null|1",
        "1|[]|1",
      })
  void ends_generationConfigThenConfig_all(String model, String generating, String ends)
      throws Exception {
    put("config.json", "eos_token_id", model);
    if (generating != null) {
      Files.writeString(directory.resolve("generation_config.json"), "{}");
      put("generation_config.json", "eos_token_id", generating);
    }
    List<Integer> expected = List.of(ends.split(",")).stream().map(Integer::valueOf).toList();
    assertThat(files().ends()).containsExactlyInAnyOrderElementsOf(expected);
    try (ModelEnds loaded = ModelEnds.load(ModelDirectory.open(directory))) {
      for (int token = 0; token < 258; token++) {
        assertThat(loaded.isEnd(token)).isEqualTo(expected.contains(token));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "config.json|null|config.json: has no eos_token_id, and no generation_config.json has one",
        "config.json|[]|has no eos_token_id",
        "config.json|258|config.json: eos_token_id 258 is not a token of a vocabulary of 258",
        "generation_config.json|258|generation_config.json: eos_token_id 258 is not a token",
        "generation_config.json|-1|eos_token_id -1 is not a token",
        "generation_config.json|\"</s>\"|is not a token",
        "generation_config.json|[1, 1.5]|eos_token_id 1.5 is not a token",
      })
  void ends_impossible_named(String file, String ids, String problem) throws Exception {
    Files.writeString(directory.resolve("generation_config.json"), "{}");
    put(file, "eos_token_id", ids);
    assertRefused(problem);
  }

  @Test
  void contradictions_endsNamedInTwoWays_eachInASentence() throws Exception {
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [5, 6]}");
    assertThat(files().contradictions())
        .containsExactly(
            "config.json has the eos_token_id [1], and generation_config.json has not;"
                + " generation_config.json counts: [5, 6]",
            "tokenizer_config.json has an eos_token with the id 1, which does not end a text;"
                + " generation_config.json counts: [5, 6]");
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [1, 6]}");
    assertThat(files().contradictions()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "-|-|0 67",
        "true|-|0 67",
        "false|-|67",
        "null|null|0 67",
        "-|true|67 1",
        "true|true|0 67 1",
        "-|false|67",
      })
  void encode_beginningAndEnd_asTokenizerConfigElseThePostProcessorSays(
      String begins, String ends, String tokens) throws Exception {
    if (begins != null) {
      put("tokenizer_config.json", "add_bos_token", begins);
    }
    if (ends != null) {
      put("tokenizer_config.json", "add_eos_token", ends);
    }
    assertThat(encode("A")).isEqualTo(tokens);
  }

  @Test
  void encode_beginningOnlyInConfig_none() throws Exception {
    put("tokenizer.json", "post_processor", "null");
    assertThat(encode("A")).isEqualTo("67");
  }

  @Test
  void encode_otherBeginningThanConfigs_thePostProcessors() throws Exception {
    put("config.json", "bos_token_id", "99");
    assertThat(encode("A")).isEqualTo("0 67");
    assertThat(files().contradictions(new Frame(List.of(0), List.of())))
        .containsExactly(
            "config.json has the bos_token_id 99, and the tokenizer puts [0] before a text;"
                + " the tokenizer counts");
  }

  @Test
  void contradictions_framesNamedInTwoWays_inASentence() throws Exception {
    put("tokenizer_config.json", "add_bos_token", "false");
    assertThat(files().contradictions(new Frame(List.of(0), List.of())))
        .containsExactly(
            "tokenizer_config.json asks for the tokens [] before and [] after a text, and"
                + " tokenizer.json for [0] before and [] after it; tokenizer_config.json counts");
    put("tokenizer_config.json", "add_bos_token", "true");
    assertThat(files().contradictions(new Frame(List.of(0), List.of()))).isEmpty();
  }

  @Test
  void encode_tokensNamedInSpecialTokensMap_known() throws Exception {
    put("tokenizer_config.json", "bos_token", "null");
    put("tokenizer_config.json", "add_bos_token", "true");
    assertRefused("tokenizer_config.json: add_bos_token is true, and there is no bos_token");
    Files.writeString(
        directory.resolve("special_tokens_map.json"),
        "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": false}}");
    assertThat(encode("A")).isEqualTo("0 67");
    Files.writeString(directory.resolve("special_tokens_map.json"), "{\"bos_token\": \"<begin>\"}");
    assertRefused("bos_token \"<begin>\" is no token of tokenizer.json");
  }

  @Test
  void open_tokenBeyondTheEmbedding_named() throws Exception {
    edit("tokenizer.json", "\"id\": 1,", "\"id\": 258,");
    assertRefused(
        "tokenizer.json: token \"</s>\" has the id 258, and the model has 258 tokens (vocab_size)");
  }

  @Test
  void open_tokenOfTheVocabularyBeyondTheEmbedding_named() throws Exception {
    edit("tokenizer.json", ": 257", ": 300");
    assertRefused("has the id 300, and the model has 258 tokens");
  }

  @Test
  void open_tokenWithoutId_named() throws Exception {
    edit("tokenizer.json", ": 257", ": \"257\"");
    assertRefused("has the id \"257\", which is none");
  }

  @ParameterizedTest
  @CsvSource({"tokenizer.model", "tekken.json", "vocab.json"})
  void open_tokenizerInAnotherLayout_saysHowToConvert(String name) throws Exception {
    Files.move(directory.resolve("tokenizer.json"), directory.resolve(name));
    assertRefused(
        "holds no tokenizer.json, only a %s: AutoTokenizer.from_pretrained(DIR)".formatted(name));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "normalizer|{\"type\": \"Nonsense\"}|its normalizer Nonsense is not known",
        "pre_tokenizer|{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Guess\"}]}"
            + "|its pre_tokenizer Sequence, Guess is not known to the tokenizer library",
        "pre_tokenizer|{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"},"
            + " \"behavior\": \"Isolated\", \"invert\": false}|its pre_tokenizer Split",
        "post_processor|{\"type\": \"Blessing\"}|its post_processor Blessing is not known",
        "decoder|{\"type\": \"Rot13\"}|its decoder Rot13 is not known",
        "model|{\"type\": \"Oracle\", \"vocab\": {\"a\": 0}}|its model is not known",
      })
  void load_unknownPart_namedBeforeAnythingIsEncoded(String part, String value, String problem)
      throws Exception {
    put("tokenizer.json", part, value);
    ModelDirectory model = ModelDirectory.open(directory);
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ModelEnds.load(model))
        .satisfies(
            e ->
                assertThat(e)
                    .message()
                    .startsWith(directory.resolve("tokenizer.json") + ": " + problem)
                    .doesNotContain("\n"));
  }

  @Test
  void encode_fileThatCutsAndFillsUp_neither() throws Exception {
    put(
        "tokenizer.json",
        "truncation",
        "{\"direction\": \"Right\", \"max_length\": 4, \"strategy\": \"LongestFirst\","
            + " \"stride\": 0}");
    put(
        "tokenizer.json",
        "padding",
        "{\"strategy\": {\"Fixed\": 8}, \"direction\": \"Right\", \"pad_to_multiple_of\": null,"
            + " \"pad_id\": 1, \"pad_type_id\": 0, \"pad_token\": \"</s>\"}");
    assertThat(encode("AB")).isEqualTo("0 67 68");
    assertThat(encode("ABCDEF")).isEqualTo("0 67 68 69 70 71 72");
  }

  private TokenizerFiles files() throws ModelException {
    return ModelDirectory.open(directory).tokenizer();
  }

  private String encode(String text) throws ModelException {
    try (ModelEnds ends = ModelEnds.load(ModelDirectory.open(directory))) {
      return String.join(" ", Arrays.stream(ends.encode(text)).mapToObj(String::valueOf).toList());
    }
  }

  private void assertRefused(String problem) {
    RefusedModel.assertRefused(directory, problem);
  }

  private void put(String name, String key, String value) throws IOException {
    Path file = directory.resolve(name);
    ObjectNode json = (ObjectNode) MAPPER.readTree(file.toFile());
    json.set(key, MAPPER.readTree(value));
    MAPPER.writeValue(file.toFile(), json);
  }

  private void edit(String name, String from, String to) throws IOException {
    Path file = directory.resolve(name);
    String text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
  }
}

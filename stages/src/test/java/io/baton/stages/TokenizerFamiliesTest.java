package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tokenizer files made as those of well-known families are: ids and texts as the library's own
 * (Python) half has them. The files and what is expected are made by {@code
 * src/test/python/tokenizers_expected.py}.
 */
class TokenizerFamiliesTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "llama3, CHARACTERS",
    "qwen2.5, CHARACTERS",
    "mistral-v1, RUNS_OF_BYTES",
    "mistral-metaspace, RUNS_OF_BYTES",
    "mistral-tekken, CHARACTERS",
    "gemma, RUNS_OF_BYTES",
    "falcon3, CHARACTERS",
    "deepseek-qwen, CHARACTERS",
    "deepseek-v3, CHARACTERS",
    "gpt2, CHARACTERS"
  })
  void encodeAndDecode_family_asTheLibrary(String family, TextCuts cuts) throws Exception {
    JsonNode texts = read("texts.json");
    JsonNode expected = read(family + ".expected.json");
    TokenizerFiles files = files(family, expected.path("size").asInt());
    assertThat(files.cuts()).isEqualTo(cuts);
    try (Tokenizer tokenizer = Tokenizer.load(files.file())) {
      TextContext context = TextContext.of(tokenizer, files, expected.path("size").asInt());
      assertThat(context.cuts()).isEqualTo(cuts);
      for (int i = 0; i < texts.size(); i++) {
        String text = texts.get(i).asText();
        int[] ids = ints(expected.path("ids").get(i));
        assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ids);
        assertDecodes(tokenizer, context, ids, expected.path("decoded").get(i).asText());
      }
      for (JsonNode sequence : expected.path("sequences")) {
        assertDecodes(
            tokenizer, context, ints(sequence.path("ids")), sequence.path("decoded").asText());
      }
    }
  }

  /** At once, and token by token, where each token's text comes no later than it must. */
  private static void assertDecodes(
      Tokenizer tokenizer, TextContext context, int[] ids, String expected) {
    assertThat(tokenizer.decode(ids)).isEqualTo(expected);
    TokenText text = new TokenText(tokenizer, context);
    for (int round = 0; round < 2; round++) {
      List<String> parts = new ArrayList<>();
      for (int id : ids) {
        parts.add(text.next(id));
      }
      parts.add(text.finish());
      assertThat(String.join("", parts)).as("%s", parts).isEqualTo(expected);
    }
  }

  @Test
  void next_byteLevel_textComesWithTheTokenThatCompletesIt() throws Exception {
    JsonNode expected = read("llama3.expected.json");
    TokenizerFiles files = files("llama3", expected.path("size").asInt());
    try (Tokenizer tokenizer = Tokenizer.load(files.file())) {
      TextContext context = TextContext.of(tokenizer, files, expected.path("size").asInt());
      TokenText text = new TokenText(tokenizer, context);
      List<Integer> all = new ArrayList<>();
      StringBuilder soFar = new StringBuilder();
      for (int id :
          tokenizer.encode("Zo\u00eb r\u00fcnt: \ud83c\udfc3\u200d\u2640\ufe0f!", false)) {
        all.add(id);
        soFar.append(text.next(id));
        String whole = tokenizer.decode(all.stream().mapToInt(Integer::intValue).toArray());
        if (!whole.endsWith("\ufffd")) {
          assertThat(soFar).hasToString(whole);
        }
      }
    }
  }

  @Test
  void next_lettersSpelledOutInBytes_comeWithTheNextTokenThatIsNone() throws Exception {
    JsonNode expected = read("gemma.expected.json");
    TokenizerFiles files = files("gemma", expected.path("size").asInt());
    try (Tokenizer tokenizer = Tokenizer.load(files.file())) {
      TextContext context = TextContext.of(tokenizer, files, expected.path("size").asInt());
      TokenText text = new TokenText(tokenizer, context);
      int[] ids = tokenizer.encode("a\ud83c\udfc3b", false);
      assertThat(ids).hasSize(6);
      List<String> parts = new ArrayList<>();
      for (int id : ids) {
        parts.add(text.next(id));
      }
      assertThat(parts).containsExactly("a", "", "", "", "", "\ud83c\udfc3b");
      // Bytes that are no text are replaced, each of them, also those that looked like one.
      parts.clear();
      for (int i : new int[] {0, 1, 2, 3, 4, 1, 5}) {
        parts.add(text.next(ids[i]));
      }
      assertThat(parts).containsExactly("a", "", "", "", "", "", "\ufffd\ufffd\ufffd\ufffd\ufffdb");
      assertThat(text.finish()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "null|TOKENS",
        "{\"type\":\"ByteLevel\"}|CHARACTERS",
        "{\"type\":\"Metaspace\"}|TOKENS",
        "{\"type\":\"WordPiece\"}|NONE",
        "{\"type\":\"BPEDecoder\"}|NONE",
        "{\"type\":\"CTC\"}|NONE",
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteLevel\"}]}|CHARACTERS",
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteLevel\"},{\"type\":\"Replace\"}]}|NONE",
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\"},{\"type\":\"Fuse\"}]}|TOKENS",
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Replace\"}]}|NONE",
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},"
            + "{\"type\":\"Strip\",\"start\":0,\"stop\":1}]}|NONE",
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
            + "{\"type\":\"Strip\",\"start\":1,\"stop\":0}]}|RUNS_OF_BYTES",
        "{\"type\":\"Nobody knows\"}|NONE",
      })
  void of_decoder_whereItMayBeCut(String decoder, TextCuts cuts) throws Exception {
    assertThat(TextCuts.of(MAPPER.readTree(decoder))).isEqualTo(cuts);
  }

  @Test
  void next_decoderWithoutCuts_textInTheEnd() throws Exception {
    JsonNode expected = read("gpt2.expected.json");
    TokenizerFiles files = files("gpt2", expected.path("size").asInt());
    try (Tokenizer tokenizer = Tokenizer.load(files.file())) {
      TextContext context = new TextContext(TextCuts.NONE, files.byteTokens(), 0, "");
      TokenText text = new TokenText(tokenizer, context);
      for (int id : tokenizer.encode("Not before the end.", false)) {
        assertThat(text.next(id)).isEmpty();
      }
      assertThat(text.finish()).isEqualTo("Not before the end.");
    }
  }

  @Test
  void encode_halvesOfSurrogatePairs_replacedAlone() throws Exception {
    TokenizerFiles files = files("qwen2.5", read("qwen2.5.expected.json").path("size").asInt());
    try (Tokenizer tokenizer = Tokenizer.load(files.file())) {
      String text = "\u0000 \ud83c\udfc3 \ud83c x \udfc3\ud83c";
      assertThat(tokenizer.decode(tokenizer.encode(text, true)))
          .isEqualTo("\u0000 \ud83c\udfc3 \ufffd x \ufffd\ufffd");
    }
  }

  private TokenizerFiles files(String family, int size) throws IOException, ModelException {
    try (InputStream file = open(family + ".json")) {
      Files.copy(file, directory.resolve("tokenizer.json"));
    }
    return TokenizerFiles.read(directory, MAPPER.readTree("{\"eos_token_id\": 0}"), size);
  }

  private static JsonNode read(String name) throws IOException {
    try (InputStream file = open(name)) {
      return MAPPER.readTree(file);
    }
  }

  private static InputStream open(String name) {
    return Objects.requireNonNull(
        TokenizerFamiliesTest.class.getResourceAsStream("tokenizers/" + name), name);
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).intValue();
    }
    return values;
  }
}

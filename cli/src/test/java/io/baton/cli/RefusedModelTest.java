package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What whoever starts a command sees of a model that is refused: status 3, and one sentence. */
@ExtendWith(Leftovers.class)
class RefusedModelTest {

  @TempDir private Path model;

  @BeforeEach
  void copy() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Baton.model())) {
      for (Path file : files) {
        Files.copy(file, model.resolve(file.getFileName().toString()));
      }
    }
  }

  private List<List<String>> commands() {
    String option = "--model=" + model;
    return List.of(
        List.of("serve", option, "--stage=2/4", "--listen=127.0.0.1:0"),
        List.of("stage", option, "--stage=2/4", "--relay=" + model.resolve("s")),
        List.of("generate", option, "--peers=127.0.0.1:1", "x"),
        List.of("demo", option, "--max-tokens=1"));
  }

  private void assertAllRefuse(String says) {
    for (List<String> command : commands()) {
      Baton.run(command.toArray(String[]::new)).assertFails(ExitCode.MODEL, says);
    }
  }

  private void edit(String file, String what, String with) throws IOException {
    Path path = model.resolve(file);
    String before = Files.readString(path);
    String after = before.replaceFirst(what, with);
    assertThat(after).isNotEqualTo(before);
    Files.writeString(path, after);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0}|yarn",
        "\"attention_bias\": true|attention_bias true is not supported",
        "\"mlp_bias\": true|mlp_bias true is not supported",
        "\"quantization_config\": {}|quantised weights are not supported",
        "\"eos_token_id\": 1e99|is not JSON",
      })
  void eachCommand_configThatIsNotComputed(String line, String says) throws IOException {
    edit("config.json", "\\{", "{" + line + ",");
    assertAllRefuse(says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "normalizer|its normalizer Nonsense is not known",
        "pre_tokenizer|its pre_tokenizer Nonsense is not known",
        "post_processor|its post_processor Nonsense is not known",
        "decoder|its decoder Nonsense is not known",
      })
  void eachCommand_unknownPartOfTheTokenizer_alsoWhereNobodyEncodes(String part, String says)
      throws IOException {
    Path file = model.resolve("tokenizer.json");
    com.fasterxml.jackson.databind.ObjectMapper mapper =
        new com.fasterxml.jackson.databind.ObjectMapper();
    com.fasterxml.jackson.databind.node.ObjectNode json =
        (com.fasterxml.jackson.databind.node.ObjectNode) mapper.readTree(file.toFile());
    json.putObject(part).put("type", "Nonsense");
    mapper.writeValue(file.toFile(), json);
    assertAllRefuse(says);
  }

  @ParameterizedTest
  @CsvSource({"config.json", "tokenizer.json", "model.safetensors"})
  void eachCommand_missingFile(String file) throws IOException {
    Files.delete(model.resolve(file));
    assertAllRefuse(file.equals("model.safetensors") ? "safetensors" : file);
  }

  @Test
  void eachCommand_damagedHeaderOfTheWeights() throws IOException {
    try (RandomAccessFile weights =
        new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
      weights.seek(20);
      weights.writeLong(-1);
    }
    assertAllRefuse("model.safetensors");
  }

  /** Of the real command, once. */
  @Test
  void serve_ofAProcess_unknownPartOfTheTokenizer() throws IOException {
    edit(
        "tokenizer.json",
        "\"decoder\": *(\\{|null)",
        "\"decoder\": {\"type\": \"Nonsense\"}, \"was\": $1");
    try (Launched run =
        Launched.plan().run("serve", "--model=" + model, "--stage=2/4", "--listen=127.0.0.1:0")) {
      run.assertFails(ExitCode.MODEL, "is not known to the tokenizer library");
    }
  }
}

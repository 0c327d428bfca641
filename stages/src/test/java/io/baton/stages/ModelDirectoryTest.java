package io.baton.stages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is damaged is named before Jlama maps it. */
class ModelDirectoryTest {

  private static final String INDEX = "model.safetensors.index.json";

  @TempDir private Path directory;
  private Path weights;

  @BeforeEach
  void copy() throws IOException {
    DemoModel.copyTo(directory);
    weights = directory.resolve("model.safetensors");
  }

  @Test
  void open_demoModel_describesIt() throws Exception {
    ModelDirectory model = ModelDirectory.open(directory);
    assertThat(model.modelId()).matches("llama-8x128-[0-9a-f]{16}");
    assertThat(model.layers()).isEqualTo(8);
    assertThat(model.hiddenSize()).isEqualTo(128);
    assertThat(model.vocabularySize()).isEqualTo(258);
    assertThat(model.contextLength()).isEqualTo(1024);
    assertThat(model.maxLength()).isEqualTo(1022);
    assertThat(model.splits()).isTrue();
  }

  @Test
  void modelId_sameModelElsewhere_same() throws Exception {
    assertThat(ModelDirectory.open(directory).modelId()).isEqualTo(DemoModel.open().modelId());
  }

  @Test
  void modelId_keysOfConfigInOtherOrder_same() throws Exception {
    edit("config.json", "\"vocab_size\": 258,", "");
    edit("config.json", "{", "{\"vocab_size\": 258,");
    assertThat(ModelDirectory.open(directory).modelId()).isEqualTo(DemoModel.open().modelId());
  }

  @Test
  void modelId_otherConfigOrOtherWeights_differs() throws Exception {
    String original = DemoModel.open().modelId();
    overwrite(weights, Files.size(weights) - 4, new byte[] {1, 2, 3, 4});
    String otherWeights = ModelDirectory.open(directory).modelId();
    edit("config.json", "10000.0", "10001.0");
    String otherConfig = ModelDirectory.open(directory).modelId();
    assertThat(Arrays.asList(original, otherWeights, otherConfig)).doesNotHaveDuplicates();
  }

  @Test
  void modelId_anyByteOfTheWeightsDamaged_differs() throws Exception {
    Set<String> ids = new HashSet<>(Set.of(ModelDirectory.open(directory).modelId()));
    byte[] whole = Files.readAllBytes(weights);
    int data = 8 + ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt();
    for (int position = data; position < whole.length; position += whole.length / 20) {
      overwrite(weights, position, new byte[] {(byte) (whole[position] ^ 1)});
      assertThat(ids.add(ModelDirectory.open(directory).modelId()))
          .as("byte %d", position)
          .isTrue();
      overwrite(weights, position, new byte[] {whole[position]});
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json"
      })
  void modelId_otherTokens_differs(String name) throws Exception {
    String original = ModelDirectory.open(directory).modelId();
    Path file = directory.resolve(name);
    Files.writeString(file, (Files.exists(file) ? Files.readString(file) : "{}") + "\n");
    assertThat(ModelDirectory.open(directory).modelId()).isNotEqualTo(original);
  }

  @Test
  void open_noSuchDirectory_named() {
    Path missing = directory.resolve("missing");
    assertRefused(missing, missing, "no such directory");
  }

  @Test
  void open_file_refused() {
    assertRefused(weights, weights, "is not a directory");
  }

  @ParameterizedTest
  @CsvSource({
    "config.json, holds no config.json",
    "tokenizer.json, holds no tokenizer.json",
    "model.safetensors, holds neither model.safetensors nor model.safetensors.index.json"
  })
  void open_fileMissing_named(String name, String problem) throws Exception {
    Files.delete(directory.resolve(name));
    assertRefused(directory, directory, problem);
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "tokenizer.json", "tokenizer_config.json"})
  void open_notJson_named(String name) throws Exception {
    for (String text : new String[] {"", "{", "[]", "{} {}", "{\"a\":1,\"a\":2}", "\u0000"}) {
      Files.writeString(directory.resolve(name), text);
      assertRefused(directory, directory.resolve(name), "");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"llama\"|\"bert\"|model_type bert is not supported; these are: llama, mistral, qwen2,",
        "\"model_type\"|\"type\"|has no model_type",
        "\"hidden_size\": 128|\"hidden_size\": 0|hidden_size must be a positive integer, not 0",
        "\"hidden_size\": 128|\"hidden_size\": \"128\"|hidden_size must be a positive integer",
        "\"hidden_size\": 128|\"hidden_size\": 1e99|hidden_size must be a positive integer",
        "\"num_key_value_heads\"|\"x\"|num_key_value_heads must be a positive integer, not missing",
        "\"num_key_value_heads\": 2|\"num_key_value_heads\": 3|is not a multiple of 3",
        "\"num_attention_heads\": 4|\"num_attention_heads\": 16|attention head 8 is not a multiple",
        "\"silu\"|\"relu\"|hidden_act \"relu\" is not supported",
        "\"eos_token_id\": 1|\"eos_token_id\": null|has no eos_token_id",
        "\"eos_token_id\": 1|\"eos_token_id\": [1, 258]|eos_token_id 258 is not a token",
        "\"max_position_embeddings\": 1024|\"max_position_embeddings\": 2|is too little"
      })
  void open_configImpossible_named(String from, String to, String problem) throws Exception {
    edit("config.json", from, to);
    assertRefused(directory, directory.resolve("config.json"), problem);
  }

  @ParameterizedTest
  @CsvSource({
    "\"num_hidden_layers\": 8, \"num_hidden_layers\": 9, has no tensor model.layers.8.",
    "\"vocab_size\": 258, \"vocab_size\": 300, tensor model.embed_tokens.weight has the shape",
    "\"intermediate_size\": 256, \"intermediate_size\": 512, mlp.gate_proj.weight has the shape"
  })
  void open_weightsUnlikeConfig_named(String from, String to, String problem) throws Exception {
    edit("config.json", from, to);
    assertRefused(directory, directory, problem);
  }

  @Test
  void open_weightsTruncatedAnywhere_named() throws Exception {
    byte[] whole = Files.readAllBytes(weights);
    for (int length : new int[] {0, 7, 8, 9, 1000, 20_000, whole.length / 2, whole.length - 1}) {
      Files.write(weights, Arrays.copyOf(whole, length));
      assertRefused(directory, weights, length < 20_000 ? "" : "is truncated: tensor ");
    }
  }

  @Test
  void open_weightsWithMoreAtTheEnd_named() throws Exception {
    Files.write(weights, new byte[16], StandardOpenOption.APPEND);
    assertRefused(directory, weights, "is damaged: its tensors take");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40, 4_999_424, 0, 1, 100})
  void open_headerLengthWrong_named(long length) throws Exception {
    overwrite(
        weights, 0, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
    assertRefused(directory, weights, "");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{garbage|its header is not JSON",
        "[]|its header is not a JSON object",
        "{}|holds no tensors",
        "{'__metadata__':{}}|holds no tensors",
        "{'a':7}|has the unknown dtype",
        "{'a':{'dtype':'F31','shape':[1],'data_offsets':[0,4]}}|has the unknown dtype \"F31\"",
        "{'a':{'dtype':'F32','data_offsets':[0,4]}}|has no shape",
        "{'a':{'dtype':'F32','shape':[1]}}|has no data_offsets",
        "{'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}|has the shape [-1]",
        "{'a':{'dtype':'F32','shape':['1'],'data_offsets':[0,4]}}|has the shape",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4]}}|has the data_offsets [4]",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}|takes 4 bytes by its dtype",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[-4,0]}}|takes 4 bytes by its dtype",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}|takes 8 bytes by its dtype F32",
        "{'a':{'dtype':'F32','shape':[2147483647,2147483647,2147483647],'data_offsets':[0,4]}}"
            + "|larger than can be counted",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|ends at byte 16 of 8 bytes",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}|leaves a gap from byte 0",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|take 4 bytes of 8 bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}|overlaps the one up to byte 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|Duplicate field"
      })
  void open_headerDamaged_named(String header, String problem) throws Exception {
    Files.write(weights, safetensors(header.replace('\'', '"'), 8));
    assertRefused(directory, weights, problem);
  }

  @Test
  void open_headerLongerThanJlamaReads_named() throws Exception {
    Files.write(weights, safetensors("{}" + " ".repeat(1 << 20), 8));
    assertRefused(directory, weights, "at most 1048568 can be read");
  }

  @Test
  void open_everyByteOfTheHeaderDamaged_neverAnotherFailure() throws Exception {
    byte[] whole = Files.readAllBytes(weights);
    byte[] start = Arrays.copyOf(whole, 1200);
    for (int i = 0; i < start.length; i += 7) {
      byte[] damaged = {(byte) (start[i] ^ 0x55)};
      overwrite(weights, i, damaged);
      try {
        ModelDirectory.open(directory);
      } catch (ModelException e) {
        assertThat(e).message().startsWith(directory.toString()).doesNotContain("\n");
      }
      overwrite(weights, i, new byte[] {start[i]});
    }
  }

  @Test
  void open_indexed_sameTensors() throws Exception {
    writeIndex("model.safetensors");
    assertThat(ModelDirectory.open(directory).layers()).isEqualTo(8);
    JlamaStageExecutor.load(ModelDirectory.open(directory), 1, 4, 1).close();
  }

  @ParameterizedTest
  @CsvSource({
    "gone.safetensors, 'names the file gone.safetensors, which is missing'",
    "../config.json, names the file",
    "'', names the file"
  })
  void open_indexWithFileMissing_named(String file, String problem) throws Exception {
    writeIndex(file);
    assertRefused(directory, directory.resolve(INDEX), problem);
  }

  @Test
  void open_indexWithTensorMissing_named() throws Exception {
    writeIndex("model.safetensors");
    edit(INDEX, "lm_head", "tail");
    assertRefused(directory, directory.resolve(INDEX), "which lacks it");
  }

  @Test
  void open_indexWithoutMap_named() throws Exception {
    Files.writeString(directory.resolve(INDEX), "{\"metadata\":{}}");
    assertRefused(directory, directory.resolve(INDEX), "lacks metadata or weight_map");
  }

  @Test
  void open_tokenizerWithoutVocabulary_named() throws Exception {
    Files.writeString(directory.resolve("tokenizer.json"), "{\"model\":{}}");
    assertRefused(directory, directory.resolve("tokenizer.json"), "has no model.vocab");
  }

  private static void assertRefused(Path opened, Path named, String problem) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ModelDirectory.open(opened))
        .satisfies(
            e ->
                assertThat(e)
                    .message()
                    .startsWith(named + ": ")
                    .contains(problem)
                    .doesNotContain("\n"));
  }

  private void writeIndex(String file) throws IOException {
    Files.writeString(
        directory.resolve(INDEX),
        "{\"metadata\":{\"total_size\":1},\"weight_map\":{\"lm_head.weight\":\"" + file + "\"}}");
  }

  private void edit(String name, String from, String to) throws IOException {
    Path file = directory.resolve(name);
    String text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
  }

  private static byte[] safetensors(String header, int data) {
    byte[] json = header.getBytes(UTF_8);
    return ByteBuffer.allocate(8 + json.length + data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .array();
  }

  private static void overwrite(Path file, long position, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), position);
    }
  }
}

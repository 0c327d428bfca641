package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What would be computed otherwise than the files say is refused, by the name of what says it. */
class UnsupportedModelTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama|{'attention_bias':true}|attention_bias true is not supported",
        "granite|{'attention_bias':true}|attention_bias true is not supported",
        "gemma|{'attention_bias':true}|attention_bias true is not supported",
        "gemma2|{'attention_bias':true}|attention_bias true is not supported",
        "llama|{'attention_bias':1}|attention_bias must be true or false, not 1",
        "llama|{'mlp_bias':true}|mlp_bias true is not supported",
        "granite|{'mlp_bias':true}|mlp_bias true is not supported",
        "gemma|{'use_bidirectional_attention':true}|use_bidirectional_attention true is not",
        "gemma2|{'use_bidirectional_attention':true}|use_bidirectional_attention true is not",
        "llama|{'is_causal':false}|is_causal false is not supported",
        "llama|{'quantization_config':{'bits':4}}|quantization_config: quantised weights are not",
        "llama|{'hidden_act':'gelu'}|hidden_act \"gelu\" is not supported; these are: gelu_new,",
        "llama|{'hidden_act':'relu2'}|hidden_act \"relu2\" is not supported",
        "qwen2|{'hidden_act':7}|hidden_act must be a text, not 7",
        "gemma2|{'hidden_activation':'gelu'}|hidden_activation \"gelu\" is not supported",
        "gemma|{'hidden_act':'silu'}|hidden_activation \"gelu_pytorch_tanh\" and hidden_act"
            + " \"silu\"",
        "gemma|{'tie_word_embeddings':false}|tie_word_embeddings false is not supported",
        "gemma2|{'tie_word_embeddings':false}|tie_word_embeddings false is not supported",
        "llama|{'rope_scaling':{'rope_type':'yarn','factor':4.0}}|rope_type \"yarn\" is not"
            + " supported",
        "mistral|{'rope_scaling':{'type':'linear','factor':-4.0}}|rope_scaling.factor must be a"
            + " pos",
        "qwen2|{'rope_scaling':{'type':'dynamic','factor':4}}|rope_type \"dynamic\" is not"
            + " supported",
        "gemma2|{'partial_rotary_factor':0.5}|partial_rotary_factor 0.5 is not supported",
        "granite|{'rope_theta':10000.0,'rope_parameters':{'rope_theta':7}}|rope_theta 7 differ",
        "llama|{'rms_norm_eps':-1e-6}|rms_norm_eps must be a positive number",
        "granite|{'logits_scaling':'2'}|logits_scaling must be a positive number, not \"2\"",
        "gemma2|{'query_pre_attn_scalar':0}|query_pre_attn_scalar must be a positive number, not 0",
        "gemma2|{'attn_logit_softcapping':0}|attn_logit_softcapping must be a positive number",
        "gemma2|{'final_logit_softcapping':-1}|final_logit_softcapping must be a positive number",
        "mistral|{'sliding_window':0}|sliding_window must be a positive integer, not 0",
        "qwen2|{'use_sliding_window':true}|use_sliding_window is true, but there is no"
            + " sliding_window",
        "qwen2|{'layer_types':['full_attention','sliding_attention']}|layer_types has sliding"
            + " layers,",
        "gemma2|{'layer_types':['full_attention']}|layer_types names 1 layers, but"
            + " num_hidden_layers",
        "llama|{'layer_types':['full_attention','chunked_attention']}|a layer of type"
            + " \"chunked_att",
        "llama|{'head_dim':32}|4 heads of 32 values are more than hidden_size 64",
        "llama-tied|{'head_dim':16,'hidden_size':64}|2 heads of 16 values are not hidden_size 64",
      })
  void open_configOfSomethingElse_named(String model, String change, String problem)
      throws Exception {
    String variant = "%s, plain, F32, as transformers 5".formatted(model);
    ReferenceModels.Case reference = ReferenceModels.named(variant);
    reference.config().setAll((ObjectNode) JSON.readTree(change.replace('\'', '"')));
    RefusedModel.assertRefused(reference.write(directory), problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lm_head.weight|lm_head.bias|has no tensor lm_head.weight, and config.json does not set",
        "model.norm.weight|model.norm.bias|has no tensor model.norm.weight",
        "model.layers.1.mlp.up_proj.weight|x.y|has no tensor model.layers.1.mlp.up_proj.weight",
      })
  void open_tensorMissing_named(String name, String instead, String problem) throws Exception {
    ReferenceModels.named("llama, plain, F32, as transformers 5").write(directory);
    edit((key, entry) -> key.equals(name) ? instead : key, "");
    RefusedModel.assertRefused(directory, problem);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.0.self_attn.o_proj.bias",
        "model.layers.1.mlp.gate_proj.bias",
        "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.input_layernorm.bias",
        "model.layers.2.input_layernorm.weight",
        "score.weight"
      })
  void open_tensorThatNobodyReads_named(String name) throws Exception {
    ReferenceModels.named("llama, plain, F32, as transformers 5").write(directory);
    add(name);
    RefusedModel.assertRefused(
        directory, "has the tensor " + name + ", which no model of type llama with 2");
  }

  @Test
  void open_derivedTensor_leftAlone() throws Exception {
    ReferenceModels.named("llama, plain, F32, as transformers 5").write(directory);
    add("model.layers.0.self_attn.rotary_emb.inv_freq");
    assertThat(ModelDirectory.open(directory).layers()).isEqualTo(2);
  }

  @Test
  void open_tiedButOtherOutput_named() throws Exception {
    ReferenceModels.Case reference = ReferenceModels.named("llama, plain, F32, as transformers 5");
    reference.config().put("tie_word_embeddings", true);
    RefusedModel.assertRefused(
        reference.write(directory),
        "tensor lm_head.weight is not model.embed_tokens.weight, but config.json sets tie_word_em");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "F64|takes 512 bytes by its dtype F64",
        "I32|has the dtype I32; F32, F16 and BF16 are supported",
        "F8_E4M3|has the unknown dtype \"F8_E4M3\""
      })
  void open_otherType_named(String dtype, String problem) throws Exception {
    ReferenceModels.named("llama, plain, F32, as transformers 5").write(directory);
    edit(
        (key, entry) -> {
          if (key.equals("model.norm.weight")) {
            entry.put("dtype", dtype);
          }
          return key;
        },
        "");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ModelDirectory.open(directory))
        .withMessageContaining(problem);
  }

  @Test
  void open_rowsThatAVectorOverruns_named() throws Exception {
    ReferenceModels.Case reference = ReferenceModels.named("gemma, plain, F32, as transformers 5");
    reference.write(directory);
    halve();
    RefusedModel.assertRefused(
        directory, "has rows of 48 elements of type BF16, which is not a multiple of 32");
  }

  @ParameterizedTest
  @CsvSource({
    "'mistral, window, F32, as transformers 4', 40",
    "'qwen2, window, F32, as transformers 5', 40",
    "'qwen2, window-off, F32, as transformers 5', 126",
    "'gemma2, plain, F32, as transformers 4', 48",
    "'mistral, plain, F32, as transformers 4', 128"
  })
  void maxLength_window_noFurther(String name, int expected) throws Exception {
    ReferenceModels.Case reference = ReferenceModels.named(name);
    assertThat(ModelDirectory.open(reference.write(directory)).maxLength()).isEqualTo(expected);
  }

  private interface Edit {
    /** The new name of a tensor, whose entry may be changed. */
    String apply(String name, ObjectNode entry);
  }

  private void edit(Edit edit, String added) throws Exception {
    Path file = directory.resolve("model.safetensors");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[Math.toIntExact(bytes.getLong())];
    bytes.get(header);
    ObjectNode old = (ObjectNode) JSON.readTree(header);
    ObjectNode edited = JSON.createObjectNode();
    for (Map.Entry<String, JsonNode> field : old.properties()) {
      ObjectNode entry = (ObjectNode) field.getValue();
      edited.set(edit.apply(field.getKey(), entry), entry);
    }
    int grown = 0;
    if (!added.isEmpty()) {
      grown = 16;
      edited
          .putObject(added)
          .put("dtype", "F32")
          .<ObjectNode>set("shape", JSON.createArrayNode().add(4))
          .set(
              "data_offsets",
              JSON.createArrayNode().add(bytes.remaining()).add(bytes.remaining() + grown));
    }
    byte[] json = JSON.writeValueAsString(edited).getBytes(StandardCharsets.UTF_8);
    ByteBuffer whole =
        ByteBuffer.allocate(Long.BYTES + json.length + bytes.remaining() + grown)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .put(bytes);
    Files.write(file, whole.array());
  }

  private void add(String name) throws Exception {
    edit((key, entry) -> key, name);
  }

  /** Says that all tensors are BF16, and leaves out the bytes that this makes too many. */
  private void halve() throws Exception {
    Path file = directory.resolve("model.safetensors");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[Math.toIntExact(bytes.getLong())];
    bytes.get(header);
    ObjectNode json = (ObjectNode) JSON.readTree(header);
    json.remove("__metadata__");
    json.forEach(
        entry -> {
          JsonNode offsets = entry.get("data_offsets");
          ((ObjectNode) entry)
              .put("dtype", "BF16")
              .set(
                  "data_offsets",
                  JSON.createArrayNode()
                      .add(offsets.get(0).intValue() / 2)
                      .add(offsets.get(1).intValue() / 2));
        });
    byte[] edited = JSON.writeValueAsBytes(json);
    byte[] data = new byte[bytes.remaining() / 2];
    Files.write(
        file,
        ByteBuffer.allocate(Long.BYTES + edited.length + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(edited.length)
            .put(edited)
            .put(data)
            .array());
  }
}

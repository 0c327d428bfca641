package io.baton.stages;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Writes models of any architecture: four layers, weights at random, the demo's tokenizer. */
final class TinyModel {

  private static final int LAYERS = 4;
  private static final int HIDDEN = 64;
  private static final int INTERMEDIATE = 96;
  private static final int VOCABULARY = 258;
  private static final int KEYS = 32;

  private final Map<String, int[]> shapes = new LinkedHashMap<>();

  private TinyModel() {}

  /**
   * @param dtype F32 or BF16
   */
  static Path write(Path directory, String modelType, String dtype) throws IOException {
    Files.copy(DemoModel.path().resolve("tokenizer.json"), directory.resolve("tokenizer.json"));
    Files.writeString(
        directory.resolve("config.json"),
        """
        {"model_type": "%s", "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": %d,
         "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "hidden_act": "%s", "tie_word_embeddings": true, "sliding_window": null, "bos_token_id": 0, "eos_token_id": 1,
         "residual_multiplier": 0.5, "attention_multiplier": 0.25, "embedding_multiplier": 2.0,
         "logits_scaling": 4.0, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}
        """
            .formatted(
                modelType,
                HIDDEN,
                INTERMEDIATE,
                LAYERS,
                VOCABULARY,
                modelType.startsWith("gemma") ? "gelu_pytorch_tanh" : "silu"));
    TinyModel model = new TinyModel();
    model.shapes.put("model.embed_tokens.weight", new int[] {VOCABULARY, HIDDEN});
    model.shapes.put("model.norm.weight", new int[] {HIDDEN});
    for (int i = 0; i < LAYERS; i++) {
      model.addLayer(modelType, "model.layers." + i + ".");
    }
    Files.write(directory.resolve("model.safetensors"), model.safetensors(dtype));
    return directory;
  }

  private void addLayer(String modelType, String layer) {
    shapes.put(layer + "self_attn.q_proj.weight", new int[] {HIDDEN, HIDDEN});
    shapes.put(layer + "self_attn.k_proj.weight", new int[] {KEYS, HIDDEN});
    shapes.put(layer + "self_attn.v_proj.weight", new int[] {KEYS, HIDDEN});
    shapes.put(layer + "self_attn.o_proj.weight", new int[] {HIDDEN, HIDDEN});
    if (modelType.equals("qwen2")) {
      shapes.put(layer + "self_attn.q_proj.bias", new int[] {HIDDEN});
      shapes.put(layer + "self_attn.k_proj.bias", new int[] {KEYS});
      shapes.put(layer + "self_attn.v_proj.bias", new int[] {KEYS});
    }
    shapes.put(layer + "mlp.gate_proj.weight", new int[] {INTERMEDIATE, HIDDEN});
    shapes.put(layer + "mlp.up_proj.weight", new int[] {INTERMEDIATE, HIDDEN});
    shapes.put(layer + "mlp.down_proj.weight", new int[] {HIDDEN, INTERMEDIATE});
    shapes.put(layer + "input_layernorm.weight", new int[] {HIDDEN});
    shapes.put(layer + "post_attention_layernorm.weight", new int[] {HIDDEN});
    if (modelType.equals("gemma2")) {
      shapes.put(layer + "pre_feedforward_layernorm.weight", new int[] {HIDDEN});
      shapes.put(layer + "post_feedforward_layernorm.weight", new int[] {HIDDEN});
    }
  }

  private byte[] safetensors(String dtype) {
    int width = dtype.equals("BF16") ? Short.BYTES : Float.BYTES;
    List<String> entries = new ArrayList<>();
    int offset = 0;
    for (Map.Entry<String, int[]> shape : shapes.entrySet()) {
      int elements = 1;
      for (int dimension : shape.getValue()) {
        elements *= dimension;
      }
      entries.add(
          "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(
                  shape.getKey(),
                  dtype,
                  Arrays.toString(shape.getValue()),
                  offset,
                  offset + elements * width));
      offset += elements * width;
    }
    byte[] header = ("{" + String.join(",", entries) + "}").getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + header.length + offset).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header);
    Random random = new Random(1);
    while (file.hasRemaining()) {
      int bits = Float.floatToRawIntBits((float) random.nextGaussian() * 0.2f);
      if (width == Short.BYTES) {
        file.putShort((short) (bits >> Short.SIZE));
      } else {
        file.putInt(bits);
      }
    }
    return file.array();
  }
}

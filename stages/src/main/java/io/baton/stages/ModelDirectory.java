package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A model in the Hugging Face layout: config.json, tokenizer.json, and safetensors files. Opening
 * one checks everything that Jlama takes on trust, since Jlama maps the files and computes on them
 * without looking at bounds: what a damaged file brings is a {@link ModelException}, never a crash.
 *
 * <p>The files must not change afterwards. Immutable; may be shared by threads.
 */
public final class ModelDirectory {

  /** Hexadecimal digits of the fingerprint that are part of the model's id. */
  private static final int ID_DIGITS = 16;

  private final Path path;
  private final ModelConfig config;
  private final TokenizerFiles tokenizer;
  private final String modelId;

  private ModelDirectory(Path path, ModelConfig config, TokenizerFiles tokenizer, String modelId) {
    this.path = path;
    this.config = config;
    this.tokenizer = tokenizer;
    this.modelId = modelId;
  }

  /**
   * Opens the model in {@code path}. Reads headers and a sample of each tensor, not all weights.
   *
   * @throws ModelException if something is missing, damaged or not supported
   */
  public static ModelDirectory open(Path path) throws ModelException {
    if (!Files.exists(path)) {
      throw new ModelException(path, "no such directory");
    }
    if (!Files.isDirectory(path)) {
      throw new ModelException(path, "is not a directory");
    }
    Path configFile = path.resolve("config.json");
    if (!Files.exists(configFile)) {
      throw new ModelException(path, "holds no config.json");
    }
    JsonNode json = Json.readObject(configFile);
    ModelConfig config = ModelConfig.of(configFile, json);
    TokenizerFiles tokenizer = TokenizerFiles.read(path, json, config.vocabulary());
    MessageDigest fingerprint = sha256();
    fingerprint.update(Json.canonical(configFile, json));
    WeightFiles weights = WeightFiles.read(path, fingerprint);
    ExpectedTensors.check(path, config, weights.tensors());
    String modelId =
        "%s-%dx%d-%s"
            .formatted(
                config.architecture().modelType(),
                config.layers(),
                config.hidden(),
                HexFormat.of().formatHex(fingerprint.digest()).substring(0, ID_DIGITS));
    return new ModelDirectory(path, config, tokenizer, modelId);
  }

  public Path path() {
    return path;
  }

  /**
   * Names the model: architecture, layers, hidden size and the start of a SHA-256 over config.json
   * (whatever the order of its keys), the headers and sizes of the safetensors files, and the first
   * kilobyte of every tensor; such as {@code llama-8x128-0123456789abcdef}. Where the directory
   * lies has no part in it.
   */
  public String modelId() {
    return modelId;
  }

  /** Number of the model's layers. */
  public int layers() {
    return config.layers();
  }

  /** Values in one row of activations. */
  public int hiddenSize() {
    return config.hidden();
  }

  /** Number of tokens that the model knows. */
  public int vocabularySize() {
    return config.vocabulary();
  }

  /** Positions that the model was made for, by its config.json. */
  public int contextLength() {
    return config.context();
  }

  /**
   * The most tokens that a session can hold: a few less than {@link #contextLength} where the model
   * has several key-value heads, as Jlama's table of rotations ends early for all but the first.
   */
  public int maxLength() {
    return config.usableContext();
  }

  /** Whether the model's layers can be divided among stages at all. */
  public boolean splits() {
    return config.architecture().splits();
  }

  ModelConfig config() {
    return config;
  }

  TokenizerFiles tokenizer() {
    return tokenizer;
  }

  @Override
  public String toString() {
    return modelId + " in " + path;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}

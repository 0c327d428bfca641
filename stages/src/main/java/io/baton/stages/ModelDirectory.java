package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import io.baton.session.model.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

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

  /** Files beside config.json and the weights that have a part in which tokens come. */
  private static final List<String> TOKEN_FILES =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "generation_config.json");

  private static final FileDigests USERS_DIGESTS =
      new FileDigests(DigestCache.ofUser(System.getenv()));

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
   * Opens the model in {@code path}. The first time that this user does, all of the weights are
   * read; what is then known of them is kept for as long as the files stay as they are.
   *
   * @throws ModelException if something is missing, damaged or not supported
   */
  public static ModelDirectory open(Path path) throws ModelException {
    return open(path, USERS_DIGESTS);
  }

  static ModelDirectory open(Path path, FileDigests digests) throws ModelException {
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
    WeightFiles weights = WeightFiles.read(path);
    ExpectedTensors.check(path, config, weights);
    MessageDigest fingerprint = Sha256.start();
    fingerprint.update(Json.canonical(configFile, json));
    for (String name : TOKEN_FILES) {
      addIfThere(fingerprint, path.resolve(name), digests);
    }
    for (Path file : weights.files()) {
      add(fingerprint, file, digests);
    }
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
   * (whatever the order of its keys) and every byte of the files of the weights and of those that
   * say how text becomes tokens and where it ends; such as {@code llama-8x128-0123456789abcdef}.
   * Where the directory lies has no part in it.
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

  /**
   * Checks that the tokenizer library understands tokenizer.json. A stage has no use for it, but
   * whoever starts one wants to know before the first client does.
   *
   * @throws TokenizerLibraryException if this machine cannot load the library
   * @throws ModelException if the library does not understand the file
   */
  public void checkTokenizer() throws ModelException {
    Tokenizer.load(path.resolve("tokenizer.json")).close();
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

  private static void addIfThere(MessageDigest fingerprint, Path file, FileDigests digests)
      throws ModelException {
    boolean there = Files.exists(file);
    fingerprint.update((byte) (there ? 1 : 0));
    if (there) {
      add(fingerprint, file, digests);
    }
  }

  private static void add(MessageDigest fingerprint, Path file, FileDigests digests)
      throws ModelException {
    try {
      fingerprint.update(digests.digest(file));
    } catch (IOException e) {
      throw new ModelException(file, "cannot be read: " + e.getMessage(), e);
    }
  }
}

package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The safetensors files of a model: one, or several under an index; all checked. */
final class WeightFiles {

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /** Bytes of each tensor that go into the model's fingerprint. */
  private static final int SAMPLE = 1024;

  private final Map<String, Safetensors.Entry> tensors;

  private WeightFiles(Map<String, Safetensors.Entry> tensors) {
    this.tensors = tensors;
  }

  /**
   * Reads and checks the headers of all files of the model in {@code directory}. Adds to {@code
   * fingerprint} every header and file size, and the first bytes of every tensor: two models of the
   * same shapes, such as a model and its fine-tuned copy, differ there.
   */
  static WeightFiles read(Path directory, MessageDigest fingerprint) throws ModelException {
    Path index = directory.resolve(INDEX);
    if (Files.exists(index)) {
      return readIndexed(directory, index, fingerprint);
    }
    if (!Files.exists(directory.resolve(SINGLE))) {
      throw new ModelException(directory, "holds neither %s nor %s".formatted(SINGLE, INDEX));
    }
    Safetensors file = readFile(directory.resolve(SINGLE), fingerprint);
    return new WeightFiles(file.tensors());
  }

  /** All tensors of the model, by name. */
  Map<String, Safetensors.Entry> tensors() {
    return tensors;
  }

  private static WeightFiles readIndexed(Path directory, Path index, MessageDigest fingerprint)
      throws ModelException {
    Map<String, String> fileOf = weightMap(index);
    Map<String, Safetensors.Entry> tensors = new TreeMap<>();
    for (String name : new TreeSet<>(fileOf.values())) {
      Path path = directory.resolve(name);
      if (!Files.exists(path)) {
        throw new ModelException(index, "names the file %s, which is missing".formatted(name));
      }
      Safetensors file = readFile(path, fingerprint);
      for (Map.Entry<String, Safetensors.Entry> tensor : file.tensors().entrySet()) {
        if (tensors.put(tensor.getKey(), tensor.getValue()) != null) {
          throw new ModelException(path, "repeats the tensor " + tensor.getKey());
        }
      }
    }
    for (Map.Entry<String, String> place : fileOf.entrySet()) {
      if (!tensors.containsKey(place.getKey())) {
        throw new ModelException(
            index,
            "puts the tensor %s in %s, which lacks it".formatted(place.getKey(), place.getValue()));
      }
    }
    return new WeightFiles(tensors);
  }

  /** The file of each tensor, by the index. */
  private static Map<String, String> weightMap(Path index) throws ModelException {
    JsonNode json = Json.readObject(index);
    JsonNode map = json.path("weight_map");
    if (!json.path("metadata").isObject() || !map.isObject() || map.isEmpty()) {
      throw new ModelException(index, "lacks metadata or weight_map");
    }
    Map<String, String> fileOf = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      String name = field.getValue().asText();
      // A plain name: an index must not reach out of its directory.
      if (!field.getValue().isTextual() || name.isEmpty() || name.matches(".*[/\\\\\0].*")) {
        throw new ModelException(
            index, "names the file %s for %s".formatted(field.getValue(), field.getKey()));
      }
      fileOf.put(field.getKey(), name);
    }
    return fileOf;
  }

  private static Safetensors readFile(Path path, MessageDigest fingerprint) throws ModelException {
    if (!Files.isRegularFile(path)) {
      throw new ModelException(path, "is not a file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      Safetensors file = Safetensors.read(path, channel);
      fingerprint.update(ByteBuffer.allocate(Long.BYTES).putLong(channel.size()).flip());
      fingerprint.update(file.header().duplicate());
      for (Safetensors.Entry entry : file.tensors().values()) {
        int count = (int) Math.min(SAMPLE, entry.end() - entry.begin());
        fingerprint.update(
            Safetensors.read(path, channel, file.dataStart() + entry.begin(), count));
      }
      return file;
    } catch (NoSuchFileException e) {
      throw new ModelException(path, "is missing", e);
    } catch (IOException e) {
      throw new ModelException(path, "cannot be read: " + e.getMessage(), e);
    }
  }
}

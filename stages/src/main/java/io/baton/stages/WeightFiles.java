package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/** The safetensors files of a model: one, or several under an index; all checked. */
final class WeightFiles {

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /** Bytes that are compared at once. */
  private static final int PIECE = 1 << 20;

  private final List<Safetensors> files;
  private final Map<String, Safetensors.Entry> tensors;

  private WeightFiles(List<Safetensors> files, Map<String, Safetensors.Entry> tensors) {
    this.files = List.copyOf(files);
    this.tensors = tensors;
  }

  /** Reads and checks the headers of all files of the model in {@code directory}. */
  static WeightFiles read(Path directory) throws ModelException {
    Path index = directory.resolve(INDEX);
    if (Files.exists(index)) {
      return readIndexed(directory, index);
    }
    if (!Files.exists(directory.resolve(SINGLE))) {
      throw new ModelException(directory, "holds neither %s nor %s".formatted(SINGLE, INDEX));
    }
    Safetensors file = readFile(directory.resolve(SINGLE));
    return new WeightFiles(List.of(file), file.tensors());
  }

  /** All tensors of the model, by name. */
  Map<String, Safetensors.Entry> tensors() {
    return tensors;
  }

  /** The files, by name. */
  List<Path> files() {
    return files.stream().map(Safetensors::file).toList();
  }

  /** Whether two tensors of the model are the same bytes of the same type. */
  boolean same(String one, String other) throws ModelException {
    Safetensors fileOfA = fileOf(one);
    Safetensors fileOfB = fileOf(other);
    Safetensors.Entry a = Objects.requireNonNull(fileOfA.tensors().get(one));
    Safetensors.Entry b = Objects.requireNonNull(fileOfB.tensors().get(other));
    if (!a.dtype().equals(b.dtype()) || a.end() - a.begin() != b.end() - b.begin()) {
      return false;
    }
    try (FileChannel channelOfA = FileChannel.open(fileOfA.file(), StandardOpenOption.READ);
        FileChannel channelOfB = FileChannel.open(fileOfB.file(), StandardOpenOption.READ)) {
      for (long done = 0; done < a.end() - a.begin(); done += PIECE) {
        int count = (int) Math.min(PIECE, a.end() - a.begin() - done);
        long atA = fileOfA.dataStart() + a.begin() + done;
        long atB = fileOfB.dataStart() + b.begin() + done;
        if (!Arrays.equals(
            Safetensors.read(fileOfA.file(), channelOfA, atA, count),
            Safetensors.read(fileOfB.file(), channelOfB, atB, count))) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      throw new ModelException(fileOfA.file(), "cannot be read: " + e.getMessage(), e);
    }
  }

  private Safetensors fileOf(String tensor) {
    return files.stream().filter(f -> f.tensors().containsKey(tensor)).findFirst().orElseThrow();
  }

  private static WeightFiles readIndexed(Path directory, Path index) throws ModelException {
    Map<String, String> fileOf = weightMap(index);
    List<Safetensors> files = new ArrayList<>();
    Map<String, Safetensors.Entry> tensors = new TreeMap<>();
    for (String name : new TreeSet<>(fileOf.values())) {
      Path path = directory.resolve(name);
      if (!Files.exists(path)) {
        throw new ModelException(index, "names the file %s, which is missing".formatted(name));
      }
      Safetensors file = readFile(path);
      files.add(file);
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
    return new WeightFiles(files, tensors);
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

  private static Safetensors readFile(Path path) throws ModelException {
    if (!Files.isRegularFile(path)) {
      throw new ModelException(path, "is not a file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return Safetensors.read(path, channel);
    } catch (NoSuchFileException e) {
      throw new ModelException(path, "is missing", e);
    } catch (IOException e) {
      throw new ModelException(path, "cannot be read: " + e.getMessage(), e);
    }
  }
}

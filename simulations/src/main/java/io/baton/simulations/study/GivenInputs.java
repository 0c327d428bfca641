package io.baton.simulations.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a person said about a study, as text, and where.
 *
 * @param texts by input; what is not there has its standard value
 */
public record GivenInputs(Map<Input, Given> texts) {

  private static final long LARGEST_FILE = 1 << 20;

  /**
   * One input's text.
   *
   * @param where as it is to be named when it is wrong
   * @param directory against which the name of a file is resolved
   */
  public record Given(String where, String text, Path directory) {}

  public GivenInputs {
    texts = Collections.unmodifiableMap(copy(texts));
  }

  private static EnumMap<Input, Given> copy(Map<Input, Given> texts) {
    EnumMap<Input, Given> copy = new EnumMap<>(Input.class);
    copy.putAll(texts);
    return copy;
  }

  public static GivenInputs none() {
    return new GivenInputs(Map.of());
  }

  /** These, with an option on top. */
  public GivenInputs withOption(Input input, String text) {
    EnumMap<Input, Given> more = copy(texts);
    more.put(input, new Given("--" + input.id(), text.strip(), Path.of("")));
    return new GivenInputs(more);
  }

  /**
   * Reads a YAML file of inputs.
   *
   * @throws BadInputException if it cannot be read, or holds what is no input
   */
  public static GivenInputs read(Path file) throws BadInputException {
    JsonNode root = parse(file);
    if (!root.isObject()) {
      throw new BadInputException("%s is to hold lines such as 'stages: 4'".formatted(file));
    }
    Path absolute = file.toAbsolutePath();
    Path directory = absolute.getParent() == null ? absolute : absolute.getParent();
    EnumMap<Input, Given> texts = new EnumMap<>(Input.class);
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      Input input =
          Input.of(entry.getKey())
              .orElseThrow(
                  () ->
                      new BadInputException(
                          "%s: there is no input '%s'; there are %s"
                              .formatted(file, entry.getKey(), known())));
      String where = "%s in %s".formatted(input.id(), file);
      texts.put(input, new Given(where, text(where, entry.getValue()), directory));
    }
    return new GivenInputs(texts);
  }

  private static String known() {
    return List.of(Input.values()).stream().map(Input::id).collect(Collectors.joining(", "));
  }

  private static JsonNode parse(Path file) throws BadInputException {
    String text = text(file);
    try {
      return new YAMLMapper().readTree(text);
    } catch (IOException e) {
      throw new BadInputException("%s is not YAML that can be read".formatted(file), e);
    }
  }

  /**
   * The text of a file of inputs.
   *
   * @throws BadInputException if it cannot be read or is too large to be one
   */
  static String text(Path file) throws BadInputException {
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new BadInputException("%s is too large for a file of inputs".formatted(file));
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new BadInputException("%s: there is no such file".formatted(file), e);
    } catch (IOException e) {
      throw new BadInputException("%s cannot be read as text".formatted(file), e);
    }
  }

  /** A list is written with commas, a list of lists with semicolons between them. */
  private static String text(String where, JsonNode value) throws BadInputException {
    if (value.isValueNode()) {
      return value.asText().strip();
    }
    if (!value.isArray() || value.isEmpty()) {
      throw new BadInputException("%s takes a value or a list of them".formatted(where));
    }
    boolean rows = value.get(0).isArray();
    List<String> parts = new ArrayList<>();
    for (JsonNode part : value) {
      if (part.isArray() != rows || part.isObject()) {
        throw new BadInputException("%s takes values, or lists of values".formatted(where));
      }
      parts.add(text(where, part));
    }
    return String.join(rows ? ";" : ",", parts);
  }
}

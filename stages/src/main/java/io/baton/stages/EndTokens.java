package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which tokens end a text: those of generation_config.json, as in transformers, and those of
 * config.json where it names none.
 */
final class EndTokens {

  private static final String KEY = "eos_token_id";

  private EndTokens() {}

  /**
   * @param config the contents of config.json
   * @param named the end that tokenizer_config.json names
   * @param contradictions is added a sentence for each other end that is named and does not count
   */
  static Set<Integer> read(
      Path directory,
      JsonNode config,
      int vocabulary,
      Optional<Integer> named,
      List<String> contradictions)
      throws ModelException {
    Path configFile = directory.resolve("config.json");
    Path generationFile = directory.resolve("generation_config.json");
    JsonNode generation =
        Files.exists(generationFile) ? Json.readObject(generationFile) : MissingNode.getInstance();
    Set<Integer> model = ids(configFile, config, vocabulary);
    Set<Integer> generating = ids(generationFile, generation, vocabulary);
    Set<Integer> ends = generating.isEmpty() ? model : generating;
    if (ends.isEmpty()) {
      throw new ModelException(
          configFile, "has no eos_token_id, and no generation_config.json has one");
    }
    String counting =
        "%s counts: %s"
            .formatted((generating.isEmpty() ? configFile : generationFile).getFileName(), ends);
    if (!ends.containsAll(model)) {
      contradictions.add(
          "config.json has the eos_token_id %s, and generation_config.json has not; %s"
              .formatted(model, counting));
    }
    if (named.isPresent() && !ends.contains(named.get())) {
      contradictions.add(
          "tokenizer_config.json has an eos_token with the id %d, which does not end a text; %s"
              .formatted(named.get(), counting));
    }
    return ends;
  }

  private static Set<Integer> ids(Path file, JsonNode json, int vocabulary) throws ModelException {
    Set<Integer> ids = new TreeSet<>();
    JsonNode value = json.path(KEY);
    if (value.isMissingNode() || value.isNull()) {
      return ids;
    }
    for (JsonNode id : value.isArray() ? value : Set.of(value)) {
      if (!id.isInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
        throw new ModelException(
            file, "%s %s is not a token of a vocabulary of %d".formatted(KEY, id, vocabulary));
      }
      ids.add(id.intValue());
    }
    return ids;
  }
}

package io.baton.simulations.scenario;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A part of a YAML document that knows the line it began at, which data binding forgets. */
sealed interface YamlNode {

  /** Counted from 1. */
  int line();

  /** A word or number, as it is written. */
  record Scalar(int line, String text) implements YamlNode {}

  record Sequence(int line, List<YamlNode> items) implements YamlNode {
    public Sequence {
      items = List.copyOf(items);
    }
  }

  /** Keys in the order in which they are written. */
  record Mapping(int line, Map<String, YamlNode> entries) implements YamlNode {}

  YAMLFactory FACTORY =
      YAMLFactory.builder()
          .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  /**
   * Reads a document.
   *
   * @param file what errors call it
   */
  static YamlNode parse(String file, String text) throws ScenarioException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        throw new ScenarioException(file, "there is nothing in it");
      }
      YamlNode root = node(parser);
      if (parser.nextToken() != null) {
        throw new ScenarioException(
            file, parser.currentTokenLocation().getLineNr(), "a second document begins here");
      }
      return root;
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
      throw new ScenarioException(
          file, line, e.getOriginalMessage().lines().findFirst().orElse("not YAML").strip());
    } catch (IOException e) {
      throw new IllegalStateException("a text cannot fail to be read", e);
    }
  }

  private static YamlNode node(JsonParser parser) throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, YamlNode> entries = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          parser.nextToken();
          entries.put(key, node(parser));
        }
        yield new Mapping(line, entries);
      }
      case START_ARRAY -> {
        List<YamlNode> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(node(parser));
        }
        yield new Sequence(line, items);
      }
      case VALUE_NULL -> new Scalar(line, "");
      default -> new Scalar(line, parser.getText());
    };
  }
}

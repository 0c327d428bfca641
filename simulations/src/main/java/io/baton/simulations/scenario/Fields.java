package io.baton.simulations.scenario;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The keys of a mapping, each taken once; what is left over nobody knows. */
final class Fields {

  private final String file;
  private final int line;
  private final Map<String, YamlNode> left;

  private Fields(String file, YamlNode.Mapping mapping) {
    this.file = file;
    this.line = mapping.line();
    this.left = new LinkedHashMap<>(mapping.entries());
  }

  static Fields of(String file, YamlNode node, String what) throws ScenarioException {
    if (node instanceof YamlNode.Mapping mapping) {
      return new Fields(file, mapping);
    }
    throw new ScenarioException(file, node.line(), what + " takes keys and values, as in 'at: 5'");
  }

  int line() {
    return line;
  }

  ScenarioException wrong(int at, String problem) {
    return new ScenarioException(file, at, problem);
  }

  ScenarioException wrong(String problem) {
    return wrong(line, problem);
  }

  /** The one of these keys that is there. */
  String oneOf(List<String> keys) throws ScenarioException {
    List<String> there = keys.stream().filter(left::containsKey).toList();
    if (there.size() != 1) {
      rejectUnknownBut(keys);
      throw wrong("name one of %s, not %s".formatted(String.join(", ", keys), listed(there)));
    }
    return there.getFirst();
  }

  private void rejectUnknownBut(List<String> keys) throws ScenarioException {
    Map<String, YamlNode> unknown = new LinkedHashMap<>(left);
    unknown.keySet().removeAll(keys);
    unknown.keySet().removeAll(List.of("at", "for", "by"));
    rejectAny(unknown);
  }

  private static String listed(List<String> keys) {
    return keys.isEmpty() ? "none" : String.join(" and ", keys);
  }

  int whole(String key, int least, int most) throws ScenarioException {
    YamlNode.Scalar value = required(key);
    int number = value.text().matches("\\d{1,9}") ? Integer.parseInt(value.text()) : -1;
    if (number < least || number > most) {
      throw wrong(
          value.line(),
          "%s takes a number from %d to %d, not '%s'".formatted(key, least, most, value.text()));
    }
    return number;
  }

  int whole(String key, int least, int most, int otherwise) throws ScenarioException {
    return left.containsKey(key) ? whole(key, least, most) : otherwise;
  }

  boolean flag(String key, boolean otherwise) throws ScenarioException {
    if (!left.containsKey(key)) {
      return otherwise;
    }
    YamlNode.Scalar value = required(key);
    return switch (value.text()) {
      case "on", "true" -> true;
      case "off", "false" -> false;
      default ->
          throw wrong(value.line(), "%s takes on or off, not '%s'".formatted(key, value.text()));
    };
  }

  Optional<String> text(String key) throws ScenarioException {
    if (!left.containsKey(key)) {
      return Optional.empty();
    }
    YamlNode.Scalar value = required(key);
    if (value.text().isBlank()) {
      throw wrong(value.line(), key + " is empty");
    }
    return Optional.of(value.text());
  }

  Duration time(String key, Duration most) throws ScenarioException {
    YamlNode.Scalar value = required(key);
    return Times.parse(value.text())
        .filter(time -> time.compareTo(most) <= 0)
        .orElseThrow(
            () ->
                wrong(
                    value.line(),
                    "%s takes a time such as 50ms, at most %s, not '%s'"
                        .formatted(key, Times.text(most), value.text())));
  }

  Optional<Duration> timeIfAny(String key, Duration most) throws ScenarioException {
    return left.containsKey(key) ? Optional.of(time(key, most)) : Optional.empty();
  }

  Link link(String key, int stages) throws ScenarioException {
    YamlNode.Scalar value = required(key);
    if (value.text().matches("\\d{1,4}-\\d{1,4}")) {
      String[] ends = value.text().split("-", -1);
      try {
        Link link = new Link(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
        if (link.to() <= stages) {
          return link;
        }
      } catch (IllegalArgumentException e) {
        throw wrong(value.line(), "%s: %s".formatted(key, e.getMessage()));
      }
    }
    throw wrong(
        value.line(),
        "%s takes two neighbours of 0, the client, and stages 1 to %d, as in 1-2, not '%s'"
            .formatted(key, stages, value.text()));
  }

  List<YamlNode> items(String key) throws ScenarioException {
    YamlNode value = left.remove(key);
    return switch (value) {
      case null -> List.of();
      case YamlNode.Sequence sequence -> sequence.items();
      case YamlNode.Scalar nothing when nothing.text().isEmpty() -> List.of();
      default -> throw wrong(value.line(), key + " takes a list, each item after a dash");
    };
  }

  private YamlNode.Scalar required(String key) throws ScenarioException {
    YamlNode value = left.remove(key);
    return switch (value) {
      case null -> throw wrong("%s is missing".formatted(key));
      case YamlNode.Scalar scalar -> scalar;
      default -> throw wrong(value.line(), "%s takes a single value".formatted(key));
    };
  }

  /** To be called when all that is known has been taken. */
  void rejectUnknown() throws ScenarioException {
    rejectAny(left);
  }

  private void rejectAny(Map<String, YamlNode> unknown) throws ScenarioException {
    for (Map.Entry<String, YamlNode> entry : unknown.entrySet()) {
      throw wrong(entry.getValue().line(), "nobody knows '%s' here".formatted(entry.getKey()));
    }
  }
}

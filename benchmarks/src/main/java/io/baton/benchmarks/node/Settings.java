package io.baton.benchmarks.node;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a node is started with: its kind, and values by their names. */
public record Settings(NodeKind kind, Map<String, String> values) {

  public Settings {
    values = Map.copyOf(values);
  }

  public static Settings of(NodeKind kind) {
    return new Settings(kind, Map.of());
  }

  public Settings with(String name, Object value) {
    Map<String, String> more = new TreeMap<>(values);
    more.put(name, value.toString());
    return new Settings(kind, more);
  }

  /** As arguments of a process. */
  public List<String> toArguments() {
    List<String> arguments = new ArrayList<>(List.of(kind.name().toLowerCase(Locale.ROOT)));
    new TreeMap<>(values).forEach((name, value) -> arguments.add(name + "=" + value));
    return arguments;
  }

  static Settings ofArguments(List<String> arguments) {
    Settings settings = of(NodeKind.valueOf(arguments.getFirst().toUpperCase(Locale.ROOT)));
    for (String argument : arguments.subList(1, arguments.size())) {
      int equals = argument.indexOf('=');
      settings = settings.with(argument.substring(0, equals), argument.substring(equals + 1));
    }
    return settings;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  String get(String name) {
    @Nullable String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("a %s needs %s".formatted(kind, name));
    }
    return value;
  }

  Path path(String name) {
    return Path.of(get(name));
  }

  int number(String name) {
    return Integer.parseInt(get(name));
  }

  long bytes(String name) {
    return Long.parseLong(get(name));
  }

  boolean flag(String name) {
    return Boolean.parseBoolean(values.getOrDefault(name, "false"));
  }
}

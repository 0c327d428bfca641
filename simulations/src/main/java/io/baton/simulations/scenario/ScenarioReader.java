package io.baton.simulations.scenario;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads scenarios, strictly; docs/scenarios.md describes the format. */
public final class ScenarioReader {

  private static final int MAX_STAGES = 64;
  private static final int MAX_TOKENS = 1_000_000;
  private static final int MAX_PROMPT = 100_000;
  private static final int MAX_EVENTS = 1_000;
  private static final int MAX_RELAYS_OF_A_STAGE = 16;
  private static final long MAX_FILE_BYTES = 1 << 20;

  /** With more, relays would seem not to answer. */
  private static final Duration MAX_LATENCY = Duration.ofSeconds(1);

  private static final Duration MAX_LENGTH = Duration.ofMinutes(10);

  private static final int PROMPT_TOKENS = 32;
  private static final List<String> KINDS = List.of("kill", "restart", "pause", "delay", "cut");

  private final String file;
  private final int stages;
  private final int tokens;
  private final int[] dead;

  private ScenarioReader(String file, int stages, int tokens) {
    this.file = file;
    this.stages = stages;
    this.tokens = tokens;
    this.dead = new int[stages + 1];
  }

  /**
   * Reads a file.
   *
   * @throws ScenarioException if it cannot be read, or makes no sense
   */
  public static Scenario read(Path path) throws ScenarioException {
    String file = path.toString();
    try {
      if (Files.size(path) > MAX_FILE_BYTES) {
        throw new ScenarioException(file, "it is longer than %d bytes".formatted(MAX_FILE_BYTES));
      }
      return read(file, Files.readString(path));
    } catch (CharacterCodingException e) {
      throw new ScenarioException(file, "it is not UTF-8 text");
    } catch (IOException e) {
      throw new ScenarioException(
          file,
          Files.exists(path)
              ? "it cannot be read: " + e.getClass().getSimpleName()
              : "there is no such file");
    }
  }

  /**
   * Reads a text.
   *
   * @param file what errors call it
   * @throws ScenarioException if it makes no sense
   */
  public static Scenario read(String file, String text) throws ScenarioException {
    Fields fields = Fields.of(file, YamlNode.parse(file, text), "a scenario");
    int stages = fields.whole("stages", 1, MAX_STAGES);
    int tokens = fields.whole("tokens", 1, MAX_TOKENS);
    List<ScenarioEvent> events =
        new ScenarioReader(file, stages, tokens).events(fields.items("events"));
    Scenario scenario =
        new Scenario(
            stages,
            fields.whole("prompt-tokens", 1, MAX_PROMPT, PROMPT_TOKENS),
            fields.text("prompt"),
            tokens,
            fields.flag("standby", false),
            fields.flag("push", true),
            fields.timeIfAny("hop-latency", MAX_LATENCY).orElse(Duration.ZERO),
            events);
    fields.rejectUnknown();
    for (int stage = 1; stage <= stages; stage++) {
      if (scenario.relaysOf(stage) > MAX_RELAYS_OF_A_STAGE) {
        throw new ScenarioException(
            file,
            "stage %d loses more relays than %d: restart some of them"
                .formatted(stage, MAX_RELAYS_OF_A_STAGE - 1));
      }
    }
    return scenario;
  }

  private List<ScenarioEvent> events(List<YamlNode> items) throws ScenarioException {
    List<ScenarioEvent> events = new ArrayList<>();
    int latest = 0;
    for (YamlNode item : items) {
      Fields fields = Fields.of(file, item, "an event");
      ScenarioEvent event = event(fields);
      fields.rejectUnknown();
      if (event.token() < latest) {
        throw fields.wrong(
            "an event at token %d comes after one at %d: put them in order"
                .formatted(event.token(), latest));
      }
      if (events.size() == MAX_EVENTS) {
        throw fields.wrong("there are more than %d events".formatted(MAX_EVENTS));
      }
      latest = event.token();
      events.add(event);
    }
    return events;
  }

  private ScenarioEvent event(Fields fields) throws ScenarioException {
    String kind = fields.oneOf(KINDS);
    int at = fields.whole("at", 0, tokens - 1);
    return switch (kind) {
      case "kill" -> kill(at, fields.whole(kind, 1, stages));
      case "restart" -> restart(fields, at, fields.whole(kind, 1, stages));
      case "pause" ->
          new ScenarioEvent.Pause(
              at, fields.whole(kind, 1, stages), fields.time("for", MAX_LENGTH));
      case "delay" ->
          new ScenarioEvent.Delay(
              at, fields.link(kind, stages), fields.time("by", MAX_LATENCY), length(fields));
      default -> new ScenarioEvent.Cut(at, fields.link(kind, stages), length(fields));
    };
  }

  private static Optional<Duration> length(Fields fields) throws ScenarioException {
    return fields.timeIfAny("for", MAX_LENGTH);
  }

  private ScenarioEvent kill(int at, int stage) {
    dead[stage]++;
    return new ScenarioEvent.Kill(at, stage);
  }

  private ScenarioEvent restart(Fields fields, int at, int stage) throws ScenarioException {
    if (--dead[stage] < 0) {
      throw fields.wrong("no relay of stage %d is dead then: kill one before".formatted(stage));
    }
    return new ScenarioEvent.Restart(at, stage);
  }
}

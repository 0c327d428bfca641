package io.baton.simulations.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScenarioReaderTest {

  private static Scenario read(String text) throws ScenarioException {
    return ScenarioReader.read("f.yaml", text);
  }

  @Test
  void read_leastThatIsNeeded_hasTheDocumentedDefaults() throws ScenarioException {
    assertThat(read("stages: 2\ntokens: 5\n"))
        .isEqualTo(new Scenario(2, 32, Optional.empty(), 5, false, true, Duration.ZERO, List.of()));
  }

  @Test
  void read_everything() throws ScenarioException {
    Scenario scenario =
        read(
            """
            # a comment
            stages: 4
            prompt-tokens: 7
            prompt: "Relay: Bo."
            tokens: 30
            standby: on
            push: off
            hop-latency: 1.5ms
            events:
              - at: 0
                kill: 2
              - {at: 0, restart: 2}
              - {at: 3, pause: 3, for: 2s}
              - {at: 4, delay: 1-2, by: 50ms, for: 1m}
              - {at: 4, delay: 0-4, by: 10us}
              - {at: 5, cut: 2-3}
              - {at: 29, cut: 0-1, for: 300ms}
            """);
    assertThat(scenario)
        .isEqualTo(
            new Scenario(
                4,
                7,
                Optional.of("Relay: Bo."),
                30,
                true,
                false,
                Duration.ofNanos(1_500_000),
                List.of(
                    new ScenarioEvent.Kill(0, 2),
                    new ScenarioEvent.Restart(0, 2),
                    new ScenarioEvent.Pause(3, 3, Duration.ofSeconds(2)),
                    new ScenarioEvent.Delay(
                        4,
                        new Link(1, 2),
                        Duration.ofMillis(50),
                        Optional.of(Duration.ofMinutes(1))),
                    new ScenarioEvent.Delay(
                        4, new Link(0, 4), Duration.ofNanos(10_000), Optional.empty()),
                    new ScenarioEvent.Cut(5, new Link(2, 3), Optional.empty()),
                    new ScenarioEvent.Cut(
                        29, new Link(0, 1), Optional.of(Duration.ofMillis(300))))));
    assertThat(scenario.events())
        .extracting(ScenarioEvent::toString)
        .containsExactly(
            "kill 2",
            "restart 2",
            "pause 3 for 2s",
            "delay 1-2 by 50ms for 60s",
            "delay 0-4 by 0.01ms",
            "cut 2-3",
            "cut 0-1 for 300ms");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "stage: 4; 1; stages is missing",
        "stages: 4; 1; tokens is missing",
        "stages: 0; 1; stages takes a number from 1 to 64, not '0'",
        "stages: four; 1; not 'four'",
        "stages: 4.0; 1; not '4.0'",
        "stages: [4]; 1; stages takes a single value",
        "stages: 4|tokens: -1; 2; tokens takes a number",
        "stages: 4|tokens: 9|speed: 3; 3; nobody knows 'speed' here",
        "stages: 4|tokens: 9|tokens: 8; 3; Duplicate field 'tokens'",
        "stages: 4|tokens: 9|standby: maybe; 3; standby takes on or off, not 'maybe'",
        "stages: 4|tokens: 9|hop-latency: 25; 3; hop-latency takes a time such as 50ms, at most 1s, not '25'",
        "stages: 4|tokens: 9|hop-latency: 2s; 3; at most 1s",
        "stages: 4|tokens: 9|prompt: ''; 3; prompt is empty",
        "stages: 4|tokens: 9|prompt-tokens: 0; 3; prompt-tokens takes a number",
        "stages: 4|tokens: 9|events: 3; 3; events takes a list",
        "stages: 4|tokens: 9|events: [5]; 3; an event takes keys and values",
        "- stages; 1; a scenario takes keys and values",
        "stages: 4|tokens: 9|  events: x; 3; mapping values are not allowed here",
        "stages: 4|tokens: 9|---|stages: 3; 4; a second document"
      })
  void read_wrong_saysTheLineAndWhatWouldBeRight(String text, int line, String says) {
    assertFails(text.replace('|', '\n'), line, says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{at: 1, kill: 0}; kill takes a number from 1 to 4, not '0'",
        "{at: 1, kill: 5}; kill takes a number from 1 to 4, not '5'",
        "{at: 9, kill: 1}; at takes a number from 0 to 8, not '9'",
        "{kill: 1}; at is missing",
        "{at: 1}; name one of kill, restart, pause, delay, cut, not none",
        "{at: 1, kill: 1, cut: 1-2}; not kill and cut",
        "{at: 1, kil: 1}; nobody knows 'kil' here",
        "{at: 1, kill: 1, for: 2s}; nobody knows 'for' here",
        "{at: 1, restart: 2}; no relay of stage 2 is dead then",
        "{at: 1, pause: 2}; for is missing",
        "{at: 1, pause: 2, for: 11m}; at most 600s",
        "{at: 1, delay: 1-2}; by is missing",
        "{at: 1, delay: 1-2, by: x}; by takes a time",
        "{at: 1, delay: 1, by: 5ms}; delay takes two neighbours of 0, the client, and stages 1 to 4",
        "{at: 1, cut: 1-3}; cut: nothing travels from 1 to 3",
        "{at: 1, cut: 2-1}; nothing travels from 2 to 1",
        "{at: 1, cut: 0-0}; nothing travels from 0 to 0",
        "{at: 1, cut: 4-5}; stages 1 to 4",
        "{at: 1, cut: 0-5}; stages 1 to 4",
        "{at: 0, kill: 1}; comes after one at 1: put them in order"
      })
  void read_wrongEvent_saysTheLineAndWhatWouldBeRight(String event, String says) {
    assertFails(
        "stages: 4\ntokens: 9\nevents:\n  - {at: 1, pause: 1, for: 1s}\n  - " + event, 5, says);
  }

  private static void assertFails(String text, int line, String says) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOfSatisfying(
            ScenarioException.class, e -> assertThat(e.line()).as(e.getMessage()).isEqualTo(line))
        .hasMessageStartingWith("f.yaml, line " + line + ": ")
        .hasMessageContaining(says);
  }

  @Test
  void read_fileThatIsNone_saysSo(@TempDir Path directory) throws Exception {
    assertThatThrownBy(() -> ScenarioReader.read(directory.resolve("x")))
        .isInstanceOf(ScenarioException.class)
        .hasMessageContaining("there is no such file");
    Path bytes = Files.write(directory.resolve("b"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThatThrownBy(() -> ScenarioReader.read(bytes))
        .isInstanceOf(ScenarioException.class)
        .hasMessageContaining("it is not UTF-8 text");
    Path empty =
        Files.write(directory.resolve("e"), "# only this".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> ScenarioReader.read(empty))
        .isInstanceOf(ScenarioException.class)
        .hasMessageContaining("there is nothing in it");
    assertThatThrownBy(() -> ScenarioReader.read(directory))
        .isInstanceOf(ScenarioException.class)
        .hasMessageContaining("it cannot be read");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "off; ; 1",
        "on; ; 2",
        "off; kill; 2",
        "on; kill; 2",
        "off; kill restart; 1",
        "on; kill restart; 2",
        "off; kill | kill; 3",
        "off; kill | restart | kill; 2",
        "on; kill | restart | kill | restart; 2",
        "off; kill kill restart restart; 2",
        "off; kill kill; 3",
        "off; cut; 2",
        "off; cut | kill; 3"
      })
  void relays_areAsManyAsItTakes(String standby, String events, int relays)
      throws ScenarioException {
    StringBuilder text = new StringBuilder("stages: 1\ntokens: 9\nstandby: " + standby + "\n");
    text.append("events:\n");
    int token = 1;
    for (String event : events == null ? new String[0] : events.split(" ")) {
      if (event.equals("|")) {
        token++;
      } else {
        text.append(
            "  - {at: %d, %s: %s}%n".formatted(token, event, event.equals("cut") ? "0-1" : "1"));
      }
    }
    assertThat(read(text.toString()).relaysOf(1)).isEqualTo(relays);
  }
}

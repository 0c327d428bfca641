package io.baton.stages.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RelayStoryTest {

  private static final String STORY =
      """
      Relay: Ana, Ben.
      Ana runs 1 lap and passes the baton to Ben. So far: 1.
      Ben runs 9 laps and crosses the line. So far: 10.
      Total: 10 laps.
      """;

  @Test
  void consistent_rightStory_true() {
    assertThat(RelayStory.consistent(STORY)).isTrue();
    assertThat(RelayStory.consistent("\n" + STORY + "  \n")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "far: 1., far: 2.",
    "far: 10., far: 11.",
    "Total: 10, Total: 11",
    "Ben runs, Chi runs",
    "runs 9, runs nine",
    "runs 9, runs 99999999999999999999",
    "runs 9, walks 9",
    "to Ben, to Chi",
    "Total: 10 laps., ''",
    "'Ana, Ben.', 'Ana, Ben, Chi.'",
    "' So far: 1.', ''"
  })
  void consistent_slip_false(String from, String to) {
    assertThat(STORY).contains(from);
    assertThat(RelayStory.consistent(STORY.replace(from, to))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "Relay: ", "Relay: Ana.\n\n", "\n\n\n", "Total: 0 laps."})
  void consistent_noStory_false(String text) {
    assertThat(RelayStory.consistent(text)).isFalse();
  }

  @Test
  void prompts_sameSeed_same() {
    assertThat(RelayStory.prompts(5, 20))
        .hasSize(20)
        .isEqualTo(RelayStory.prompts(5, 20))
        .isNotEqualTo(RelayStory.prompts(6, 20));
    assertThat(RelayStory.prompts(5, 3)).isEqualTo(RelayStory.prompts(5, 20).subList(0, 3));
  }

  @Test
  void prompts_ofTheFormTrainedOn() {
    for (String prompt : RelayStory.prompts(5, 200)) {
      assertThat(prompt).matches("Relay: [A-Z][a-z]{2}(, [A-Z][a-z]{2}){1,4}\\.\n");
      assertThat(List.of(prompt.substring(7).split("[,.\\s]+"))).doesNotHaveDuplicates();
    }
  }
}

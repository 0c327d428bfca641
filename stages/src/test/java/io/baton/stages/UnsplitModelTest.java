package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.baton.client.stage.StageException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UnsplitModelTest {

  private static final String PROMPT = "Relay: Ana, Ben, Chi.\n";

  private UnsplitModel model;

  @BeforeEach
  void load() throws Exception {
    model = UnsplitModel.load(DemoModel.open());
  }

  @AfterEach
  void unload() {
    model.close();
  }

  @Test
  void generate_demoPrompt_itsStory() throws Exception {
    TokenText text = model.ends().decoder();
    StringBuilder story = new StringBuilder();
    List<Integer> tokens = model.generate(PROMPT, 400, token -> story.append(text.next(token)));
    assertThat(story.append(text.finish()))
        .hasToString(
            """
            Ana runs 2 laps and passes the baton to Ben. So far: 2.
            Ben runs 2 laps and passes the baton to Chi. So far: 4.
            Chi runs 2 laps and crosses the line. So far: 6.
            Total: 6 laps.
            """);
    assertThat(model.ends().isEnd(tokens.getLast())).isTrue();
  }

  @Test
  void generate_fewTokens_noMore() throws Exception {
    List<Integer> seen = new ArrayList<>();
    List<Integer> tokens = model.generate(PROMPT, 5, seen::add);
    assertThat(tokens).hasSize(5).isEqualTo(seen);
    assertThat(model.generate(PROMPT, 0, seen::add)).isEmpty();
  }

  @Test
  void generate_contextFull_stops() throws Exception {
    // Each character is a token, and one more begins the text; the last token needs no room.
    assertThat(model.generate("x".repeat(1021), 400, token -> {})).hasSize(1);
  }

  @Test
  void generate_promptBeyondContext_refusedAndUsableAgain() throws Exception {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> model.generate("x".repeat(1022), 400, token -> {}));
    assertThat(model.generate(PROMPT, 1, token -> {})).hasSize(1);
  }
}

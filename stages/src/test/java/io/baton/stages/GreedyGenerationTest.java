package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.session.model.SessionId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GreedyGenerationTest {

  private static final SessionId SESSION = new SessionId(3, 4);

  @Test
  void run_longPrompt_inStepsOfBoundedSizeWithTheSameResult() throws Exception {
    ModelDirectory model = DemoModel.open();
    String prompt = "Relay: Ana, Ben.\n".repeat(40);
    try (UnsplitModel unsplit = UnsplitModel.load(model);
        Chain whole = Chain.load(model, 1)) {
      ModelEnds ends = unsplit.ends();
      List<Integer> steps = new ArrayList<>();
      whole.open(SESSION, model.maxLength());
      List<Integer> tokens =
          GreedyGeneration.run(
              ends,
              model.maxLength(),
              ends.encode(prompt),
              1,
              (position, activations) -> {
                assertThat(position).isEqualTo(steps.stream().mapToInt(Integer::intValue).sum());
                steps.add(activations.spec().rows());
                return whole.forward(SESSION, position, activations);
              },
              token -> {});
      int length = ends.encode(prompt).length;
      assertThat(steps).containsExactly(256, 256, length - 512);

      whole.close(SESSION);
      whole.open(SESSION, model.maxLength());
      var output = whole.forward(SESSION, 0, ends.embed(ends.encode(prompt)));
      assertThat(tokens).containsExactly(ends.nextToken(output.rows(length - 1, 1)));
    }
  }

  @Test
  void run_promptBeyondTheRoom_throwsBeforeAnythingIsComputed() throws Exception {
    try (ModelEnds ends = ModelEnds.load(DemoModel.open())) {
      assertThatThrownBy(
              () ->
                  GreedyGeneration.run(
                      ends,
                      10,
                      ends.encode("Relay: Ana, Ben.\n"),
                      1,
                      (position, activations) -> {
                        throw new AssertionError("computed");
                      },
                      token -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a prompt of 18 tokens, and room for 10");
    }
  }
}

package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import io.baton.stages.demo.RelayStory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model in stages computes what it computes unsplit, bit for bit. */
class ChainTest {

  private static final SessionId SESSION = new SessionId(1, 2);

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 8})
  void generate_inStages_sameTokensAsUnsplit(int stages) throws Exception {
    ModelDirectory model = DemoModel.open();
    try (UnsplitModel unsplit = UnsplitModel.load(model);
        Chain chain = Chain.load(model, stages)) {
      for (String prompt : RelayStory.prompts(stages, 2)) {
        assertThat(chain.generate(unsplit.ends(), prompt, 300))
            .isEqualTo(unsplit.generate(prompt, 300, token -> {}));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 8})
  void forward_inStages_sameBitsAsUnsplit(int stages) throws Exception {
    ModelDirectory model = DemoModel.open();
    try (ModelEnds ends = ModelEnds.load(model);
        Chain whole = Chain.load(model, 1);
        Chain chain = Chain.load(model, stages)) {
      whole.open(SESSION, 600);
      chain.open(SESSION, 600);
      int position = 0;
      // Past the first page of keys and values, which ends at another position in each split.
      for (int rows : new int[] {40, 1, 1, 300, 7, 1, 200}) {
        Tensor input = ends.embed(tokens(rows, position));
        assertThat(chain.forward(SESSION, position, input))
            .isEqualTo(whole.forward(SESSION, position, input));
        position += rows;
      }
    }
  }

  @Test
  void generate_demoPrompts_mostStoriesConsistent() throws Exception {
    try (UnsplitModel unsplit = UnsplitModel.load(DemoModel.open())) {
      List<String> inconsistent = new ArrayList<>();
      for (String prompt : RelayStory.prompts(1, 6)) {
        List<Integer> tokens = unsplit.generate(prompt, 400, token -> {});
        String story =
            prompt + unsplit.ends().decode(tokens.stream().mapToInt(token -> token).toArray());
        assertThat(unsplit.ends().isEnd(tokens.getLast())).as(story).isTrue();
        if (!RelayStory.consistent(story)) {
          inconsistent.add(story);
        }
      }
      assertThat(inconsistent).hasSizeLessThanOrEqualTo(1);
    }
  }

  /** Some tokens; which ones depends on the position. */
  static int[] tokens(int count, int position) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = 2 + (position + i) * 37 % 256;
    }
    return tokens;
  }
}

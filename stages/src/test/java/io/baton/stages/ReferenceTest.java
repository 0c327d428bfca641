package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.client.stage.StageException;
import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Baton computes what Hugging Face transformers computes, for every architecture it offers. */
class ReferenceTest {

  /**
   * The most by which a logit may differ, of logits up to some 10: both sides add in 32 bits, in
   * different orders, through two layers.
   */
  private static final float BOUND = 2e-4f;

  private static final SessionId SESSION = new SessionId(1, 1);

  @TempDir private Path directory;

  static List<ReferenceModels.Case> cases() throws IOException {
    return ReferenceModels.cases();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void forward_asTransformersSaysIt_sameTokensAndLogits(ReferenceModels.Case reference)
      throws Exception {
    ModelDirectory model = ModelDirectory.open(reference.write(directory));
    try (ModelEnds ends = ModelEnds.load(model)) {
      for (int stages : model.splits() ? new int[] {1, 2} : new int[] {1}) {
        try (Chain chain = Chain.load(model, stages)) {
          check(reference, ends, chain);
        }
      }
    }
  }

  private static void check(ReferenceModels.Case reference, ModelEnds ends, Chain chain)
      throws StageException {
    chain.open(SESSION, reference.prompt().size() + reference.tokens().size());
    List<Integer> tokens = new ArrayList<>();
    List<float[]> logits = new ArrayList<>();
    int[] step = reference.prompt().stream().mapToInt(token -> token).toArray();
    int position = 0;
    while (tokens.size() < reference.tokens().size()) {
      Tensor output = chain.forward(SESSION, position, ends.embed(step));
      Tensor last = output.rows(step.length - 1, 1);
      position += step.length;
      logits.add(ends.logits(last));
      step = new int[] {ends.nextToken(last)};
      tokens.add(step[0]);
    }
    assertThat(distance(logits.getFirst(), reference.logits().getFirst())).isLessThan(BOUND);
    assertThat(distance(logits.getLast(), reference.logits().getLast())).isLessThan(BOUND);
    assertThat(tokens).isEqualTo(reference.tokens());
  }

  private static float distance(float[] a, float[] b) {
    assertThat(a).hasSameSizeAs(b);
    float most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }
}

package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing here is true of one architecture alone. */
class ArchitectureTest {

  private static final SessionId SESSION = new SessionId(1, 1);

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "llama, F32",
    "mistral, F32",
    "qwen2, F32",
    "granite, F32",
    "llama, BF16",
    "qwen2, BF16"
  })
  void forward_inStagesAndRowByRow_sameBitsAsUnsplit(String modelType, String dtype)
      throws Exception {
    ModelDirectory model = ModelDirectory.open(TinyModel.write(directory, modelType, dtype));
    try (UnsplitModel unsplit = UnsplitModel.load(model);
        Chain whole = Chain.load(model, 1);
        Chain chain = Chain.load(model, 4)) {
      Tensor input = unsplit.ends().embed(ChainTest.tokens(21, 0));
      whole.open(SESSION, 21);
      chain.open(SESSION, 21);
      Tensor expected = whole.forward(SESSION, 0, input);
      assertThat(chain.forward(SESSION, 0, input)).isEqualTo(expected);
      chain.rollback(SESSION, 0);
      for (int i = 0; i < 21; i++) {
        assertThat(chain.forward(SESSION, i, input.rows(i, 1))).isEqualTo(expected.rows(i, 1));
      }
      chain.close(SESSION);
      assertThat(chain.generate(unsplit.ends(), "Relay", 20))
          .isEqualTo(unsplit.generate("Relay", 20, token -> {}));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma", "gemma2"})
  void load_layersCannotBeDivided_wholeOnly(String modelType) throws Exception {
    ModelDirectory model = ModelDirectory.open(TinyModel.write(directory, modelType, "F32"));
    assertThat(model.splits()).isFalse();
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> JlamaStageExecutor.load(model, 1, 2, 1))
        .withMessageContaining("cannot divide a model of this type");
    try (UnsplitModel unsplit = UnsplitModel.load(model)) {
      assertThat(unsplit.generate("Relay", 5, token -> {})).isNotEmpty();
    }
  }
}

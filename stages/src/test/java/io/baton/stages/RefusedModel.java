package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;

/**
 * What it is for a model's directory to be refused: one sentence, which names it and what is wrong.
 */
final class RefusedModel {

  private RefusedModel() {}

  static void assertRefused(Path directory, String problem) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ModelDirectory.open(directory))
        .satisfies(
            e ->
                assertThat(e)
                    .message()
                    .startsWith(directory.toString())
                    .contains(problem)
                    .doesNotContain("\n"));
  }
}

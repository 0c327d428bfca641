package io.baton.stages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** The demo model of the repository. */
final class DemoModel {

  private DemoModel() {}

  static Path path() {
    return Path.of(Objects.requireNonNull(System.getProperty("baton.demo.model"))).normalize();
  }

  static ModelDirectory open() throws ModelException {
    return ModelDirectory.open(path());
  }

  /** A copy in {@code target}, to be damaged. */
  static Path copyTo(Path target) throws IOException {
    for (String name :
        List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(path().resolve(name), target.resolve(name));
    }
    return target;
  }
}

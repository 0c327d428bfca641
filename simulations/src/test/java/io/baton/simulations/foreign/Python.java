package io.baton.simulations.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts scripts; a test is skipped where there is no Python with what they need. */
final class Python {

  private static final Path SCRIPTS = Path.of("src/test/python");
  private static final List<String> INTERPRETERS = List.of("/usr/bin/python3", "python3");

  private Python() {}

  /** What the script says on standard error is said by this process. */
  static Process start(String script, String module, String debian, List<String> arguments)
      throws Exception {
    Path file = SCRIPTS.resolve(script);
    assertThat(Files.exists(file)).isTrue();
    List<String> command = new ArrayList<>(List.of(interpreter(module, debian), file.toString()));
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static String interpreter(String module, String debian) throws Exception {
    for (String python : INTERPRETERS) {
      if (has(python, module)) {
        return python;
      }
    }
    assumeTrue(false, "no Python with %s: install %s".formatted(module, debian));
    throw new IllegalStateException();
  }

  private static boolean has(String python, String module) throws InterruptedException {
    try {
      Process asked =
          new ProcessBuilder(python, "-c", "import " + module)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return asked.waitFor(1, TimeUnit.MINUTES) && asked.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}

package io.baton.simulations.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process in Python that plays one attack of {@code foreign_client.py}, which has gRPC and
 * nothing else of ours.
 */
public final class Foreigner implements AutoCloseable {

  private static final Path SCRIPT = Path.of("src/test/python/foreign_client.py");
  private static final List<String> INTERPRETERS = List.of("/usr/bin/python3", "python3");

  private final Process process;
  private final BufferedReader output;

  private Foreigner(Process process) {
    this.process = process;
    this.output = process.inputReader();
  }

  /** Begins an attack; the test is skipped where there is no Python with gRPC. */
  public static Foreigner start(String attack, Object... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(interpreter(), SCRIPT.toString(), attack));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new Foreigner(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  private static String interpreter() throws Exception {
    assertThat(Files.exists(SCRIPT)).isTrue();
    for (String python : INTERPRETERS) {
      if (has(python)) {
        return python;
      }
    }
    assumeTrue(false, "no Python with gRPC: install python3-grpcio");
    throw new IllegalStateException();
  }

  private static boolean has(String python) throws InterruptedException {
    try {
      Process asked =
          new ProcessBuilder(python, "-c", "import grpc")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return asked.waitFor(1, TimeUnit.MINUTES) && asked.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** What it says next, a line. */
  public String line() throws IOException {
    return String.valueOf(output.readLine());
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** What it got, once it has ended. */
  public JsonNode result() throws Exception {
    String last = "";
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      last = line;
    }
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as("exit of the foreign client").isZero();
    return new ObjectMapper().readTree(last);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}

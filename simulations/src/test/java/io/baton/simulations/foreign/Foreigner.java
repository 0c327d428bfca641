package io.baton.simulations.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process in Python that plays one attack of {@code foreign_client.py}, which has gRPC and
 * nothing else of ours.
 */
public final class Foreigner implements AutoCloseable {

  private final Process process;
  private final BufferedReader output;

  private Foreigner(Process process) {
    this.process = process;
    this.output = process.inputReader();
  }

  /** Begins an attack; the test is skipped where there is no Python with gRPC. */
  public static Foreigner start(String attack, Object... arguments) throws Exception {
    List<String> words = new ArrayList<>(List.of(attack));
    for (Object argument : arguments) {
      words.add(argument.toString());
    }
    return new Foreigner(Python.start("foreign_client.py", "grpc", "python3-grpcio", words));
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

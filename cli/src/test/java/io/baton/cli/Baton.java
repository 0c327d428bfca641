package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;

/**
 * A run of the command in this process, with what it wrote.
 *
 * @param status the exit status
 */
record Baton(int status, String out, String err) {

  /** Of the demo's own prompt. */
  static final int DEMO_PROMPT_TOKENS = 32;

  /** The model that comes with the sources. */
  static Path model() {
    return Path.of(System.getProperty("baton.demo.model"));
  }

  /** The directory that holds everything. */
  static Path root() {
    return model().resolve("../..").normalize();
  }

  static Baton run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new Console(Output.to(out), new PrintWriter(err)), arguments);
    return new Baton(status, out.toString(), withoutProgress(err.toString()));
  }

  /** How far a long command has got is told on a slow machine, and not on others. */
  static String withoutProgress(String err) {
    return err.replaceAll("(?m)^baton: [\\d,]+ of [\\d,]+ (seeds|.*sessions)\\R", "");
  }

  /** A demo with the bundled model that prints JSON. */
  static Baton demo(String... arguments) {
    List<String> all =
        new java.util.ArrayList<>(List.of("demo", "--json", "--model", model().toString()));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  /** The last line, which has to be one object. */
  JsonNode json() {
    try {
      JsonNode json = new ObjectMapper().readTree(out.strip().lines().toList().getLast());
      assertThat(json.isObject()).as(out).isTrue();
      return json;
    } catch (JsonProcessingException e) {
      throw new AssertionError(out, e);
    }
  }

  Baton assertStatus(int expected) {
    assertThat(status).as("status; out: %s err: %s", out, err).isEqualTo(expected);
    return this;
  }

  /**
   * It failed with that status, nothing on standard output, and one sentence, no trace of a stack.
   */
  Baton assertFails(int expected, String... says) {
    assertStatus(expected);
    assertThat(out).isEmpty();
    assertThat(err.strip().lines()).as(err).hasSize(1);
    assertThat(err).startsWith("baton: ").contains(says).doesNotContain("Exception");
    return this;
  }
}

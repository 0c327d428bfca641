package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process of the real {@code bin/baton}, with what it writes as bytes. It runs what this test is
 * compiled with, and so needs nothing to be packaged. {@link #close} kills it, if it still runs,
 * with all that it has started.
 */
final class Launched implements AutoCloseable {

  private static final Duration DEADLINE = Duration.ofMinutes(5);

  /** How to launch. Each method changes one thing and returns this. */
  static final class Plan {

    private Path launcher = Baton.root().resolve("bin/baton");
    private final Map<String, String> environment = new TreeMap<>(System.getenv());
    private final List<String> before = new ArrayList<>();
    private final List<String> wrapper = new ArrayList<>();
    private @Nullable Path input;
    private String output = "";

    private Plan() {
      QuickStart quick = QuickStart.ofThisBuild();
      environment.put("BATON_CLASS_PATH", quick.classPath());
      environment.put("BATON_JAVA_OPTS", "-Xmx256m");
      quick.options().forEach(this::javaOptions);
    }

    /** Another checkout's launcher, which runs what is built there. */
    Plan of(Path home) {
      launcher = home.resolve("bin/baton");
      environment.remove("BATON_CLASS_PATH");
      return this;
    }

    Plan environment(String name, String value) {
      environment.put(name, value);
      return this;
    }

    Plan javaOptions(String options) {
      return environment("BATON_JAVA_OPTS", environment.get("BATON_JAVA_OPTS") + " " + options);
    }

    /** For what computes no vectors, which only the second compiler compiles. */
    Plan computingNothing() {
      return javaOptions("-XX:TieredStopAtLevel=1");
    }

    /** As {@code env -i}: nothing is set but what this fixture and the search for programs need. */
    Plan emptyEnvironment() {
      environment.keySet().removeIf(name -> !name.startsWith("BATON_") && !name.equals("PATH"));
      return this;
    }

    /** A line of shell that comes first, such as {@code ulimit -n 64}. */
    Plan after(String line) {
      before.add(line);
      return this;
    }

    /** A command that runs what follows it, such as {@code setpriv --reuid=65534}. */
    Plan through(String... command) {
      wrapper.addAll(List.of(command));
      return this;
    }

    Plan input(Path file) {
      input = file;
      return this;
    }

    /** Shell after the command, such as {@code | head -c 1} or {@code > /dev/full}. */
    Plan output(String shell) {
      output = " " + shell;
      return this;
    }

    Launched start(String... arguments) {
      return start(
          Stream.of(arguments).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList());
    }

    /** With arguments that need be no text. */
    Launched start(List<byte[]> arguments) {
      StringBuilder script = new StringBuilder();
      before.forEach(line -> script.append(line).append('\n'));
      // A job in the background of a shell ignores SIGINT, and so would what it starts.
      script.append(output.isEmpty() ? "exec " : "").append("env --default-signal=INT -i");
      Stream.of(
              environment.entrySet().stream().map(set -> set.getKey() + "=" + set.getValue()),
              wrapper.stream(),
              Stream.of(launcher.toString()))
          .flatMap(words -> words)
          .map(text -> text.getBytes(StandardCharsets.UTF_8))
          .forEach(word -> script.append(' ').append(quoted(word)));
      arguments.forEach(word -> script.append(' ').append(quoted(word)));
      return new Launched(this, script + output);
    }

    /** Runs to the end. */
    Launched run(String... arguments) {
      Launched run = start(arguments);
      try {
        return run.awaitEnd();
      } catch (AssertionError e) {
        run.close();
        throw e;
      }
    }

    /** However this JVM would write other letters. */
    private static String quoted(byte[] word) {
      StringBuilder text = new StringBuilder("$'");
      for (byte b : word) {
        text.append("\\x%02x".formatted(b));
      }
      return text.append('\'').toString();
    }
  }

  private final Path directory;
  private final Process process;

  private Launched(Plan plan, String script) {
    try {
      directory = Files.createTempDirectory("launched");
      ProcessBuilder builder =
          new ProcessBuilder("bash", "-o", "pipefail", "-c", script)
              .redirectOutput(out().toFile())
              .redirectError(err().toFile())
              .redirectInput((plan.input == null ? Path.of("/dev/null") : plan.input).toFile());
      // The shell is not what is tried, and would warn of a locale that is not installed.
      builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Plan plan() {
    return new Plan();
  }

  private Path out() {
    return directory.resolve("out");
  }

  private Path err() {
    return directory.resolve("err");
  }

  Launched awaitEnd() {
    return awaitEnd(DEADLINE);
  }

  Launched awaitEnd(Duration deadline) {
    try {
      assertThat(process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS))
          .as("ended within %s; out: %s err: %s", deadline, text(), errors())
          .isTrue();
      return this;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Until it has written that text, to either of its outputs. */
  Launched awaitText(String text) {
    await().atMost(DEADLINE).until(() -> (text() + errors()).contains(text) || !process.isAlive());
    assertThat(text() + errors()).contains(text);
    return this;
  }

  /** Processes of Java among it and what it has started, the first started first. */
  List<ProcessHandle> javas() {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants())
        .filter(handle -> handle.info().command().orElse("").endsWith("/java"))
        .sorted(Comparator.comparingLong(ProcessHandle::pid))
        .toList();
  }

  /** To the command itself, which what it has been launched through is not. */
  Launched signal(String name) {
    try {
      String pid = Long.toString(javas().getFirst().pid());
      assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor()).isZero();
      return this;
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  int status() {
    return process.exitValue();
  }

  byte[] output() {
    return read(out());
  }

  String text() {
    return new String(output(), StandardCharsets.UTF_8);
  }

  String errors() {
    return new String(read(err()), StandardCharsets.UTF_8);
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Launched assertStatus(int expected) {
    assertThat(status()).as("status; out: %s err: %s", text(), errors()).isEqualTo(expected);
    return this;
  }

  /** It failed with that status and one sentence, and wrote nothing else. */
  Launched assertFails(int expected, String... says) {
    assertStatus(expected);
    assertThat(text()).isEmpty();
    assertThat(errors().strip().lines()).as(errors()).hasSize(1);
    assertThat(errors()).startsWith("baton: ").contains(says).doesNotContain("Exception");
    return this;
  }

  @Override
  public void close() {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroyForcibly);
    await().atMost(DEADLINE).until(() -> all.stream().noneMatch(ProcessHandle::isAlive));
    try {
      Files.deleteIfExists(out());
      Files.deleteIfExists(err());
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

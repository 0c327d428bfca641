package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the tokenizer library comes into a process, and what that leaves and does not do. */
class TokenizerLibraryTest {

  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

  private static final String FROM_A_FILE = "from a file";

  @TempDir private Path directory;

  /** Loads the library, encodes and decodes, and says so. */
  public static final class User {
    public static void main(String[] args) throws Exception {
      try {
        if (args.length > 1 && args[1].equals(FROM_A_FILE)) {
          TokenizerLibrary.loadFrom(Path.of(System.getProperty("java.io.tmpdir")));
        } else if (args.length > 1) {
          CallsHome.call(args[1]);
        }
        use(args[0]);
      } catch (TokenizerLibraryException e) {
        System.out.println(e.getMessage());
      }
    }

    private static void use(String file) throws Exception {
      try (Tokenizer tokenizer = Tokenizer.load(Path.of(file))) {
        System.out.println(tokenizer.decode(tokenizer.encode("used", true)));
      }
    }
  }

  /** What the watch is to see: a connection to a closed port of this host. */
  private static final class CallsHome {
    static void call(String address) {
      try (Socket socket = new Socket(address, 9)) {
        System.out.println("answered by " + socket);
      } catch (IOException e) {
        System.out.println("nobody answers");
      }
    }
  }

  @Test
  void classPath_nothingThatReportsToOthers() {
    for (String name :
        List.of("ai.djl.util.Ec2Utils", "ai.djl.util.cuda.CudaUtils", "com.sun.jna.Native")) {
      assertThatExceptionOfType(ClassNotFoundException.class)
          .as(name)
          .isThrownBy(() -> Class.forName(name));
    }
  }

  /** Every system call of the process that has to do with a network is seen. */
  @Test
  void load_watched_noConnectionIsAttempted() throws Exception {
    Path strace = Path.of("/usr/bin/strace");
    assumeTrue(Files.isExecutable(strace), "needs strace");
    Path calls = directory.resolve("calls");
    List<String> watch =
        List.of(strace.toString(), "-f", "-qq", "-e", "trace=%network", "-o", calls.toString());
    assertThat(run(watch, Map.of("OPT_OUT_TRACKING", "false", "DJL_OFFLINE", "false"), directory))
        .isEqualTo("used");
    assertThat(attempts(calls)).isEmpty();
    // The watch sees what it is to see.
    assertThat(run(watch, Map.of(), directory, "127.0.0.1")).endsWith("used");
    assertThat(attempts(calls)).isNotEmpty();
  }

  private static List<String> attempts(Path calls) throws IOException {
    return Files.readAllLines(calls).stream()
        .filter(line -> line.contains("AF_INET") && !line.contains("socket("))
        .toList();
  }

  @Test
  void load_noHomeAndEmptyEnvironment_nothingIsLeft() throws Exception {
    assertThat(run(List.of("/usr/bin/env", "-i"), Map.of(), directory)).isEqualTo("used");
    assertThat(list(directory)).isEmpty();
  }

  @Test
  void load_noTemporaryDirectory_fromMemory() throws Exception {
    assertThat(run(List.of(), Map.of(), directory.resolve("missing"))).isEqualTo("used");
  }

  @Test
  void load_temporaryDirectoryForbidsExecution_fromMemory() throws Exception {
    assertThat(runWithoutExecution()).isEqualTo("used");
  }

  @Test
  void loadFrom_file_nothingIsLeft() throws Exception {
    assertThat(run(List.of(), Map.of(), directory, FROM_A_FILE)).isEqualTo("used");
    assertThat(list(directory)).isEmpty();
  }

  @Test
  void loadFrom_leftByAProcessThatWasKilled_removedAndOthersKept() throws Exception {
    Path left = Files.createFile(directory.resolve("baton-tokenizers-123.lib"));
    Path other = Files.createFile(directory.resolve("other-tokenizers-123.lib"));
    assertThat(run(List.of(), Map.of(), directory, FROM_A_FILE)).isEqualTo("used");
    assertThat(list(directory)).containsExactly(other).doesNotContain(left);
  }

  @Test
  void loadFrom_manyAtOnceInOneDirectory_allDo() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(List.of(), Map.of(), directory, FROM_A_FILE));
    }
    for (Process process : processes) {
      assertThat(outputOf(process)).isEqualTo("used");
    }
    assertThat(list(directory)).isEmpty();
  }

  @Test
  void loadFrom_noSuchTemporaryDirectory_sentence() throws Exception {
    assertThat(run(List.of(), Map.of(), directory.resolve("missing"), FROM_A_FILE))
        .startsWith("the tokenizer library cannot be unpacked into " + directory)
        .endsWith("name a directory that can be written to with -Djava.io.tmpdir=")
        .doesNotContain("\n");
  }

  @Test
  void loadFrom_temporaryDirectoryForbidsExecution_sentenceAndNothingLeft() throws Exception {
    assertThat(runWithoutExecution(FROM_A_FILE))
        .startsWith("the tokenizer library cannot be loaded from " + directory)
        .endsWith(
            "if files there may not be executed, name another directory with -Djava.io.tmpdir=")
        .doesNotContain("\n");
  }

  /** In a directory of that kind, in which nothing is left. */
  private String runWithoutExecution(String... arguments) throws Exception {
    assumeTrue(
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", directory.toString())
                .redirectErrorStream(true)
                .start()
                .waitFor()
            == 0,
        "needs to mount a file system");
    try {
      String output = run(List.of(), Map.of(), directory, arguments);
      assertThat(list(directory)).isEmpty();
      return output;
    } finally {
      new ProcessBuilder("umount", directory.toString()).start().waitFor();
    }
  }

  private static String run(
      List<String> before, Map<String, String> environment, Path temporary, String... arguments)
      throws Exception {
    return outputOf(start(before, environment, temporary, arguments));
  }

  private static Process start(
      List<String> before, Map<String, String> environment, Path temporary, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            JAVA.toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            System.getProperty("java.class.path"),
            User.class.getName(),
            DemoModel.path().resolve("tokenizer.json").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    return builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static String outputOf(Process process) throws Exception {
    try {
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      return output;
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

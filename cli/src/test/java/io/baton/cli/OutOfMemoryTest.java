package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, started by bin/baton, that have too little memory for what they are to do. */
class OutOfMemoryTest {

  private static final long PATIENCE_SECONDS = 120;

  @TempDir private Path home;

  @Test
  void heapThatIsExhausted_endsTheProcessWithASentenceAndAStatusOfItsOwn() throws Exception {
    Ended ended =
        baton("-Xmx24m", "simulate", "scale", "--relays", "20000", "--sessions", "200000");
    assertThat(ended.err)
        .containsExactly(
            "baton: out of memory (Java heap space): give it more, as with BATON_JAVA_OPTS=-Xmx2g");
    assertThat(ended.status).isEqualTo(ExitCode.OUT_OF_MEMORY);
  }

  @Test
  void memoryOutsideTheHeap_endsTheProcessAsWell() throws Exception {
    Ended ended = run(List.of("-XX:MaxDirectMemorySize=1m"), DirectMemory.class.getName());
    assertThat(ended.err).hasSize(1);
    assertThat(ended.err.getFirst())
        .startsWith("baton: out of memory (Cannot reserve")
        .endsWith("give it more, as with BATON_JAVA_OPTS=-Xmx2g");
    assertThat(ended.status).isEqualTo(ExitCode.OUT_OF_MEMORY);
  }

  /** Takes memory outside the heap on a thread of its own, and would run on for ever without it. */
  static final class DirectMemory {
    public static void main(String[] args) throws InterruptedException {
      Main.endWithoutMemory();
      Thread.ofPlatform()
          .start(
              () -> {
                // More than there is to be had, at once.
                ByteBuffer memory = ByteBuffer.allocateDirect(1 << 26);
                memory.put((byte) 0);
              });
      Thread.currentThread().join();
    }
  }

  private record Ended(int status, List<String> err) {}

  /** The real script, with the classes of this build. */
  private Ended baton(String options, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("bash", Baton.root().resolve("bin/baton").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("BATON_CLASS_PATH", System.getProperty("java.class.path"));
    return end(builder, options);
  }

  private Ended run(List<String> options, String main) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString()));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    return end(new ProcessBuilder(command), "");
  }

  private Ended end(ProcessBuilder builder, String options) throws Exception {
    builder.environment().put("BATON_JAVA_OPTS", options);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Path err = home.resolve("err");
    Process process =
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(err.toFile()).start();
    try {
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      await().until(() -> Files.readString(err).endsWith("\n"));
      return new Ended(process.exitValue(), Files.readAllLines(err));
    } finally {
      process.destroyForcibly();
    }
  }
}

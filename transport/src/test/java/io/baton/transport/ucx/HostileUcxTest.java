package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** UCX's own code ends the process where it is given bad bytes, so that a child is given them. */
@Timeout(120)
class HostileUcxTest {

  @BeforeEach
  void available() {
    Ucx.assumeAvailable();
  }

  private static String target(String what, int rounds) throws Exception {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-XX:+UseSerialGC",
                    "-XX:-CreateCoredumpOnCrash",
                    "-XX:ErrorFile=/dev/null",
                    "-Xmx256m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    TargetMain.class.getName(),
                    what,
                    Integer.toString(rounds)))
            .redirectErrorStream(true)
            .start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(said).isZero();
      return said;
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void addresses_mutatedWithTheRightChecksum_endNothing() throws Exception {
    String said = target("addresses", 3000);
    assertThat(said).contains(TargetMain.ALIVE).contains("taken: ").doesNotContain("taken: 0\n");
  }

  @Test
  void sockets_ofStrangers_withGarbage_endNothing() throws Exception {
    assertThat(target("sockets", 200)).contains(TargetMain.ALIVE);
  }
}

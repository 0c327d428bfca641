package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Servers that are told to stop while a step is computed that nothing can interrupt. */
@ExtendWith(Leftovers.class)
class StoppingTest {

  private static final String MODEL = Baton.model().toString();

  /** A step of many rows takes minutes, since only C2 compiles vectors. */
  private static final String SLOW = "-XX:TieredStopAtLevel=1";

  private static final String LONG_PROMPT = "Relay: Ana, Ben, Chi, Dov, Eli.\n".repeat(16);

  /** More than 5 s, for a machine that has more to do; far less than the step takes. */
  private static final Duration PROMISED = Duration.ofSeconds(30);

  private static final Duration DEADLINE = Duration.ofMinutes(5);

  @Test
  void serveAndClient_toldToStopWhileAStepComputes_endAndLeaveNoPool() throws IOException {
    try (Launched server =
        Launched.plan()
            .javaOptions(SLOW)
            .start(
                "serve",
                "--model",
                MODEL,
                "--stage=1/1",
                "--listen=127.0.0.1:0",
                "--drain=0",
                "--name=stopping")) {
      server.awaitText(" serves stage 1/1");
      try (Launched client = generate(address(server))) {
        awaitComputing(address(server));
        long clientPid = client.javas().getFirst().pid();
        client.signal("TERM").awaitEnd(PROMISED).assertStatus(143);
        server.signal("TERM").awaitEnd(PROMISED).assertStatus(143);
        assertThat(pools("client-" + clientPid)).isEmpty();
      }
    }
    assertThat(pools("stopping")).isEmpty();
  }

  /** There is a session, and its first step takes minutes. */
  private static void awaitComputing(String server) {
    await()
        .atMost(DEADLINE)
        .until(
            () -> {
              // A busy machine may not answer at once.
              Baton status = Baton.run("status", server, "--json");
              return status.status() == ExitCode.OK
                  && status.json().at("/sessions/open").asInt() == 1;
            });
  }

  private static Launched generate(String peer) {
    // A young process may take longer to say what it serves than a client waits.
    await().atMost(DEADLINE).until(() -> Baton.run("status", peer).status() == ExitCode.OK);
    return Launched.plan().start("generate", "--model", MODEL, "--peers", peer, LONG_PROMPT);
  }

  private static String address(Launched server) {
    server.awaitText(" at 127.0.0.1:");
    String text = server.text();
    return text.substring(text.lastIndexOf(' ') + 1).strip();
  }

  private static List<Path> pools(String relay) throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("baton-" + relay + "-"))
          .toList();
    }
  }
}

package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Servers and the client of one test process; interrupting a command stands for stopping it. */
@ExtendWith(Leftovers.class)
class ServeTest {

  private static final String MODEL = Baton.model().toString();

  private static Running serve(String share) {
    return serve(share, "local,ucx,grpc");
  }

  private static Running serve(String share, String lanes) {
    return new Running(
            "serve", "--model", MODEL, "--stage", share, "--listen=127.0.0.1:0", "--lanes", lanes)
        .awaitOutput(" serves stage " + share);
  }

  @Test
  void generate_onlyServerRestartsInTheMiddle_goesOnWithTheSameText() {
    String prompt = "Relay: Ana, Ben, Chi, Dov, Eli.";
    Running server = serve("1/1");
    String address = server.address();
    Running client =
        new Running("generate", "--model", MODEL, "--peers", address, "--no-push", prompt + "\n");
    client.awaitOutput("Ana runs");
    server.close();
    try (Running _ =
        new Running("serve", "--model", MODEL, "--stage=1/1", "--listen", address)
            .awaitOutput(" serves stage 1/1")) {
      client.awaitEnd();
    }

    String expected =
        Baton.demo("--prompt", prompt, "--stages=1", "--kill=none", "--max-tokens=256")
            .json()
            .get("text")
            .asText();
    assertThat(prompt + "\n" + client.output().stripTrailing()).isEqualTo(expected.stripTrailing());
  }

  private static Baton generate(String... peers) {
    return Baton.run(
        "generate",
        "--model",
        MODEL,
        "--peers",
        String.join(",", peers),
        "--max-tokens=12",
        "Relay: Bo, Cy.\n");
  }

  private static String expectedText() {
    return Baton.demo("--prompt=Relay: Bo, Cy.", "--stages=1", "--kill=none", "--max-tokens=12")
        .json()
        .get("text")
        .asText()
        .substring("Relay: Bo, Cy.\n".length());
  }

  @Test
  void generate_overServedStages_printsTheModelsText() {
    try (Running second = serve("2/2");
        Running first = serve("1/2")) {
      Baton run = generate(second.address(), first.address()).assertStatus(ExitCode.OK);

      assertThat(run.out().stripTrailing()).isEqualTo(expectedText().stripTrailing());
      assertThat(run.err()).isEmpty();
    }
  }

  @Test
  void generate_overRelaysThatShareNoMemory_sendsByUcx() {
    try (Running second = serve("2/2", "ucx");
        Running first = serve("1/2", "ucx")) {
      JsonNode before = status(first);
      assumeTrue(before.at("/ucx/absent_because").asText().isEmpty(), before.toString());
      Baton run = generate(second.address(), first.address()).assertStatus(ExitCode.OK);

      assertThat(run.out().stripTrailing()).isEqualTo(expectedText().stripTrailing());
      JsonNode sent = status(first).at("/payloads/sent");
      // The pushes; what goes to the client does not.
      assertThat(sent.at("/ucx").asLong()).as(sent.toString()).isPositive();
      assertThat(sent.at("/shared").asLong()).isZero();
    }
  }

  private static JsonNode status(Running relay) {
    return Baton.run("status", relay.address(), "--json").assertStatus(ExitCode.OK).json();
  }

  @Test
  void generate_peerIsDownButHasAnAlternative_doesNotHurt() {
    try (Running whole = serve("1/1")) {
      generate("127.0.0.1:1", whole.address()).assertStatus(ExitCode.OK);
    }
  }

  @Test
  void generate_stageThatNobodyServes_saysWhichAndWhatEachPeerSaid() {
    try (Running first = serve("1/2")) {
      generate(first.address(), "127.0.0.1:1")
          .assertFails(
              ExitCode.NO_ROUTE,
              "no relay that can be reached serves layer 4",
              "127.0.0.1:1: cannot be reached",
              first.address() + ": serves layers 0-3");
    }
  }

  @Test
  void generate_relayWithoutAnExecutor_says(@TempDir Path directory) {
    Path socket = directory.resolve("s");
    try (Running relay = relay(socket)) {
      generate(relay.address())
          .assertFails(ExitCode.NO_ROUTE, relay.address(), "no stage executor is attached");
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void stage_startedBeforeItsRelay_attachesWhenItComes(@TempDir Path directory) {
    Path socket = directory.resolve("s");
    try (Running stage =
            new Running("stage", "--relay=unix:" + socket, "--model", MODEL, "--stage=1/1")
                .awaitOutput("attaches to unix:" + socket);
        Running relay = relay(socket)) {
      stage.awaitOutput("is attached to unix:" + socket);

      generate(relay.address()).assertStatus(ExitCode.OK);
    }
  }

  private static Running relay(Path socket) {
    return new Running("relay", "--listen=127.0.0.1:0", "--socket", socket.toString())
        .awaitOutput("waits for a stage executor at unix:" + socket);
  }
}

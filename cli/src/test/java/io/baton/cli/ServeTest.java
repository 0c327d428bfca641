package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Servers and the client of one test process; interrupting a command stands for stopping it. */
@ExtendWith(Leftovers.class)
class ServeTest {

  private static final String MODEL = Baton.model().toString();
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final Pattern ADDRESS = Pattern.compile("127\\.0\\.0\\.1:\\d+");

  /** A command that runs until it is closed. */
  private static final class Running implements AutoCloseable {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final CompletableFuture<Integer> status = new CompletableFuture<>();
    private final Thread thread;

    Running(String... arguments) {
      Console console = new Console(new PrintWriter(out, true), new PrintWriter(err, true));
      thread =
          Thread.ofPlatform()
              .name("test")
              .start(() -> status.complete(Main.run(console, arguments)));
    }

    Running awaitOutput(String text) {
      await().atMost(DEADLINE).untilAsserted(() -> assertThat(out.toString() + err).contains(text));
      return this;
    }

    String address() {
      Matcher matcher = ADDRESS.matcher(out.toString());
      assertThat(matcher.find()).as(out.toString()).isTrue();
      return matcher.group();
    }

    @Override
    public void close() {
      thread.interrupt();
      assertThat(
              status.orTimeout(DEADLINE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS).join())
          .isEqualTo(ExitCode.INTERRUPTED);
    }
  }

  private static Running serve(String share) {
    return new Running("serve", "--model", MODEL, "--stage", share, "--listen=127.0.0.1:0")
        .awaitOutput(" serves stage " + share);
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

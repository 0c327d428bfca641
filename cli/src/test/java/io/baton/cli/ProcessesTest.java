package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With processes that are really killed. */
@ExtendWith(Leftovers.class)
class ProcessesTest {

  private static final String MODEL = Baton.model().toString();

  /** Of what a machine with nothing else to do has done within seconds. */
  private static final Duration DEADLINE = Duration.ofMinutes(3);

  @TempDir private Path directory;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void killWhatIsLeft() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void demo_inProcessesWithTwoKills_leavesTheTextAsItIs() {
    JsonNode json =
        Baton.demo("--processes", "--stages=2", "--kill=1@0", "--kill=2@4", "--max-tokens=6")
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("processes").asBoolean()).isTrue();
    assertThat(json.get("kills").size()).isEqualTo(2);
    assertThat(json.get("reroutes").asInt()).isBetween(1, 2);
  }

  /** Nothing waits for a standby, and how far it lags is the machine's affair. */
  @Test
  void demo_inProcessesWithStandbys_takesOverAndStartsTheKilledOneAnew() {
    JsonNode json =
        Baton.demo("--processes", "--standby", "--stages=2", "--kill=2@60", "--max-tokens=80")
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("takeovers").asInt()).isEqualTo(1);
    assertThat(json.get("replayed_tokens").asInt()).isLessThan(Baton.DEMO_PROMPT_TOKENS + 60);
  }

  @ParameterizedTest
  @CsvSource({"KILL,137", "INT,130"})
  void demo_thatIsEnded_leavesNoChildAndNoFile(String signal, int status) throws IOException {
    Process demo =
        start("demo", "--model", MODEL, "--processes", "--stages=2", "--kill=none", "--rounds=9");
    List<ProcessHandle> children = new ArrayList<>();
    await()
        .atMost(DEADLINE)
        .until(
            () -> {
              children.clear();
              demo.children().forEach(children::add);
              return children.size() == 2;
            });

    signal(demo, signal);

    await().atMost(DEADLINE).until(() -> !demo.isAlive());
    assertThat(demo.exitValue()).isEqualTo(status);
    await().atMost(DEADLINE).until(() -> children.stream().noneMatch(ProcessHandle::isAlive));
    assertThat(temporaryFiles()).isEmpty();
  }

  @Test
  void relayAndStage_eachRestartedAlone_serveAgain() throws IOException {
    Path socket = directory.resolve("s");
    Process relay = startRelay(socket, "0");
    String address = awaitLine(relay, "listens at").replaceAll(".* ", "");
    Process stage = startStage(socket);
    awaitGenerated(address);

    signal(stage, "KILL");
    startStage(socket);
    awaitGenerated(address);

    signal(relay, "TERM");
    await().atMost(DEADLINE).until(() -> !relay.isAlive());
    assertThat(relay.exitValue()).isEqualTo(143);
    assertThat(socket).doesNotExist();
    Process again = startRelay(socket, address.replaceAll(".*:", ""));
    awaitLine(again, "listens at");
    awaitGenerated(address);

    // The next one finds its predecessor's socket.
    signal(again, "KILL");
    await().atMost(DEADLINE).until(() -> !again.isAlive());
    startRelay(socket, address.replaceAll(".*:", ""));
    awaitGenerated(address);
  }

  /** Two relays, two stages and a client, each a process; the client is this one. */
  @Test
  void payloads_betweenProcessesOfOneHost_neverGoInMessages() throws IOException {
    List<String> relays = new ArrayList<>();
    for (int i = 1; i <= 2; i++) {
      Path socket = directory.resolve("s" + i);
      Process relay =
          start("relay", "--name=r" + i, "--listen=127.0.0.1:0", "--socket", socket.toString());
      relays.add(awaitLine(relay, "listens at").replaceAll(".* ", ""));
      start("stage", "--relay", "unix:" + socket, "--model", MODEL, "--stage=%d/2".formatted(i));
    }
    awaitGenerated(String.join(",", relays));

    for (String relay : relays) {
      JsonNode payloads =
          Baton.run("status", relay, "--json").assertStatus(ExitCode.OK).json().get("payloads");
      for (String way : List.of("sent", "received")) {
        assertThat(payloads.get(way).path("framed").asLong()).as(relay + " " + way).isZero();
        assertThat(payloads.get(way).path("shared").asLong()).as(relay + " " + way).isPositive();
      }
    }
  }

  /** As names in a container's network may be. */
  @Test
  void status_ofARelayWhoseNameHasAnUnderscore_reachesItWhereTheSystemKnowsTheName()
      throws Exception {
    String port =
        awaitLine(startRelay(directory.resolve("s"), "0"), "listens at").replaceAll(".*:", "");
    Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 relay_one\n");
    // Two processes that have just begun may take longer than a status waits for its answer.
    await()
        .atMost(DEADLINE)
        .untilAsserted(
            () -> {
              Process known =
                  start(
                      List.of("-Xmx256m", "-Djdk.net.hosts.file=" + hosts),
                      "status",
                      "relay_one:" + port,
                      "--json");
              assertThat(known.waitFor(DEADLINE)).isTrue();
              assertThat(known.exitValue()).isEqualTo(ExitCode.OK);
            });
    Baton.run("status", "relay_two:" + port)
        .assertFails(ExitCode.USAGE, "'relay_two:" + port + "': no such host");
    Baton.run("generate", "--model", MODEL, "--peers=10.0.0:7000", "Relay: Bo.")
        .assertFails(ExitCode.USAGE, "10.0.0", "is no IPv4 address");
  }

  /** More users than the machine has processors for, all at the same moment. */
  @Test
  void generate_twelveAtOnceOverFourWarmStages_allPrintTheModelsText() throws Exception {
    List<String> relays = new ArrayList<>();
    for (int i = 1; i <= 4; i++) {
      relays.add(serve("%d/4".formatted(i)));
    }
    awaitGenerated(String.join(",", relays));
    List<Process> clients = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      clients.add(
          start(
              "generate",
              "--model",
              MODEL,
              "--peers",
              String.join(",", relays),
              "--max-tokens=24",
              "Relay: Bo, Cy.\n"));
    }
    String expected =
        Baton.demo("--prompt=Relay: Bo, Cy.", "--stages=1", "--kill=none", "--max-tokens=24")
            .json()
            .get("text")
            .asText()
            .substring("Relay: Bo, Cy.\n".length())
            .stripTrailing();
    for (Process client : clients) {
      assertThat(client.waitFor(10, TimeUnit.MINUTES)).isTrue();
      int number = started.indexOf(client);
      assertThat(client.exitValue())
          .as(Files.readString(directory.resolve("err-" + number)))
          .isEqualTo(ExitCode.OK);
      assertThat(Files.readString(directory.resolve("out-" + number)).stripTrailing())
          .isEqualTo(expected);
    }
  }

  /** As a machine that hangs: its sockets stay open, and nothing is answered. */
  @Test
  void generate_withAStageThatIsStopped_goesOnWithAnother() throws Exception {
    List<String> relays = new ArrayList<>();
    for (int stage : new int[] {1, 2, 2}) {
      relays.add(serve("%d/2".formatted(stage)));
    }
    String prompt = "Relay: Ana, Ben, Chi, Dov, Eli.";
    String expected =
        Baton.demo("--prompt=" + prompt, "--stages=1", "--kill=none", "--max-tokens=90")
            .json()
            .get("text")
            .asText();
    Process client =
        start(
            "generate",
            "--model",
            MODEL,
            "--peers",
            String.join(",", relays),
            "--max-tokens=90",
            prompt + "\n");
    Path out = directory.resolve("out-" + started.indexOf(client));
    await().atMost(DEADLINE).until(() -> Files.size(out) > 3);
    signal(started.get(1), "STOP");

    assertThat(client.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(client.exitValue()).isEqualTo(ExitCode.OK);
    assertThat(Files.readString(out).strip())
        .isEqualTo(expected.substring(prompt.length()).strip());
  }

  /** Where a new process serves that share of the model. */
  private String serve(String stage) throws IOException {
    Process serving = start("serve", "--model", MODEL, "--stage=" + stage, "--listen=127.0.0.1:0");
    return awaitLine(serving, "serves").replaceAll(".* ", "");
  }

  private Process startRelay(Path socket, String port) throws IOException {
    return start("relay", "--listen=127.0.0.1:" + port, "--socket", socket.toString());
  }

  private Process startStage(Path socket) throws IOException {
    return start("stage", "--relay", "unix:" + socket, "--model", MODEL, "--stage=1/1");
  }

  private static void awaitGenerated(String address) {
    await()
        .atMost(DEADLINE)
        .untilAsserted(
            () ->
                Baton.run(
                        "generate",
                        "--model",
                        MODEL,
                        "--peers",
                        address,
                        "--max-tokens=3",
                        "Relay: Bo, Cy.\n")
                    .assertStatus(ExitCode.OK));
  }

  private Process start(String... arguments) throws IOException {
    return start(
        List.of("-Xmx256m", "-Djava.io.tmpdir=" + Files.createDirectories(temporary())), arguments);
  }

  private Process start(List<String> jvm, String... arguments) throws IOException {
    // A job in the background of a shell ignores SIGINT, and so would what it starts.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.addAll(JavaCommand.ofThisBuild(jvm, arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(directory.resolve("out-" + started.size()).toFile())
            .redirectError(directory.resolve("err-" + started.size()).toFile())
            .start();
    started.add(process);
    return process;
  }

  private Path temporary() {
    return directory.resolve("tmp");
  }

  private List<Path> temporaryFiles() throws IOException {
    try (Stream<Path> files = Files.list(temporary())) {
      return files.toList();
    }
  }

  private String awaitLine(Process process, String text) {
    Path out = directory.resolve("out-" + started.indexOf(process));
    return await()
        .atMost(DEADLINE)
        .until(
            () -> Files.readString(out).lines().filter(line -> line.contains(text)).findFirst(),
            java.util.Optional::isPresent)
        .orElseThrow();
  }

  private static void signal(Process process, String name) throws IOException {
    Process kill =
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
            .redirectErrorStream(true)
            .start();
    try (InputStream output = kill.getInputStream()) {
      assertThat(new String(output.readAllBytes(), StandardCharsets.UTF_8)).isEmpty();
    }
  }
}

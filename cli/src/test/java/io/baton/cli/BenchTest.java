package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.baton.benchmarks.node.NodeMain;
import io.baton.transport.pinned.PoolConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code baton bench}, with so few messages that no figure means anything. */
@ExtendWith(Leftovers.class)
class BenchTest {

  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private static Baton bench(String arguments) {
    return run(
        "bench %s --json --verify --rounds 1 --seconds 0.05 --warm-up 0.05"
            .formatted(arguments)
            .split(" "));
  }

  /** In a process whose own start, and theirs that it starts, takes little. */
  private static Baton run(String... arguments) {
    try (Launched run = Launched.plan().computingNothing().run(arguments)) {
      return new Baton(run.status(), run.text(), run.errors());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hop --lane local --size 8KiB",
        "hop --apart --lane grpc --size 100000",
        "sidecar --relays 2 --lane local",
        "relays --lane local --size 1MiB --in-flight 4",
        "pushes --lane grpc --size 8KiB --beside 4MiB"
      })
  void bench_eachWay_movesEveryByteAndPrintsOneObject(String arguments) {
    Baton run = bench(arguments).assertStatus(ExitCode.OK);

    assertThat(run.out().strip().lines()).hasSize(1);
    JsonNode json = run.json();
    assertThat(arguments).startsWith(json.get("bench").asText());
    assertThat(json.get("p50_us").asDouble()).isPositive();
    assertThat(json.get("p99_us").asDouble()).isGreaterThanOrEqualTo(json.get("p50_us").asDouble());
    assertThat(json.get("per_second").asDouble()).isPositive();
    assertThat(json.get("cpu_us").asDouble()).isPositive();
    assertThat(json.get("copies").asDouble()).isNotNegative();
    assertThat(json.get("allocated_bytes").asDouble()).isPositive();
    assertThat(json.get("command").asText()).startsWith("baton bench " + arguments);
    assertThat(json.get("ratio").fieldNames()).toIterable().containsExactly("uds", "grpc");
    assertThat(json.get("ratio").get("uds").get("p50").asDouble()).isPositive();
  }

  @Test
  void bench_laneUcx_hasTheFloorsOfUcx() {
    Baton run = bench("relays --lane ucx --size 128KiB");
    assumeTrue(run.status() != ExitCode.RESOURCES, "this machine has no UCX");
    run.assertStatus(ExitCode.OK);

    JsonNode json = run.json();
    assertThat(json.get("lane").asText()).isEqualTo("ucx");
    assertThat(json.get("ratio").fieldNames()).toIterable().contains("uds", "grpc", "jucx");
  }

  @Test
  void bench_severalPoints_printsALineForEach() {
    Baton run = bench("sidecar --size 32,1KiB --in-flight 3").assertStatus(ExitCode.OK);

    assertThat(run.out().strip().lines().map(BenchTest::point)).containsExactly("32 3", "1024 3");
  }

  private static String point(String line) {
    try {
      JsonNode json = new ObjectMapper().readTree(line);
      return json.get("size") + " " + json.get("in_flight");
    } catch (JsonProcessingException e) {
      throw new AssertionError(line, e);
    }
  }

  @Test
  void ids_printsALineAfterEachSoMany() {
    Baton run =
        run("bench", "ids", "--ids", "250", "--every", "100", "--json").assertStatus(ExitCode.OK);

    assertThat(run.out().strip().lines()).hasSize(3);
    assertThat(run.json().get("ids").asInt()).isEqualTo(250);
    assertThat(run.json().get("per_second").asDouble()).isPositive();
    assertThat(run.json().get("live_heap_bytes").asLong()).isPositive();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "; name what to measure: hop, sidecar, relays, pushes, ids",
        "hop --lane tcp; 'tcp' is no lane",
        "hop --size 31; --size takes a size from",
        "hop --size 512MiB; --size takes a size from",
        "hop --in-flight 0; --in-flight takes a number from 1 to 200, not 0",
        "relays --size 256MiB --in-flight 100; more than 512 MiB",
        "hop --rounds 0; --rounds takes a number from 1 up, not 0",
        "hop --seconds 0; --seconds takes seconds from 0.01 to 60, not 0",
        "hop --seconds 2s; '2s' is not a number of seconds such as 2 or 0.25",
        "hop --warm-up 61; --warm-up takes seconds from 0.01 to 60, not 61",
        "sidecar --relays 3; --relays takes 1 or 2, not 3",
        "sidecar --lane grpc; --lane is about the way between two relays",
        "sidecar --apart; --apart",
        "ids --heap 1MiB; --heap takes a size from 32MiB up",
        "ids --id-bytes 3; --id-bytes takes a number from 10 to 255, not 3"
      })
  void bench_badOptions_areUsageErrors(String arguments, String says) {
    String all = arguments == null ? "bench" : "bench " + arguments;
    Baton.run(all.split(" ")).assertFails(ExitCode.USAGE, says);
  }

  @Test
  void bench_transportsThatUcxHasNot_saysThatTheLaneIsNotThere() {
    bench("relays --lane ucx --transports nonsense")
        .assertFails(ExitCode.RESOURCES, "the lane ucx is not available here: ");
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143", "KILL, 137"})
  void bench_isEnded_leavesNothing(String signal, int status) throws IOException {
    try (Launched run =
        Launched.plan().computingNothing().start("bench", "sidecar", "--seconds", "60")) {
      await().atMost(DEADLINE).until(() -> run.javas().size() >= 4);
      List<ProcessHandle> all = new ArrayList<>(run.javas());
      Path directory = directory(all);

      run.signal(signal).awaitEnd().assertStatus(status);

      await().atMost(DEADLINE).until(() -> all.stream().noneMatch(ProcessHandle::isAlive));
      await().atMost(DEADLINE).until(() -> !Files.exists(directory));
      assertThat(filesOf(all)).isEmpty();
      assertThat(run.text()).isEmpty();
      assertThat(run.errors()).doesNotContain("Exception", "went wrong");
    }
  }

  /** Where the processes of a benchmark have their files. */
  private static Path directory(List<ProcessHandle> processes) throws IOException {
    String property = "-D" + NodeMain.DIRECTORY + "=";
    StringBuilder commandLines = new StringBuilder();
    for (ProcessHandle process : processes) {
      // The class path makes it too long for ProcessHandle.
      commandLines.append(Files.readString(Path.of("/proc/%d/cmdline".formatted(process.pid()))));
    }
    return Stream.of(commandLines.toString().split("\0", -1))
        .filter(argument -> argument.startsWith(property))
        .map(argument -> Path.of(argument.substring(property.length())))
        .findFirst()
        .orElseThrow();
  }

  /** What a benchmark would leave in shared memory; pools are known by their relays' names. */
  private static List<Path> filesOf(List<ProcessHandle> processes) {
    assertThat(processes).isNotEmpty();
    try (Stream<Path> files = Files.list(PoolConfig.DEFAULT_DIRECTORY)) {
      return files
          .filter(
              file ->
                  file.getFileName()
                      .toString()
                      .matches("baton-(relay-[01]|bench)-.*|baton-bench.*"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

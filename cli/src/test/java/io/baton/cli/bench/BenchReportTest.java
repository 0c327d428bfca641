package io.baton.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.baton.benchmarks.BenchKind;
import io.baton.benchmarks.BenchPlan;
import io.baton.benchmarks.BenchResult;
import io.baton.benchmarks.Measured;
import io.baton.benchmarks.Surroundings;
import io.baton.benchmarks.node.Workload;
import io.baton.cli.Console;
import io.baton.cli.Output;
import io.baton.transport.LaneKind;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BenchReportTest {

  private static final double UNKNOWN = Double.NaN;
  private static final int MIB = 1 << 20;

  private final StringWriter out = new StringWriter();
  private final BenchReport report =
      new BenchReport(
          new Console(Output.to(out), new PrintWriter(new StringWriter())),
          new Surroundings("2 x this", Map.of("java", "25"), Optional.empty()),
          "baton bench relays");

  private static BenchResult result() {
    Map<String, Measured> floors = new LinkedHashMap<>();
    floors.put("uds", new Measured(50, 100, 4096, 20, UNKNOWN, 10));
    floors.put("ucx", new Measured(UNKNOWN, UNKNOWN, 8192, UNKNOWN, UNKNOWN, UNKNOWN));
    return new BenchResult(
        new BenchPlan(
            BenchKind.RELAYS,
            LaneKind.UCX,
            false,
            2,
            0,
            new Workload(MIB, 4, false),
            "tcp,self",
            1,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ZERO),
        new Measured(200, 900, 2048, 40, 3.0 * MIB, 5000),
        floors,
        "1 of 2 measurements began on a busy machine");
  }

  @Test
  void json_hasTheFieldsAndNoOthers() throws Exception {
    report.json(result());

    assertThat(out.toString().lines()).hasSize(1);
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "bench",
            "lane",
            "size",
            "in_flight",
            "p50_us",
            "p99_us",
            "per_second",
            "gib_per_second",
            "cpu_us",
            "copies",
            "allocated_bytes",
            "ratio",
            "machine",
            "versions",
            "commit",
            "command");
    assertThat(json.get("bench").asText()).isEqualTo("relays");
    assertThat(json.get("lane").asText()).isEqualTo("ucx");
    assertThat(json.get("size").asInt()).isEqualTo(MIB);
    assertThat(json.get("in_flight").asInt()).isEqualTo(4);
    assertThat(json.get("gib_per_second").asDouble()).isEqualTo(2);
    assertThat(json.get("copies").asDouble()).isEqualTo(3);
    assertThat(json.get("commit").isNull()).isTrue();
    assertThat(json.get("command").asText()).isEqualTo("baton bench relays");
  }

  @Test
  void json_ratios_areBatonThroughTheFloor_andNullWhereUnknown() throws Exception {
    report.json(result());

    JsonNode ratio = new ObjectMapper().readTree(out.toString()).get("ratio");
    assertThat(ratio.fieldNames()).toIterable().containsExactly("uds", "ucx");
    assertThat(ratio.get("uds").get("p50").asDouble()).isEqualTo(4);
    assertThat(ratio.get("uds").get("per_second").asDouble()).isEqualTo(0.5);
    assertThat(ratio.get("uds").get("gib_per_second").asDouble()).isEqualTo(0.5);
    assertThat(ratio.get("ucx").get("p50").isNull()).isTrue();
    assertThat(ratio.get("ucx").get("per_second").asDouble()).isEqualTo(0.25);
  }

  @Test
  void lines_oneForEach_withTheRatioToEachFloor() {
    List<String> lines = BenchReport.lines(result());

    assertThat(lines).hasSize(4);
    assertThat(lines.get(0).strip().split("  +"))
        .containsExactly(
            "p50 µs",
            "p99 µs",
            "a second",
            "GiB/s",
            "cpu µs",
            "copied",
            "allocated",
            "p50 x",
            "rate x");
    assertThat(lines.get(1).split(" +"))
        .containsExactly("baton", "200.0", "900.0", "2048", "2.000", "40.0", "3145728", "5000");
    assertThat(lines.get(2).split(" +"))
        .containsExactly(
            "uds", "50.0", "100.0", "4096", "4.000", "20.0", "-", "10", "4.00", "0.50");
    assertThat(lines.get(3).split(" +"))
        .containsExactly("ucx", "-", "-", "8192", "8.000", "-", "-", "-", "-", "0.25");
  }

  @Test
  void table_saysWhereAndWhat() {
    report.table(result());
    report.table(result());

    assertThat(out.toString())
        .containsOnlyOnce("2 x this")
        .containsOnlyOnce("commit unknown, java 25")
        .contains("relays, lane ucx (tcp,self), 1 MiB, 4 in flight", "1 of 2 measurements");
  }
}

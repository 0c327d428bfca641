package io.baton.simulations.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.baton.simulations.study.GivenInputs;
import io.baton.simulations.study.Input;
import io.baton.simulations.study.Progress;
import io.baton.simulations.study.Study;
import io.baton.simulations.study.StudyInputs;
import io.baton.simulations.study.StudyResult;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportsTest {

  private static final String COMMAND = "baton simulate failures --round-trip '<here> & there'";

  private StudyResult result;

  @BeforeAll
  void study() throws Exception {
    StudyInputs inputs =
        StudyInputs.of(
            GivenInputs.none()
                .withOption(Input.TOKENS, "100")
                .withOption(Input.FAILURE_RATE, "1e-2")
                .withOption(Input.CAP, "12s")
                .withOption(Input.REPEATS, "3"));
    result = new Study(inputs, 2, Progress.NONE).runWithCharts();
  }

  @Test
  void text_hasALineForEachStrategyAndRate() {
    String text = TextReport.of(result);

    assertThat(text.lines().filter(line -> line.startsWith("push-standby"))).hasSize(2);
    assertThat(text).contains("none", "within 12 s", "0/3", "100 %", "At 1e-2 the best is push-");
    assertThat(text.lines()).allMatch(line -> line.length() < 160);
  }

  @Test
  void csv_hasAsManyCellsInEachLine() {
    List<String> lines = CsvReport.of(result).lines().toList();

    assertThat(lines).hasSize(1 + 2 * 5 + 8 * 5 + 8 * 5);
    assertThat(lines).allMatch(line -> line.split(",", -1).length == 16);
    assertThat(lines.getFirst()).startsWith("table,strategy,failure_rate");
  }

  @Test
  void json_hasInputsAndCells() throws Exception {
    JsonNode json = new ObjectMapper().readTree(JsonReport.of(result, COMMAND));

    assertThat(json.path("command").asText()).isEqualTo(COMMAND);
    assertThat(json.path("inputs").path("replacement_ms").asDouble()).isEqualTo(2000);
    assertThat(json.path("inputs").path("round_trip_ms")).hasSize(5);
    assertThat(json.path("cells")).hasSize(10);
    JsonNode none = json.path("cells").get(5);
    assertThat(none.path("strategy").asText()).isEqualTo("restart");
    assertThat(none.path("steps_per_second").isNull()).isTrue();
    assertThat(json.path("cells").get(9).path("steps_per_second").path("low").isNumber()).isTrue();
  }

  @Test
  void html_isOnePageThatFetchesNothing() {
    String page = HtmlReport.of(result, COMMAND);

    assertThat(page).startsWith("<!doctype html>");
    assertThat(page).doesNotContain("http:", "https:", "src=", "href=", "@import", "url(");
    assertThat(page).contains("&#39;&lt;here&gt; &amp; there&#39;").doesNotContain("<here>");
    assertThat(page).contains("prefers-color-scheme: dark", "none finished within 12 s");
    assertThat(page).contains("role=\"region\" aria-label=\"Numbers\" tabindex=\"0\"><table>");
    assertThat(page).contains("Push + standby", "The farther they are apart", "step by step");
  }

  @Test
  void charts_areWellFormedFilesThatBringTheirColours() throws Exception {
    Map<String, String> files = Charts.files(result);

    assertThat(files)
        .containsOnlyKeys(
            "over-failure-rate.svg",
            "over-round-trip.svg",
            "session-client-replay.svg",
            "session-push-replay.svg",
            "session-push-standby.svg",
            "session-push-standby-closer.svg");
    for (String svg : files.values()) {
      assertThat(
              DocumentBuilderFactory.newInstance()
                  .newDocumentBuilder()
                  .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                  .getDocumentElement()
                  .getTagName())
          .isEqualTo("svg");
      assertThat(svg).contains("--paper").doesNotContain("NaN").hasSizeLessThan(60_000);
    }
  }
}

package io.baton.simulations.report;

import io.baton.simulations.study.Cell;
import io.baton.simulations.study.Chain;
import io.baton.simulations.study.Estimate;
import io.baton.simulations.study.FailureModel;
import io.baton.simulations.study.RecordedSession;
import io.baton.simulations.study.StageSpeed;
import io.baton.simulations.study.Strategy;
import io.baton.simulations.study.StudyInputs;
import io.baton.simulations.study.StudyResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** One page with everything in it: it fetches nothing, and says how it was made. */
public final class HtmlReport {

  private final StudyResult result;
  private final StudyInputs inputs;
  private final String command;

  private HtmlReport(StudyResult result, String command) {
    this.result = result;
    this.inputs = result.inputs();
    this.command = command;
  }

  /**
   * The whole page.
   *
   * @param command that made it, shown as it is
   */
  public static String of(StudyResult result, String command) {
    return new HtmlReport(result, command).page();
  }

  private String page() {
    return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>%s</title>
        <style>
        %s%s%s</style>
        </head>
        <body>
        <main>
        <header><p class="eyebrow">Baton · study of failures</p><button type="button" aria-label="Colours">Auto</button></header>
        <h1>%s</h1>
        %s%s%s%s%s%s</main>
        <script>
        %s</script>
        </body>
        </html>
        """
        .formatted(
            Svg.escape(title()),
            Resources.text("palette.css"),
            Resources.text("chart.css"),
            Resources.text("page.css"),
            Svg.escape(title()),
            answer(),
            overFailureRate(),
            overRoundTrip(),
            sessions(),
            numbers(),
            inputs(),
            Resources.text("page.js"));
  }

  private String title() {
    return "%d stages, %s tokens: what failures cost"
        .formatted(inputs.chain().stages(), Figures.number(inputs.workload().tokens()));
  }

  private String answer() {
    double worst = result.worstFailureRate();
    List<Cell> cells =
        result.cells().stream()
            .filter(cell -> cell.failureRate() == worst)
            .sorted(Comparator.comparingDouble((Cell cell) -> -mean(cell)))
            .toList();
    double largest = Math.max(mean(cells.getFirst()), Double.MIN_NORMAL);
    String rank = cells.stream().map(cell -> rank(cell, largest)).collect(Collectors.joining("\n"));
    return """
        <p class="lede">%s</p>
        <div class="rank">
        %s
        </div>
        <p class="note">Steps a second at %s failures per transfer; in parentheses the part of the rate without failures that is kept.</p>
        """
        .formatted(lede(worst), rank, Figures.power(worst));
  }

  private String lede(double worst) {
    double struck = 1 - new FailureModel(worst).stepSurvival(inputs.chain().stages());
    String often =
        worst == 0
            ? "Without failures,"
            : "With %s failures per transfer of activations, which is about one in %s steps,"
                .formatted(Figures.power(worst), Figures.number(Math.rint(1 / struck)));
    return Best.at(result, worst)
        .map(
            best ->
                "%s <b>%s</b> gives most: %s tokens a second%s."
                    .formatted(
                        often,
                        Svg.escape(best.strategy().label().toLowerCase(Locale.ROOT)),
                        Figures.number(mean(best)),
                        worst == 0
                            ? ""
                            : ", %s of what it gives when nothing fails"
                                .formatted(Figures.percent(result.kept(best)))))
        .orElse(often + " no session finishes within " + cap() + ", whatever the strategy.");
  }

  private String rank(Cell cell, double largest) {
    String figure =
        cell.stepsPerSecond()
            .map(
                rate ->
                    "<b>%s</b> <span>(%s)</span>"
                        .formatted(Figures.number(rate.mean()), Figures.percent(result.kept(cell))))
            .orElse("<span>none finished within %s</span>".formatted(cap()));
    return """
        <div class="label %s">%s</div><div class="track %s"><div class="bar" style="width:%s%%"></div><div class="figure">%s</div></div>"""
        .formatted(
            cell.strategy().id(),
            Svg.escape(cell.strategy().label()),
            cell.strategy().id(),
            Svg.at(mean(cell) / largest * 72),
            figure);
  }

  private String overFailureRate() {
    if (result.overFailureRate().isEmpty()) {
      return "";
    }
    LineChart chart = LineChart.overFailureRate(result.overFailureRate());
    return """
        <h2>The more often machines fail</h2>
        <figure>
        %s%s<figcaption>Bands are 95&nbsp;%% intervals. Dashed: models of systems that restart, or keep no cache. Solid: Baton's own state machines under a virtual clock. A cross: no session finished within %s.</figcaption>
        </figure>
        """
        .formatted(
            chart.draw(Charts.WIDE, 400, false).inline("wide"),
            chart.draw(Charts.NARROW, 330, true).inline("narrow"),
            cap());
  }

  private String overRoundTrip() {
    if (result.overRoundTrip().isEmpty()) {
      return "";
    }
    LineChart chart = LineChart.overRoundTrip(result.overRoundTrip());
    return """
        <h2>The farther they are apart</h2>
        <figure>
        %s%s<figcaption>At %s failures per transfer, with all round-trip times scaled alike; both axes are logarithmic.</figcaption>
        </figure>
        """
        .formatted(
            chart.draw(Charts.WIDE, 400, false).inline("wide"),
            chart.draw(Charts.NARROW, 330, true).inline("narrow"),
            Figures.power(result.worstFailureRate()));
  }

  private String sessions() {
    if (result.sessions().isEmpty()) {
      return "";
    }
    StringBuilder out = new StringBuilder();
    out.append(
        """
        <h2>One failure, step by step</h2>
        <p class="note">Time runs to the right, on the same scale in each but the last. Every slanted line is activations on their way; a dot is a token.</p>
        <ul class="legend sans">
        """);
    legend()
        .forEach(
            (name, shape) ->
                out.append(
                    "<li><svg class=\"chart\" viewBox=\"0 0 20 16\">%s</svg>%s</li>\n"
                        .formatted(shape, name)));
    out.append("</ul>\n");
    for (RecordedSession session : result.sessions()) {
      out.append(session(session.strategy().label(), session, Charts.span(result)));
      if (session.strategy() == Strategy.PUSH_STANDBY && result.sessions().size() > 1) {
        out.append(session(session.strategy().label() + ", closer", session, Charts.span(session)));
      }
    }
    return out.toString();
  }

  private static String session(String title, RecordedSession session, long spanNanos) {
    return """
        <h3 class="sans">%s</h3>
        <figure>
        %s%s<figcaption>%s tokens were there when the machine died; the next one came %s after the last.</figcaption>
        </figure>
        """
        .formatted(
            Svg.escape(title),
            SessionChart.draw(session, Charts.WIDE, false, spanNanos).inline("wide"),
            SessionChart.draw(session, Charts.NARROW, true, spanNanos).inline("narrow"),
            Figures.number(session.token()),
            Figures.time(session.gap()));
  }

  private static Map<String, String> legend() {
    Map<String, String> legend = new LinkedHashMap<>();
    legend.put("computes", new Svg().rect("bar compute", 2, 2, 16, 12, "").toString());
    legend.put("pushes", new Svg().line("way push", 1, 1, 19, 15).toString());
    legend.put("to or from the client", new Svg().line("way", 1, 1, 19, 15).toString());
    legend.put("standby computes along", new Svg().rect("bar standby", 2, 5, 16, 6, "").toString());
    legend.put("machine dies", new Svg().path("death", Marks.cross(10, 8, 5), "").toString());
    legend.put("no machine", new Svg().rect("bar down", 2, 2, 16, 12, "").toString());
    legend.put("replays", new Svg().rect("bar replay", 2, 2, 16, 12, "").toString());
    legend.put(
        "standby takes over", new Svg().path("takeover", "M10 0l6 8l-6 8l-6 -8Z", "").toString());
    return legend;
  }

  private String numbers() {
    StringBuilder rows = new StringBuilder();
    for (double rate : inputs.failureRates().reversed()) {
      rows.append(
          "<tr><th colspan=\"10\">%s</th></tr>\n"
              .formatted(
                  rate == 0 ? "No failures" : Figures.power(rate) + " failures per transfer"));
      for (Strategy strategy : inputs.strategies()) {
        rows.append(row(result.cell(strategy, rate)));
      }
    }
    return """
        <h2>Numbers</h2>
        <p class="note">%s sessions a row; counts and bytes are means of a session.</p>
        <div class="scroll" role="region" aria-label="Numbers" tabindex="0"><table>
        <thead><tr><th>Strategy</th><th>Steps a second</th><th>95&nbsp;%% interval</th><th>Kept</th><th>Finished</th><th>Failures</th><th>Take-overs</th><th>Replayed tokens</th><th>Sent by client</th><th>Sent by servers</th></tr></thead>
        <tbody>
        %s</tbody>
        </table></div>
        """
        .formatted(Figures.number(inputs.repeats()), rows);
  }

  private String row(Cell cell) {
    List<String> cells = new ArrayList<>();
    cells.add(
        "<span class=\"name %s\">%s</span>"
            .formatted(cell.strategy().id(), Svg.escape(cell.strategy().label())));
    cells.add(cell.stepsPerSecond().map(rate -> Figures.number(rate.mean())).orElse("none"));
    cells.add(
        "<small>%s</small>"
            .formatted(cell.stepsPerSecond().map(Figures::interval).orElse("within " + cap())));
    cells.add(cell.stepsPerSecond().isPresent() ? Figures.percent(result.kept(cell)) : "");
    cells.add("%d/%d".formatted(cell.finished(), cell.runs()));
    cells.add(Figures.number(cell.failures().mean()));
    cells.add(
        cell.strategy() == Strategy.PUSH_STANDBY ? Figures.number(cell.takeovers().mean()) : "");
    cells.add(Figures.number(cell.replayedTokens().mean()));
    cells.add(Figures.bytes(cell.clientBytes().mean()));
    cells.add(Figures.bytes(cell.serverBytes().mean()));
    return cells.stream()
        .map(text -> "<td>" + text + "</td>")
        .collect(Collectors.joining("", "<tr>", "</tr>\n"));
  }

  private String inputs() {
    String rows =
        measured().entrySet().stream()
            .map(
                entry ->
                    "<tr><td>%s</td><td>%s</td></tr>\n"
                        .formatted(Svg.escape(entry.getKey()), Svg.escape(entry.getValue())))
            .collect(Collectors.joining());
    return """
        <h2>What went in</h2>
        <div class="scroll"><table class="keys"><tbody>
        %s</tbody></table></div>
        <h2>How to read it</h2>
        <p>A failure strikes a transfer of activations, of which a step has %d: client to first stage, stage to stage, last stage to client. The receiver dies and loses what it held; the last transfer takes the last stage. Replayed payloads can be struck, too. A machine that died is replaced after the replacement time.</p>
        <p>Steps a second are the tokens of all sessions that finished over the virtual time of all sessions. The interval is Student's, of the logarithm of that ratio.</p>
        <h2>The command</h2>
        <pre>%s</pre>
        """
        .formatted(rows, inputs.chain().stages() + 1, Svg.escape(command));
  }

  private Map<String, String> measured() {
    Chain chain = inputs.chain();
    StageSpeed speed = chain.speeds().getFirst();
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("Stages", String.valueOf(chain.stages()));
    rows.put(
        "Tokens",
        "%s, behind a prompt of %s"
            .formatted(
                Figures.number(inputs.workload().tokens()),
                Figures.number(inputs.workload().promptTokens())));
    rows.put(
        "A token at a stage",
        "%s, and %s for each token in the cache"
            .formatted(
                chain.speeds().stream()
                    .map(one -> Figures.time(one.token()))
                    .distinct()
                    .collect(Collectors.joining(", ")),
                Figures.time(speed.cachedToken())));
    rows.put(
        "Many tokens at a stage",
        "%s tokens a second%s"
            .formatted(
                Figures.number(speed.prefillTokensPerSecond()),
                speed.prefillStart().isZero()
                    ? ""
                    : " after " + Figures.time(speed.prefillStart())));
    rows.put("Round trip", roundTrips(chain));
    rows.put("Bandwidth", Figures.bytes(chain.bytesPerSecond()) + " a second");
    rows.put("Activations", Figures.bytes(chain.activationBytes()) + " a token");
    rows.put("Replacement", Figures.time(chain.replacement()) + " after a machine's death");
    rows.put("Replay", "up to %s tokens a step".formatted(Figures.number(chain.mergeTokens())));
    rows.put("Cap", Figures.time(inputs.workload().cap()) + " of virtual time");
    rows.put(
        "Failures",
        inputs.strikeCopies()
            ? "strike the copies for standbys as well"
            : "strike what is on a step's way");
    rows.put("Seed", String.valueOf(inputs.seed()));
    return rows;
  }

  private static String roundTrips(Chain chain) {
    List<Duration> distinct =
        chain.roundTrips().rows().stream()
            .flatMap(List::stream)
            .filter(time -> !time.isZero())
            .distinct()
            .sorted()
            .toList();
    if (distinct.size() <= 1) {
      return Figures.time(chain.roundTrips().mean()) + " between any two parties";
    }
    return "%s to %s, in the mean %s"
        .formatted(
            Figures.time(distinct.getFirst()),
            Figures.time(distinct.getLast()),
            Figures.time(chain.roundTrips().mean()));
  }

  private String cap() {
    return Figures.cap(inputs.workload().cap());
  }

  private static double mean(Cell cell) {
    return cell.stepsPerSecond().map(Estimate::mean).orElse(0.0);
  }
}

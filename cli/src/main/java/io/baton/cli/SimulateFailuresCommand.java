package io.baton.cli;

import io.baton.simulations.report.Charts;
import io.baton.simulations.report.CsvReport;
import io.baton.simulations.report.HtmlReport;
import io.baton.simulations.report.JsonReport;
import io.baton.simulations.report.TextReport;
import io.baton.simulations.study.BadInputException;
import io.baton.simulations.study.Calibration;
import io.baton.simulations.study.GivenInputs;
import io.baton.simulations.study.Input;
import io.baton.simulations.study.Study;
import io.baton.simulations.study.StudyInputs;
import io.baton.simulations.study.StudyResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The study of failures. */
@Command(
    name = "failures",
    description = {
      "Tell how many tokens a second a chain gives when its machines fail, and which recovery suits it.",
      "Simulates sessions in virtual time: of Baton's own state machines, and of models of systems that restart or keep no cache. Whatever is measured of a chain is an option, or a line of a file; what is left out is that of a published measurement of four stages.",
    })
public final class SimulateFailuresCommand implements Callable<Integer> {

  private static final Set<Input> OF_CALIBRATION = EnumSet.of(Input.REPEATS, Input.SEED);

  @Option(
      names = "--inputs",
      paramLabel = "FILE",
      description =
          "YAML file with lines such as 'stages: 4': the options below, without their dashes. An option goes before the file.")
  private @Nullable Path inputs;

  @Option(
      names = "--calibration",
      description =
          "Set the model beside the published measurement instead; takes only --repeats, --seed and --threads.")
  private boolean calibration;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures as JSON.")
  private @Nullable Path json;

  @Option(names = "--csv", paramLabel = "FILE", description = "Write the figures as CSV.")
  private @Nullable Path csv;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description =
          "Write one page with charts and tables, which needs nothing else; simulates more for it.")
  private @Nullable Path html;

  @Option(
      names = "--svg",
      paramLabel = "DIR",
      description = "Write the charts as files into this directory; simulates more for it.")
  private @Nullable Path svg;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to simulate on (default: all processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  private SimulateFailuresCommand(Console console) {
    this.console = console;
  }

  /** The command with an option for each {@link Input}. */
  static CommandLine of(Console console) {
    CommandLine line = new CommandLine(new SimulateFailuresCommand(console));
    for (Input input : Input.values()) {
      line.getCommandSpec()
          .addOption(
              OptionSpec.builder("--" + input.id())
                  .type(String.class)
                  .paramLabel(input.form())
                  .description("%s (default: %s)".formatted(input.description(), input.standard()))
                  .build());
    }
    return line;
  }

  @Override
  public Integer call() throws Exception {
    Checks.positive("--threads", threads);
    checkTargets();
    if (calibration) {
      checkCalibration();
    }
    StudyInputs studied = StudyInputs.of(given());
    if (calibration) {
      console.print(calibrate(studied));
    } else {
      StudyResult result = study(studied);
      console.out().println(TextReport.of(result));
      write(result);
    }
    return ExitCode.OK;
  }

  private GivenInputs given() throws BadInputException {
    GivenInputs given = inputs == null ? GivenInputs.none() : GivenInputs.read(inputs);
    for (Input input : Input.values()) {
      Optional<String> text = option(input);
      if (text.isPresent()) {
        given = given.withOption(input, text.get());
      }
    }
    return given;
  }

  private Optional<String> option(Input input) {
    String none = null;
    return Optional.ofNullable(
        spec.commandLine().getParseResult().matchedOptionValue("--" + input.id(), none));
  }

  private void checkCalibration() throws CommandException {
    boolean others =
        Stream.of(Input.values())
            .anyMatch(input -> option(input).isPresent() && !OF_CALIBRATION.contains(input));
    if (others || inputs != null || json != null || csv != null || html != null || svg != null) {
      throw new CommandException(
          ExitCode.USAGE, "--calibration goes with --repeats, --seed and --threads alone");
    }
  }

  /** Minutes of simulation are not to end in a file that cannot be written. */
  private void checkTargets() throws CommandException {
    for (Path file : Stream.of(json, csv, html).flatMap(Stream::ofNullable).toList()) {
      OutputFile.check(file);
    }
    if (svg != null) {
      if (!Files.isDirectory(svg)) {
        throw new CommandException(ExitCode.USAGE, "--svg %s: no such directory".formatted(svg));
      }
      OutputFile.check(svg.resolve("over-failure-rate.svg"));
    }
  }

  private String calibrate(StudyInputs studied) throws InterruptedException {
    try (TerminalProgress progress = new TerminalProgress(console.err(), "sessions")) {
      return TextReport.of(Calibration.run(studied.repeats(), studied.seed(), threads, progress));
    }
  }

  private StudyResult study(StudyInputs studied) throws InterruptedException {
    try (TerminalProgress progress = new TerminalProgress(console.err(), "sessions")) {
      Study study = new Study(studied, threads, progress);
      return html != null || svg != null ? study.runWithCharts() : study.run();
    }
  }

  private void write(StudyResult result) throws CommandException {
    String command = command();
    if (json != null) {
      OutputFile.write(json, JsonReport.of(result, command));
    }
    if (csv != null) {
      OutputFile.write(csv, CsvReport.of(result));
    }
    if (html != null) {
      OutputFile.write(html, HtmlReport.of(result, command));
    }
    if (svg != null) {
      for (Map.Entry<String, String> chart : Charts.files(result).entrySet()) {
        OutputFile.write(svg.resolve(chart.getKey()), chart.getValue());
      }
    }
  }

  /** What was said to get these figures; of files their names, as directories differ. */
  private String command() {
    StringBuilder command = new StringBuilder("baton simulate failures");
    if (inputs != null) {
      command.append(" --inputs ").append(quoted(String.valueOf(inputs.getFileName())));
    }
    for (Input input : Input.values()) {
      option(input)
          .map(text -> input == Input.ROUND_TRIP ? withoutDirectory(text) : text)
          .ifPresent(
              text -> command.append(" --").append(input.id()).append(' ').append(quoted(text)));
    }
    return command.toString();
  }

  private static String withoutDirectory(String text) {
    return text.substring(text.lastIndexOf('/') + 1);
  }

  private static String quoted(String text) {
    return text.matches("[\\w.,:+=@%/-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}

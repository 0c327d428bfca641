package io.baton.simulations.study;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Turns texts into quantities; each that cannot be one is named with what would be. */
final class InputReader {

  private static final int MOST_STAGES = 256;
  private static final int MOST_TOKENS = 1_000_000;
  private static final int MOST_REPEATS = 1_000_000;
  private static final Pattern PLAIN_NUMBER = Pattern.compile("\\d{1,9}(\\.\\d{1,9})?");

  private final GivenInputs given;

  InputReader(GivenInputs given) {
    this.given = given;
  }

  StudyInputs read() throws BadInputException {
    int stages = count(Input.STAGES, MOST_STAGES);
    Workload workload =
        new Workload(
            count(Input.PROMPT_TOKENS, MOST_TOKENS),
            count(Input.TOKENS, MOST_TOKENS),
            positive(Input.CAP));
    return new StudyInputs(
        chain(stages),
        workload,
        yes(Input.STRIKE_COPIES),
        failureRates(),
        strategies(),
        count(Input.REPEATS, MOST_REPEATS),
        seed());
  }

  private Chain chain(int stages) throws BadInputException {
    return new Chain(
        speeds(stages),
        roundTrips(stages),
        Units.bandwidth(text(Input.BANDWIDTH))
            .orElseThrow(() -> wrong(Input.BANDWIDTH, "a bandwidth such as 1Gbit/s or 100MB/s")),
        Units.bytes(text(Input.ACTIVATION_BYTES))
            .orElseThrow(() -> wrong(Input.ACTIVATION_BYTES, "a size such as 8KiB")),
        time(Input.REPLACEMENT, text(Input.REPLACEMENT)),
        count(Input.MERGE_TOKENS, MOST_TOKENS));
  }

  private List<StageSpeed> speeds(int stages) throws BadInputException {
    List<String> texts = split(text(Input.STAGE_TIME), ",");
    if (texts.size() != 1 && texts.size() != stages) {
      throw wrong(Input.STAGE_TIME, "one time, or one for each of the %d stages".formatted(stages));
    }
    Duration cachedToken = time(Input.CACHED_TOKEN_TIME, text(Input.CACHED_TOKEN_TIME));
    Duration start = time(Input.PREFILL_START, text(Input.PREFILL_START));
    double speed = prefillSpeed();
    List<StageSpeed> speeds = new ArrayList<>();
    for (int stage = 0; stage < stages; stage++) {
      Duration token = time(Input.STAGE_TIME, texts.get(texts.size() == 1 ? 0 : stage));
      speeds.add(new StageSpeed(token, cachedToken, start, speed));
    }
    return speeds;
  }

  private double prefillSpeed() throws BadInputException {
    return number(text(Input.PREFILL_SPEED))
        .filter(speed -> speed > 0 && speed <= 1e12)
        .orElseThrow(() -> wrong(Input.PREFILL_SPEED, "tokens a second, more than 0"));
  }

  private RoundTrips roundTrips(int stages) throws BadInputException {
    String text = text(Input.ROUND_TRIP);
    Optional<Duration> one = Units.time(text);
    if (one.isPresent()) {
      return RoundTrips.uniform(stages, one.get());
    }
    if (text.contains(",") || text.contains(";")) {
      return matrix(stages, split(text, ";"), text);
    }
    Path file = directory(Input.ROUND_TRIP).resolve(text);
    if (!Files.isRegularFile(file)) {
      throw wrong(Input.ROUND_TRIP, "a time such as 20ms, rows of times, or a file of them");
    }
    List<String> lines =
        GivenInputs.text(file)
            .lines()
            .map(line -> line.replaceFirst("#.*", "").strip())
            .filter(line -> !line.isEmpty())
            .toList();
    return matrix(stages, lines, text);
  }

  private RoundTrips matrix(int stages, List<String> lines, String text) throws BadInputException {
    int parties = stages + 1;
    List<List<Duration>> rows = new ArrayList<>();
    for (String line : lines) {
      List<Duration> row = new ArrayList<>();
      for (String cell : split(line, "[,\\s]+")) {
        row.add(
            Units.time(PLAIN_NUMBER.matcher(cell).matches() ? cell + "ms" : cell)
                .orElseThrow(
                    () ->
                        new BadInputException(
                            "%s: '%s' is not a time such as 20ms"
                                .formatted(where(Input.ROUND_TRIP), cell))));
      }
      rows.add(row);
    }
    if (rows.size() != parties || rows.stream().anyMatch(row -> row.size() != parties)) {
      throw new BadInputException(
          "%s takes %d rows of %d times, for the client and each of the %d stages, which '%s' has not"
              .formatted(where(Input.ROUND_TRIP), parties, parties, stages, text));
    }
    return new RoundTrips(rows);
  }

  private List<Double> failureRates() throws BadInputException {
    TreeSet<Double> rates = new TreeSet<>(List.of(0.0));
    for (String part : split(text(Input.FAILURE_RATE), ",")) {
      rates.add(
          number(part)
              .filter(rate -> rate >= 0 && rate < 1)
              .orElseThrow(
                  () -> wrong(Input.FAILURE_RATE, "probabilities from 0 to below 1, as in 1e-2")));
    }
    return List.copyOf(rates);
  }

  private List<Strategy> strategies() throws BadInputException {
    String text = text(Input.STRATEGY);
    if (text.equals("all")) {
      return Strategy.all();
    }
    List<Strategy> chosen = new ArrayList<>();
    for (String part : split(text, ",")) {
      chosen.add(
          Strategy.of(part)
              .orElseThrow(
                  () ->
                      wrong(
                          Input.STRATEGY,
                          "all, or of %s"
                              .formatted(Strategy.all().stream().map(Strategy::id).toList()))));
    }
    return chosen.stream().distinct().sorted().toList();
  }

  private long seed() throws BadInputException {
    try {
      return Long.parseLong(text(Input.SEED));
    } catch (NumberFormatException e) {
      throw wrong(Input.SEED, "a whole number");
    }
  }

  private int count(Input input, int most) throws BadInputException {
    String text = text(input);
    int value = text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
    if (value < 1 || value > most) {
      throw wrong(input, "a number from 1 to %d".formatted(most));
    }
    return value;
  }

  private boolean yes(Input input) throws BadInputException {
    return switch (text(input)) {
      case "yes", "true" -> true;
      case "no", "false" -> false;
      default -> throw wrong(input, "yes or no");
    };
  }

  private Duration positive(Input input) throws BadInputException {
    Duration time = time(input, text(input));
    if (time.isZero()) {
      throw wrong(input, "a time above 0");
    }
    return time;
  }

  private Duration time(Input input, String text) throws BadInputException {
    return Units.time(text).orElseThrow(() -> wrong(input, "a time such as 2.2ms, 1.5s or 1h"));
  }

  private static Optional<Double> number(String text) {
    try {
      double value = Double.parseDouble(text);
      return Double.isFinite(value) ? Optional.of(value) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static List<String> split(String text, String separator) {
    return Arrays.stream(text.split(separator, -1)).map(String::strip).toList();
  }

  private String text(Input input) {
    GivenInputs.Given one = given.texts().get(input);
    return one == null ? input.standard() : one.text();
  }

  private String where(Input input) {
    GivenInputs.Given one = given.texts().get(input);
    return one == null ? "--" + input.id() : one.where();
  }

  private Path directory(Input input) {
    GivenInputs.Given one = given.texts().get(input);
    return one == null ? Path.of("") : one.directory();
  }

  private BadInputException wrong(Input input, String takes) {
    return new BadInputException(
        "%s takes %s, not '%s'".formatted(where(input), takes, text(input)));
  }
}

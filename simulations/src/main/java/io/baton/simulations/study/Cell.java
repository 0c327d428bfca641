package io.baton.simulations.study;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What the sessions of one strategy came to on one chain at one failure rate.
 *
 * @param roundTrip the chain's, in the mean
 * @param finished sessions that ended before the cap
 * @param stepsPerSecond tokens of finished sessions over the time of all; none if none finished
 * @param steps sent in a session, those counted that came to nothing; means of all sessions, as are
 *     all that follow
 */
public record Cell(
    Strategy strategy,
    double failureRate,
    Duration roundTrip,
    int runs,
    int finished,
    Optional<Estimate> stepsPerSecond,
    Estimate steps,
    Estimate failures,
    Estimate recoveries,
    Estimate takeovers,
    Estimate replayedTokens,
    Estimate clientBytes,
    Estimate serverBytes) {

  static Cell of(
      Strategy strategy,
      double failureRate,
      Duration roundTrip,
      Workload workload,
      List<SessionRun> runs) {
    int finished = Math.toIntExact(runs.stream().filter(SessionRun::finished).count());
    return new Cell(
        strategy,
        failureRate,
        roundTrip,
        runs.size(),
        finished,
        finished == 0
            ? Optional.empty()
            : Optional.of(
                Estimate.ofRatio(
                    values(runs, run -> run.finished() ? workload.tokens() : 0),
                    values(runs, run -> run.nanos() / 1e9))),
        mean(runs, SessionRun::steps),
        mean(runs, SessionRun::failures),
        mean(runs, SessionRun::recoveries),
        mean(runs, SessionRun::takeovers),
        mean(runs, SessionRun::replayedTokens),
        mean(runs, SessionRun::clientBytes),
        mean(runs, SessionRun::serverBytes));
  }

  private static Estimate mean(List<SessionRun> runs, ToDoubleFunction<SessionRun> value) {
    return Estimate.ofMean(values(runs, value));
  }

  private static double[] values(List<SessionRun> runs, ToDoubleFunction<SessionRun> value) {
    return runs.stream().mapToDouble(value).toArray();
  }
}

package io.baton.simulations.study;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A part of one session: the steps around a failure.
 *
 * @param fromNanos virtual time at which the part begins
 * @param token tokens that were there when the machine died
 */
public record RecordedSession(
    Strategy strategy,
    int stages,
    double failureRate,
    long seed,
    int token,
    long fromNanos,
    long toNanos,
    List<Segment> segments) {

  private static final int STEPS_BEFORE = 3;
  private static final int STEPS_AFTER = 5;

  /** Something that happened in it; see {@link SessionTimeline}. */
  public record Segment(
      SessionTimeline.Kind kind, int sender, int party, long fromNanos, long toNanos) {}

  public RecordedSession {
    segments = List.copyOf(segments);
  }

  /** Time between the tokens before and after the failure. */
  public Duration gap() {
    long death =
        segments.stream()
            .filter(segment -> segment.kind() == SessionTimeline.Kind.DEATH)
            .mapToLong(Segment::fromNanos)
            .findFirst()
            .orElse(fromNanos);
    List<Long> tokens = times(segments, SessionTimeline.Kind.TOKEN);
    long before = tokens.stream().filter(token -> token < death).reduce(fromNanos, Math::max);
    long after = tokens.stream().filter(token -> token >= death).reduce(toNanos, Math::min);
    return Duration.ofNanos(after - before);
  }

  /**
   * Simulates sessions until one has a failure past the middle that no other one touches, and keeps
   * what was around it.
   *
   * @return empty if there is no such failure in some hundreds of sessions
   */
  static Optional<RecordedSession> find(
      Strategy strategy, Chain chain, Workload workload, FailureModel failures, long seed) {
    for (int i = 0; i < 300; i++) {
      long session = Runner.seed(seed, i);
      List<Segment> segments = new ArrayList<>();
      Simulators.of(strategy)
          .run(
              chain,
              workload,
              failures,
              session,
              (kind, sender, party, from, to) ->
                  segments.add(new Segment(kind, sender, party, from, to)));
      segments.sort(Comparator.comparingLong(Segment::fromNanos));
      Optional<RecordedSession> found =
          around(strategy, chain.stages(), workload, failures.probability(), session, segments);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static Optional<RecordedSession> around(
      Strategy strategy,
      int stages,
      Workload workload,
      double failureRate,
      long seed,
      List<Segment> segments) {
    List<Long> tokens = times(segments, SessionTimeline.Kind.TOKEN);
    List<Long> deaths = times(segments, SessionTimeline.Kind.DEATH);
    for (long death : deaths) {
      int before = (int) tokens.stream().filter(token -> token < death).count();
      if (before < workload.tokens() / 2
          || before < STEPS_BEFORE
          || before + STEPS_AFTER > tokens.size()) {
        continue;
      }
      long from = tokens.get(before - STEPS_BEFORE);
      long to = tokens.get(before + STEPS_AFTER - 1);
      if (deaths.stream().filter(other -> other >= from && other <= to).count() == 1
          && (strategy != Strategy.PUSH_STANDBY || takesOver(segments, death, to))) {
        return Optional.of(
            new RecordedSession(
                strategy,
                stages,
                failureRate,
                seed,
                before,
                from,
                to,
                segments.stream()
                    .filter(segment -> segment.toNanos() >= from && segment.fromNanos() <= to)
                    .toList()));
      }
    }
    return Optional.empty();
  }

  private static boolean takesOver(List<Segment> segments, long from, long to) {
    return times(segments, SessionTimeline.Kind.TAKEOVER).stream()
        .anyMatch(time -> time >= from && time <= to);
  }

  private static List<Long> times(List<Segment> segments, SessionTimeline.Kind kind) {
    return segments.stream()
        .filter(segment -> segment.kind() == kind)
        .map(Segment::fromNanos)
        .toList();
  }
}

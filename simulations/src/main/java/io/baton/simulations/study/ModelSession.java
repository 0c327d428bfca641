package io.baton.simulations.study;

import java.util.SplittableRandom;

/**
 * A session of a modelled system: its clock and its counts. Everything is on the critical path, one
 * transfer and one computation after another, so a running sum is clock enough.
 */
final class ModelSession {

  private final Chain chain;
  private final FailureModel failures;
  private final SplittableRandom random;
  private final SessionTimeline timeline;
  private final long capNanos;

  private long now;
  private long steps;
  private long deaths;
  private long replayedTokens;
  private long clientBytes;
  private long serverBytes;

  ModelSession(
      Chain chain, Workload workload, FailureModel failures, long seed, SessionTimeline timeline) {
    this.chain = chain;
    this.failures = failures;
    this.random = new SplittableRandom(seed);
    this.timeline = timeline;
    this.capNanos = workload.cap().toNanos();
  }

  boolean isOver() {
    return now >= capNanos;
  }

  /**
   * Sends {@code tokens} through the chain.
   *
   * @param again how many of them had been computed before, and were lost by a failure
   * @return whether they came through; if not, a replacement is ready
   */
  boolean step(int tokens, int cached, int again) {
    steps++;
    int stages = chain.stages();
    for (int transfer = 0; transfer <= stages; transfer++) {
      int receiver = transfer == stages ? 0 : transfer + 1;
      transfer(transfer, receiver, tokens);
      if (failures.strikes(random)) {
        die(receiver == 0 ? stages : receiver);
        return false;
      }
      if (receiver > 0) {
        compute(receiver, tokens, cached, again);
      }
    }
    timeline.happened(SessionTimeline.Kind.TOKEN, 0, 0, now, now);
    return true;
  }

  private void transfer(int from, int to, int tokens) {
    long end = now + chain.transferNanos(from, to, tokens);
    SessionTimeline.Kind kind =
        from == 0 || to == 0 ? SessionTimeline.Kind.CLIENT : SessionTimeline.Kind.PUSH;
    timeline.happened(kind, from, to, now, end);
    now = end;
    long bytes = (long) tokens * chain.activationBytes();
    if (from == 0) {
      clientBytes += bytes;
    } else {
      serverBytes += bytes;
    }
  }

  private void compute(int stage, int tokens, int cached, int again) {
    long end = now + chain.computeNanos(stage, tokens, cached);
    timeline.happened(
        again > 0 ? SessionTimeline.Kind.REPLAY : SessionTimeline.Kind.COMPUTE,
        stage,
        stage,
        now,
        end);
    now = end;
    replayedTokens += again;
  }

  private void die(int stage) {
    deaths++;
    timeline.happened(SessionTimeline.Kind.DEATH, stage, stage, now, now);
    long end = now + chain.replacement().toNanos();
    timeline.happened(SessionTimeline.Kind.DOWN, stage, stage, now, end);
    now = end;
  }

  SessionRun result(boolean finished) {
    boolean inTime = finished && !isOver();
    return new SessionRun(
        inTime,
        inTime ? now : capNanos,
        steps,
        deaths,
        deaths,
        0,
        replayedTokens,
        clientBytes,
        serverBytes);
  }
}

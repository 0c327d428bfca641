package io.baton.simulations.swarm;

import io.baton.simulations.world.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Runs seeds on several threads until all are done or one has failed. */
public final class Swarm {

  private final Protocol protocol;
  private final long end;
  private final AtomicLong next;
  private final AtomicLong lowestFailing = new AtomicLong(Long.MAX_VALUE);
  private final LongAdder seeds = new LongAdder();
  private final LongAdder events = new LongAdder();

  /**
   * @param first the first seed
   * @param end the seed after the last
   */
  public Swarm(long first, long end, Protocol protocol) {
    this.protocol = protocol;
    this.end = end;
    this.next = new AtomicLong(first);
  }

  /** Seeds done so far. Any thread may ask. */
  public long seeds() {
    return seeds.sum();
  }

  /** Inputs that machines were given so far. Any thread may ask. */
  public long events() {
    return events.sum();
  }

  /** The lowest seed that has failed so far; {@link Long#MAX_VALUE} if none has. */
  public long lowestFailing() {
    return lowestFailing.get();
  }

  /**
   * Runs the seeds, and returns once there is none left below the lowest that failed.
   *
   * @param afterSeed called after each seed, by any of the threads
   * @throws InterruptedException if the caller is interrupted; the threads end then, too
   */
  public void run(int threads, Runnable afterSeed) throws InterruptedException {
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      workers.add(Thread.ofPlatform().name("swarm-" + i).daemon().start(() -> work(afterSeed)));
    }
    try {
      for (Thread worker : workers) {
        worker.join();
      }
    } catch (InterruptedException e) {
      next.set(end);
      throw e;
    }
  }

  private void work(Runnable afterSeed) {
    long seed;
    while ((seed = next.getAndIncrement()) < end && seed < lowestFailing.get()) {
      SwarmOutcome outcome = SwarmRun.ofSeed(seed, protocol);
      seeds.increment();
      events.add(outcome.protocolEvents());
      afterSeed.run();
      if (outcome.failed()) {
        lowestFailing.accumulateAndGet(seed, Math::min);
      }
    }
  }

  /** Makes a failing seed's run as small as it gets, and tells it. */
  public static Failure explain(long seed, Protocol protocol, int mostLines) {
    SwarmOutcome small = Shrinker.shrink(SwarmRun.ofSeed(seed, protocol), protocol);
    return new Failure(seed, small, retell(small, protocol, mostLines));
  }

  /** Runs a seed as it was drawn, and tells it. */
  public static Failure retell(long seed, Protocol protocol, int mostLines) {
    Trace trace = new Trace(mostLines);
    SwarmOutcome outcome = SwarmRun.ofSeed(seed, protocol, List.of(trace));
    return new Failure(seed, outcome, trace.lines());
  }

  private static List<String> retell(SwarmOutcome outcome, Protocol protocol, int mostLines) {
    Trace trace = new Trace(mostLines);
    SwarmRun.of(outcome.config(), outcome.faults(), protocol, List.of(trace));
    return trace.lines();
  }

  /**
   * A run that can be read.
   *
   * @param trace its lines
   */
  public record Failure(long seed, SwarmOutcome outcome, List<String> trace) {
    public Failure {
      trace = List.copyOf(trace);
    }

    /** In a few lines: what was there, what went wrong, what happened, what was broken. */
    public List<String> lines() {
      List<String> lines = new ArrayList<>();
      SwarmConfig config = outcome.config();
      StringBuilder relays = new StringBuilder("relays:");
      for (SwarmConfig.Relay relay : config.relays()) {
        relays.append(" %s (%s)".formatted(relay.name(), relay.span()));
      }
      lines.add(relays.toString());
      for (SwarmConfig.Client client : config.clients()) {
        lines.add(
            "%s: a prompt of %d, %d tokens, %d detours"
                .formatted(
                    client.name(),
                    client.generation().promptTokens(),
                    client.generation().tokens(),
                    client.generation().detours().size()));
      }
      lines.add(
          "push %s, confirm %s, standby %s, window %d, merge %d"
              .formatted(
                  config.route().push(),
                  config.route().confirm(),
                  config.route().standby(),
                  config.route().window(),
                  config.route().mergeTokens()));
      lines.add("faults: " + (outcome.faults().isEmpty() ? "none" : ""));
      outcome.faults().forEach(fault -> lines.add("  " + fault));
      lines.addAll(trace);
      outcome
          .violation()
          .ifPresent(broken -> lines.add("%s: %s".formatted(broken.kind(), broken.getMessage())));
      return lines;
    }
  }
}

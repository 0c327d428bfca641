package io.baton.benchmarks.soak;

import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Breaks the links of a pair for a moment now and then, and restarts a relay more rarely. */
final class Trouble implements Runnable {

  private static final Logger log = LoggerFactory.getLogger(Trouble.class);

  private static final int LONGEST_OUTAGE_MILLIS = 500;

  private final Pair pair;
  private final Tally tally;
  private final CountDownLatch stop;
  private final long meanNanos;
  private final Random random;

  /**
   * @param every on the average
   * @param stop is down when to stop
   */
  Trouble(Pair pair, long seed, Tally tally, CountDownLatch stop, Duration every) {
    this.pair = pair;
    this.tally = tally;
    this.stop = stop;
    this.meanNanos = every.toNanos();
    this.random = new Random(seed);
  }

  @Override
  public void run() {
    try {
      while (!stop.await(meanNanos / 2 + random.nextLong(meanNanos), TimeUnit.NANOSECONDS)) {
        int host = random.nextInt(Pair.HOSTS);
        if (random.nextInt(3) == 0) {
          log.debug("{}: the relay of host {} restarts", pair.lane(), host);
          pair.restart(host);
          tally.restarted();
        } else {
          log.debug("{}: the way to host {} breaks", pair.lane(), host);
          pair.sever(host, Duration.ofMillis(random.nextInt(LONGEST_OUTAGE_MILLIS)));
          tally.severed();
        }
      }
    } catch (IOException e) {
      tally.failed("a restart of a relay", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

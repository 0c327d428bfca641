package io.baton.benchmarks.soak;

import io.baton.client.sidecar.SidecarException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Plays one act after the other, at a pace, until it is told to stop. */
final class Worker implements Runnable {

  private static final Logger log = LoggerFactory.getLogger(Worker.class);

  private final Pair pair;
  private final String crew;
  private final Tally tally;
  private final CountDownLatch stop;
  private final long pauseNanos;
  private final Random random;
  private final Deque<Remainder> remainders = new ArrayDeque<>();

  /**
   * @param seed of what is done in which order
   * @param stop is down when to stop
   * @param pace from the beginning of one act to that of the next
   */
  Worker(Pair pair, String crew, long seed, Tally tally, CountDownLatch stop, Duration pace) {
    this.pair = pair;
    this.crew = crew;
    this.tally = tally;
    this.stop = stop;
    this.pauseNanos = pace.toNanos();
    this.random = new Random(seed);
  }

  @Override
  public void run() {
    try {
      long next = System.nanoTime();
      for (long number = 0; !stop.await(next - System.nanoTime(), TimeUnit.NANOSECONDS); number++) {
        play(Act.pick(random), number);
        takeRemainders();
        next = Math.max(next + pauseNanos, System.nanoTime());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void play(Act act, long number) throws InterruptedException {
    long began = System.nanoTime();
    Scene scene = new Scene(pair, crew, number, tally);
    boolean done = false;
    try (scene) {
      new Acts(scene, random).play(act);
      done = true;
      tally.done(act);
    } catch (InterruptedException e) {
      throw e;
    } catch (SidecarException | IllegalStateException e) {
      if (pair.excuses(began)) {
        tally.excused();
        log.debug("{} of {}, act {}, was cut short: {}", act, crew, number, e.toString());
      } else {
        tally.failed("%s of %s, act %d".formatted(act, crew, number), e);
      }
    } catch (Exception | AssertionError e) {
      tally.failed("%s of %s, act %d".formatted(act, crew, number), e);
    }
    for (Remainder remainder : scene.remainders(!done)) {
      remainder.take();
      remainders.add(remainder);
    }
  }

  /** Again, once all is well and nothing more can come of those acts. */
  private void takeRemainders() throws InterruptedException {
    while (!remainders.isEmpty() && !pair.excuses(System.nanoTime())) {
      remainders.removeFirst().take();
    }
  }

  /** Those of all acts; once it has stopped. */
  void takeAll() throws InterruptedException {
    while (!remainders.isEmpty()) {
      remainders.removeFirst().take();
    }
  }
}

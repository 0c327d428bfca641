package io.baton.relay;

import io.baton.session.model.StageInfo;
import io.baton.session.stage.ExecutorWatch;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An executor that is watched. Each second, whoever waits for a command hears how much there is to
 * do until it is done; and once it hangs, its relay is told. Whatever it still answers then is
 * handed on as ever, and makes it one that works again.
 */
final class WatchedExecutor implements ExecutorLink {

  private static final Logger log = LoggerFactory.getLogger(WatchedExecutor.class);

  private static final Duration TICK = Duration.ofSeconds(1);

  /** Often enough also for a patience that is shorter than usual. */
  private static final int TICKS = 4;

  private final ExecutorLink executor;
  private final Duration patience;
  private final BiConsumer<WatchedExecutor, String> onHang;
  private final Map<Long, Consumer<ExecutorReply>> waiting = new HashMap<>();
  private final ExecutorWatch watch;
  private @Nullable Future<?> ticks;
  private long nextCommand = 1;

  private WatchedExecutor(
      ExecutorLink executor,
      Duration patience,
      Duration tick,
      BiConsumer<WatchedExecutor, String> onHang) {
    this.executor = executor;
    this.patience = patience;
    this.onHang = onHang;
    this.watch = new ExecutorWatch((int) Math.min(Integer.MAX_VALUE, patience.dividedBy(tick)));
  }

  /**
   * Watches an executor from now on, until {@link #stop}.
   *
   * @param patience how long it may have something to do and get no further
   * @param onHang is told, on the timer's thread, that it hangs, and how to say so
   */
  static WatchedExecutor start(
      ExecutorLink executor,
      Duration patience,
      ScheduledExecutorService timer,
      BiConsumer<WatchedExecutor, String> onHang) {
    Duration part = patience.dividedBy(TICKS);
    Duration tick = part.compareTo(TICK) < 0 ? part : TICK;
    WatchedExecutor watched = new WatchedExecutor(executor, patience, tick, onHang);
    try {
      watched.ticks =
          timer.scheduleWithFixedDelay(
              watched::tick, tick.toNanos(), tick.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The relay is being closed, and nobody will ask for anything any more.
    }
    return watched;
  }

  void stop() {
    Future<?> timer = ticks;
    if (timer != null) {
      timer.cancel(false);
    }
  }

  /** The executor that is watched. */
  ExecutorLink executor() {
    return executor;
  }

  synchronized boolean hangs() {
    return watch.hangs();
  }

  /** That it hangs, in words. */
  String stall() {
    return "the stage executor of %s has got no further for %s"
        .formatted(executor.info().span(), inWords(patience));
  }

  private static String inWords(Duration time) {
    return time.toMillis() % 1_000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }

  @Override
  public StageInfo info() {
    return executor.info();
  }

  /** Under the lock, so that commands are watched in the order in which they are carried out. */
  @Override
  public synchronized void submit(ExecutorCommand command, Consumer<ExecutorReply> reply) {
    long number = nextCommand++;
    waiting.put(number, reply);
    watch.given(number, work(command));
    executor.submit(command, answer -> answered(number, answer));
  }

  private long work(ExecutorCommand command) {
    return command instanceof ExecutorCommand.Forward forward
        ? (long) forward.input().tokens() * info().span().layers()
        : 0;
  }

  private void answered(long number, ExecutorReply answer) {
    Consumer<ExecutorReply> listener;
    boolean recovered;
    synchronized (this) {
      boolean hung = watch.hangs();
      switch (answer) {
        // Told with the next tick, to all whom it concerns.
        case ExecutorReply.Working(long workLeft) -> watch.computed(number, workLeft);
        case ExecutorReply.Lost _ -> watch.lost(number);
        case ExecutorReply.Done _, ExecutorReply.Failed _ -> watch.answered(number);
      }
      listener = answer instanceof ExecutorReply.Working ? null : waiting.remove(number);
      recovered = hung && !watch.hangs();
    }
    if (recovered) {
      log.info("the stage executor of {} works again", info().span());
    }
    if (listener != null) {
      listener.accept(answer);
    }
  }

  private void tick() {
    Map<Long, Consumer<ExecutorReply>> told;
    Map<Long, Long> workLeft;
    boolean hung;
    synchronized (this) {
      hung = watch.tick();
      workLeft = watch.workLeft();
      told = watch.hangs() ? Map.of() : Map.copyOf(waiting);
    }
    try {
      if (hung) {
        onHang.accept(this, stall());
      }
      told.forEach(
          (number, listener) ->
              listener.accept(new ExecutorReply.Working(workLeft.getOrDefault(number, 0L))));
    } catch (RuntimeException | Error e) {
      // What is wrong with one session must not end the watch.
      log.error("what the executor of {} does was not taken", info().span(), e);
    }
  }
}

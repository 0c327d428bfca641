package io.baton.simulations.study;

import io.baton.simulations.world.Mix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Simulates the sessions of points on several threads. A session's seed follows from the study's
 * and its own number alone: figures do not depend on the threads, and all strategies meet the same
 * luck.
 */
final class Runner {

  private final long seed;
  private final int threads;
  private final Progress progress;

  Runner(long seed, int threads, Progress progress) {
    this.seed = seed;
    this.threads = threads;
    this.progress = progress;
  }

  /** What the sessions at each point came to, in the points' order; equal points run once. */
  List<Cell> run(List<Point> points) throws InterruptedException {
    progress.begins(points.stream().distinct().mapToLong(Point::repeats).sum());
    Map<Point, Cell> known = new HashMap<>();
    List<Cell> cells = new ArrayList<>();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      for (Point point : points) {
        Cell cell = known.get(point);
        if (cell == null) {
          cell = cell(point, executor);
          known.put(point, cell);
        }
        cells.add(cell);
      }
    } finally {
      executor.shutdownNow();
    }
    return cells;
  }

  private Cell cell(Point point, ExecutorService executor) throws InterruptedException {
    List<Callable<SessionRun>> sessions = new ArrayList<>();
    for (int i = 0; i < point.repeats(); i++) {
      long session = seed(seed, i);
      sessions.add(() -> session(point, session));
    }
    List<SessionRun> runs = new ArrayList<>();
    for (Future<SessionRun> run : executor.invokeAll(sessions)) {
      runs.add(result(run));
    }
    return Cell.of(
        point.strategy(),
        point.failures().probability(),
        point.chain().roundTrips().mean(),
        point.workload(),
        runs);
  }

  private SessionRun session(Point point, long session) {
    SessionRun run =
        Simulators.of(point.strategy())
            .run(point.chain(), point.workload(), point.failures(), session, SessionTimeline.NONE);
    progress.ran();
    return run;
  }

  private static SessionRun result(Future<SessionRun> run) throws InterruptedException {
    try {
      return run.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a simulated session failed", e.getCause());
    }
  }

  /** The seed of a session; neighbours have nothing in common. */
  static long seed(long seed, int session) {
    return Mix.finish(seed * Mix.GOLDEN + session);
  }
}

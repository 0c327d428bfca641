package io.baton.benchmarks.soak;

import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** A pair of relays for each lane, workers and trouble on each, and what the process holds. */
final class Soaking implements AutoCloseable {

  /**
   * How it runs.
   *
   * @param pace of each worker, from act to act
   * @param troubleEvery on the average, for each pair
   * @param sampleEvery how often the process is looked at
   */
  record Setup(
      List<LaneKind> lanes,
      int workers,
      Duration pace,
      Duration troubleEvery,
      Duration sampleEvery,
      long poolBytes,
      long seed) {}

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Setup setup;
  private final Tally tally;
  private final Samples samples = new Samples();
  private final Path directory;
  private final Path pools;
  private final List<Pair> pairs = new ArrayList<>();
  private final List<Worker> workers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final CountDownLatch stop = new CountDownLatch(1);

  private Soaking(Setup setup, Tally tally) throws IOException {
    this.setup = setup;
    this.tally = tally;
    this.directory = Files.createTempDirectory("baton-soak");
    this.pools = Files.createTempDirectory(PoolConfig.DEFAULT_DIRECTORY, "baton-soak");
  }

  static Soaking start(Setup setup, Tally tally) throws IOException {
    Soaking soaking = new Soaking(setup, tally);
    for (LaneKind lane : setup.lanes()) {
      Pair pair = Pair.start(lane, soaking.directory, soaking.pools, setup.poolBytes());
      soaking.pairs.add(pair);
      soaking.begin(pair);
    }
    soaking.threads.forEach(Thread::start);
    return soaking;
  }

  private void begin(Pair pair) {
    String name = pair.lane().name().toLowerCase(Locale.ROOT);
    long seed = setup.seed() * 31 + name.hashCode();
    for (int number = 0; number < setup.workers(); number++) {
      String crew = name + number;
      Worker worker = new Worker(pair, crew, seed * 31 + number, tally, stop, setup.pace());
      workers.add(worker);
      threads.add(Thread.ofPlatform().name("soak-" + crew).daemon().unstarted(worker));
    }
    Trouble trouble = new Trouble(pair, ~seed, tally, stop, setup.troubleEvery());
    threads.add(Thread.ofPlatform().name("soak-trouble-" + name).daemon().unstarted(trouble));
  }

  /** Lets it run for so long, and tells of each sample. */
  void run(Duration duration, Consumer<String> report) throws IOException, InterruptedException {
    long began = System.nanoTime();
    long end = began + duration.toNanos();
    long every = setup.sampleEvery().toNanos();
    for (long next = began + every; next - end <= 0; next += every) {
      TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
      Map<Figure, Long> sample = sample();
      samples.add(sample);
      report.accept(
          "%6d s  %s  messages %,d  troubles %d  failures %d"
              .formatted(
                  TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began),
                  sample,
                  tally.messages(),
                  tally.troubles(),
                  tally.failures()));
    }
  }

  private Map<Figure, Long> sample() throws IOException {
    Map<Figure, Long> sample = new EnumMap<>(Figure.class);
    for (Figure figure : Figure.values()) {
      sample.put(figure, read(figure));
    }
    return sample;
  }

  private long read(Figure figure) throws IOException {
    return switch (figure) {
      case HEAP_KIB -> Figure.heapKib();
      case DIRECT_KIB -> Figure.directKib();
      case PRIVATE_KIB -> Figure.privateKib();
      case SHARED_KIB -> Figure.kib(pools);
      case POOL_KIB -> pairs.stream().mapToLong(Pair::poolBytes).sum() >> 10;
      case OPEN_FILES -> Figure.entries(Path.of("/proc/self/fd"));
      case THREADS -> Figure.entries(Path.of("/proc/self/task"));
    };
  }

  /** Each figure, at the end against some time before. */
  List<Samples.Comparison> compare() {
    return samples.compare();
  }

  /** Stops all, and looks for what is left; that is told as failures. */
  void finish() throws InterruptedException {
    stop.countDown();
    for (Thread thread : threads) {
      if (!thread.join(PATIENCE)) {
        tally.failed(thread.getName() + " has not stopped", new SoakFailure("within " + PATIENCE));
      }
    }
    for (Worker worker : workers) {
      worker.takeAll();
    }
    for (Pair pair : pairs) {
      try {
        pair.awaitDrained();
      } catch (SoakFailure e) {
        tally.failed("in the end", e);
      }
    }
  }

  /** Closes all, and looks for files and threads; those are told as failures. */
  @Override
  public void close() throws IOException {
    stop.countDown();
    pairs.forEach(Pair::close);
    remove(pools);
    remove(directory);
    awaitThreads();
  }

  private void remove(Path emptied) throws IOException {
    List<Path> left;
    try (var entries = Files.list(emptied)) {
      left = entries.toList();
    }
    if (!left.isEmpty()) {
      tally.failed("files are left", new SoakFailure(left.toString()));
      for (Path each : left) {
        Files.delete(each);
      }
    }
    Files.delete(emptied);
  }

  private void awaitThreads() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    List<String> left = batonThreads();
    while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      left = batonThreads();
    }
    if (!left.isEmpty()) {
      tally.failed("threads are left", new SoakFailure(left.toString()));
    }
  }

  private static List<String> batonThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("baton-"))
        .toList();
  }
}

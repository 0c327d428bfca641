package io.baton.benchmarks;

import io.baton.benchmarks.node.Workload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A node, in a process of its own. For one thread. */
final class Child {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A node has one thing to say at a time. */
  private static final int MOST_ANSWERS = 16;

  private static final String ENDED = "";

  /** What a process has used since it was started; of copies -1 if they are not counted. */
  record Usage(long cpuNanos, long allocatedBytes, long copiedBytes) {}

  private final Processes processes;
  private final String name;
  private final Process process;
  private final PrintWriter requests;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>(MOST_ANSWERS);
  private volatile String lastWords = "nothing";
  private String address = "";

  Child(Processes processes, String name, Process process) {
    this.processes = processes;
    this.name = name;
    this.process = process;
    requests = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    Thread.ofPlatform().daemon().name("baton-bench-" + name).start(this::read);
  }

  private void read() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.startsWith("= ") || line.startsWith("! ")) {
          answers.put(line);
        } else {
          lastWords = line;
        }
      }
      answers.put(ENDED);
    } catch (IOException e) {
      // Killed while it was being read.
      var _ = answers.offer(ENDED);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void awaitReady() throws BenchException, InterruptedException {
    address = answer(PATIENCE);
  }

  /** Where others find it. */
  String address() {
    return address;
  }

  Process process() {
    return process;
  }

  String ask(String request) throws BenchException, InterruptedException {
    return ask(request, PATIENCE);
  }

  private String ask(String request, Duration patience)
      throws BenchException, InterruptedException {
    requests.println(request);
    return answer(patience);
  }

  private String answer(Duration patience) throws BenchException, InterruptedException {
    @Nullable String line = answers.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    if (line == null) {
      throw processes.failure("%s does not answer within %s".formatted(name, patience));
    }
    if (line.equals(ENDED)) {
      throw processes.failure("%s has ended; the last that it said: %s".formatted(name, lastWords));
    }
    if (line.startsWith("! ")) {
      throw processes.failure("%s: %s".formatted(name, line.substring(2)));
    }
    return line.substring(2);
  }

  void begin(Workload workload) throws BenchException, InterruptedException {
    var _ =
        ask("begin %d %d %b".formatted(workload.bytes(), workload.inFlight(), workload.whole()));
  }

  /** How many, when the first was sent, and when the last was acknowledged. */
  long[] send(Duration time, int most) throws BenchException, InterruptedException {
    return numbers(ask("send %d %d".formatted(time.toNanos(), most), time.plus(PATIENCE)));
  }

  /** How many, the median and the 99th percentile, and when the last one came. */
  long[] received(long expected) throws BenchException, InterruptedException {
    return numbers(ask("received " + expected));
  }

  Usage usage() throws BenchException, InterruptedException {
    long[] numbers = numbers(ask("usage"));
    return new Usage(numbers[0], numbers[1], numbers[2]);
  }

  private static long[] numbers(String answer) {
    return Arrays.stream(answer.split(" ", -1)).mapToLong(Long::parseLong).toArray();
  }
}

package io.baton.benchmarks.node;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import io.baton.transport.CopiedBytes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node's process: does what standard input asks for, line by line, and answers each with a line
 * that begins with {@code =}, or with {@code !} and what went wrong. It ends when its input does,
 * and so with the process that started it, however that ends, and leaves nothing.
 */
public final class NodeMain {

  /** The property that names the directory of all files of a benchmark. */
  public static final String DIRECTORY = "baton.bench.directory";

  /** The property that names the process by which it was started. */
  public static final String PARENT = "baton.bench.parent";

  private final Node node;
  private final PrintStream out;

  private NodeMain(Node node, PrintStream out) {
    this.node = node;
    this.out = out;
  }

  /**
   * Runs one.
   *
   * @param arguments of {@link Settings#toArguments}
   */
  public static void main(String[] arguments) {
    PrintStream out = System.out;
    try {
      AtomicReference<@Nullable Node> made = new AtomicReference<>();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> leave(made.get())));
      Settings settings = Settings.ofArguments(List.of(arguments));
      Node node = settings.kind().make(settings);
      made.set(node);
      out.println("= " + node.address());
      new NodeMain(node, out).serve();
    } catch (Throwable e) {
      out.println("! " + words(e));
      System.exit(1);
    }
    System.exit(0);
  }

  private void serve() throws IOException {
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      List<String> words = List.of(line.split(" ", -1));
      try {
        out.println("= " + answer(words.getFirst(), words.subList(1, words.size())));
      } catch (InterruptedException e) {
        return;
      } catch (Exception e) {
        out.println("! " + words(e));
      }
    }
  }

  private String answer(String what, List<String> words) throws Exception {
    return switch (what) {
      case "connect" -> {
        node.connect(words.getFirst());
        yield "";
      }
      case "begin" -> {
        Latencies latencies = node.latencies();
        if (latencies != null) {
          latencies.clear();
        }
        node.begin(
            new Workload(
                Integer.parseInt(words.get(0)),
                Integer.parseInt(words.get(1)),
                Boolean.parseBoolean(words.get(2))));
        yield "";
      }
      case "send" -> {
        Sent sent =
            node.send(
                Duration.ofNanos(Long.parseLong(words.get(0))), Integer.parseInt(words.get(1)));
        yield sent.messages() + " " + sent.began() + " " + sent.ended();
      }
      case "received" -> {
        Latencies latencies = node.latencies();
        if (latencies == null) {
          throw new UnsupportedOperationException(node.toString());
        }
        Latencies.Summary all =
            latencies.await(Long.parseLong(words.getFirst()), Node.PATIENCE.toNanos());
        yield all.count() + " " + all.p50() + " " + all.p99() + " " + all.last();
      }
      case "end" -> {
        node.end();
        yield "";
      }
      case "usage" -> usage();
      case "report" -> node.report();
      default -> throw new IllegalArgumentException(what);
    };
  }

  /** Nanoseconds of processors, bytes allocated, and bytes copied or -1, since it was started. */
  private static String usage() {
    long processor =
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    long allocated =
        ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    return processor + " " + allocated + " " + CopiedBytes.total().orElse(-1);
  }

  private static String words(Throwable e) {
    String message = e.getMessage();
    return (message == null || message.isBlank() ? e.toString() : message).replace('\n', ' ');
  }

  private static void leave(@Nullable Node node) {
    try {
      if (node != null) {
        node.close();
      }
    } catch (Exception e) {
      System.out.println("! " + words(e));
    }
    String parent = System.getProperty(PARENT);
    String directory = System.getProperty(DIRECTORY);
    if (parent != null
        && directory != null
        && ProcessHandle.of(Long.parseLong(parent)).filter(ProcessHandle::isAlive).isEmpty()) {
      remove(Path.of(directory));
    }
  }

  /** Removes a directory with all that is in it, as far as others have not done so. */
  public static void remove(Path directory) {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      // Another process of the benchmark is at it as well.
    }
  }
}

package io.baton.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** The other process: does what is asked for, line by line, and answers each with a line. */
final class NodeMain {

  private static final long TICKS_PER_SECOND = 100;

  private NodeMain() {}

  public static void main(String[] arguments) throws IOException {
    List<String> words = List.of(arguments);
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Node node =
        Nodes.valueOf(words.getFirst()).make(Setup.ofArguments(words.subList(1, words.size())))) {
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        say(answer(node, List.of(line.split(" ", -1))));
      }
    }
  }

  /** Seconds of processor time that this process has used. */
  static double cpuSeconds() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
    } catch (IOException e) {
      throw new IllegalStateException("no /proc/self/stat", e);
    }
  }

  private static void say(String answer) {
    System.out.println("= " + answer);
  }

  private static String answer(Node node, List<String> words) {
    return switch (words.getFirst()) {
      case "address" -> HexFormat.of().formatHex(node.address());
      case "connect" -> {
        node.connect(HexFormat.of().parseHex(words.get(1)));
        yield "";
      }
      case "send" -> {
        long begun = System.nanoTime();
        node.send(workload(words));
        yield Long.toString(System.nanoTime() - begun);
      }
      case "ping" -> {
        RoundTrip result = RoundTrip.of(node.ping(workload(words)));
        yield result.p50Nanos() + " " + result.p99Nanos();
      }
      case "receive" -> {
        node.receive(workload(words), () -> say("ready"));
        yield "";
      }
      case "pong" -> {
        node.pong(workload(words), () -> say("ready"));
        yield "";
      }
      case "cpu" -> Double.toString(cpuSeconds());
      default -> throw new IllegalArgumentException(words.toString());
    };
  }

  private static Workload workload(List<String> words) {
    return new Workload(
        Integer.parseInt(words.get(1)),
        Integer.parseInt(words.get(2)),
        Integer.parseInt(words.get(3)));
  }
}

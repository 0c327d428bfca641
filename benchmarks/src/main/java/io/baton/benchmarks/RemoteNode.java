package io.baton.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A node in a process of its own. */
final class RemoteNode implements AutoCloseable {

  private final Process process;
  private final PrintWriter requests;
  private final BufferedReader answers;

  private RemoteNode(Process process) {
    this.process = process;
    requests = new PrintWriter(process.outputWriter(), true);
    answers = process.inputReader();
  }

  static RemoteNode start(Side side, Nodes kind, Setup setup) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), NodeMain.class.getName()));
    command.add(kind.name());
    command.addAll(setup.toArguments());
    ProcessBuilder builder =
        new ProcessBuilder(side.pinned(command)).redirectError(ProcessBuilder.Redirect.INHERIT);
    if (kind == Nodes.BARE) {
      builder.environment().putAll(UcxEnvironment.shared());
    }
    return new RemoteNode(builder.start());
  }

  byte[] address() throws IOException {
    ask("address");
    return HexFormat.of().parseHex(answer());
  }

  void connect(byte[] remote) throws IOException {
    ask("connect " + HexFormat.of().formatHex(remote));
    answer();
  }

  double cpuSeconds() throws IOException {
    ask("cpu");
    return Double.parseDouble(answer());
  }

  /** Lets it begin with a part; {@link #answer} waits for the end. */
  void begin(String part, Workload workload) {
    ask(part + " " + workload.bytes() + " " + workload.messages() + " " + workload.window());
  }

  String answer() throws IOException {
    String line = answers.readLine();
    while (line != null && !line.startsWith("= ")) {
      line = answers.readLine();
    }
    if (line == null) {
      throw new IOException("the other process has ended");
    }
    return line.substring(2);
  }

  @Override
  public void close() {
    requests.close();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void ask(String request) {
    requests.println(request);
  }
}

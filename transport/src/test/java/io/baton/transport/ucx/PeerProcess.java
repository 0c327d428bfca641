package io.baton.transport.ucx;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM with an engine in it, to be killed. */
final class PeerProcess implements AutoCloseable {

  private final Process process;
  private final byte[] address;

  private PeerProcess(Process process, byte[] address) {
    this.process = process;
    this.address = address;
  }

  static PeerProcess start(String... arguments) throws IOException {
    return startWith(List.of(), arguments);
  }

  static PeerProcess startWith(List<String> options, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx256m"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), PeerMain.class.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader output = process.inputReader();
    String line = output.readLine();
    while (line != null && !line.matches("[0-9a-f]{40,}")) {
      line = output.readLine();
    }
    if (line == null) {
      throw new IOException("the peer ended before it said its address");
    }
    return new PeerProcess(process, HexFormat.of().parseHex(line));
  }

  byte[] address() {
    return address;
  }

  /** Stops it with SIGSTOP: it lives and does nothing. */
  void stop() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).start().waitFor();
  }

  /** With SIGKILL. */
  void kill() {
    process.destroyForcibly().onExit().orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    kill();
  }
}

package io.baton.simulations.exchange;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process that a test can kill. It says one line when it is ready, and ends when its standard
 * input does, so that none outlives the test.
 */
final class Child implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final String READY = "ready: ";

  private final Process process;
  private final String word;

  private Child(Process process) throws IOException {
    this.process = process;
    String line = process.inputReader().readLine();
    while (line != null && !line.startsWith(READY)) {
      line = process.inputReader().readLine();
    }
    if (line == null) {
      throw new IOException("the process ended before it was ready");
    }
    this.word = line.substring(READY.length());
  }

  /** A relay; its word is its address. */
  static Child relay(Path socket, int port, LaneKind lane) throws IOException {
    return start("relay", socket.toString(), Integer.toString(port), lane.name());
  }

  /** A process that allocates so many chunks for a group and sends none of them. */
  static Child idleSender(Path socket, int chunks, int bytes) throws IOException {
    return start("sender", socket.toString(), Integer.toString(chunks), Integer.toString(bytes));
  }

  /** A process that receives so many chunks of a datum and is done with none of them. */
  static Child idleReader(Path socket, String group, String dataId, int chunks) throws IOException {
    return start("reader", socket.toString(), group, dataId, Integer.toString(chunks));
  }

  /** A process that sends chunks of a stream one after the other until it is killed. */
  static Child busySender(Path socket, String group, String relay, int bytes) throws IOException {
    return start("busy", socket.toString(), group, relay, Integer.toString(bytes));
  }

  private static Child start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(flag -> flag.startsWith("--") || flag.startsWith("-XX:"))
            .toList());
    command.add("-Dlogback.configurationFile=" + System.getProperty("logback.configurationFile"));
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
    command.addAll(Arrays.asList(arguments));
    return new Child(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** What it said when it was ready. */
  String word() {
    return word;
  }

  long pid() {
    return process.pid();
  }

  /** SIGKILL, and waits until it is gone. */
  void kill() {
    process.destroyForcibly();
    try {
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException("it cannot be killed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    kill();
  }

  // ---- the process itself

  public static void main(String[] arguments) throws Exception {
    Path socket = Path.of(arguments[1]);
    switch (arguments[0]) {
      case "relay" -> serve(socket, Integer.parseInt(arguments[2]), arguments[3]);
      case "sender" ->
          allocate(socket, Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
      case "reader" -> hold(socket, arguments[2], arguments[3], Integer.parseInt(arguments[4]));
      case "busy" -> sendOn(socket, arguments[2], arguments[3], Integer.parseInt(arguments[4]));
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void ready(String word) {
    System.out.println(READY + word);
    Thread.ofPlatform().daemon().start(Child::endWithInput);
  }

  private static void endWithInput() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().halt(0);
  }

  private static void stay() throws InterruptedException {
    Thread.currentThread().join();
  }

  private static void serve(Path socket, int port, String lane) throws Exception {
    try (Relay relay =
        Relay.start(
            RelayConfig.of("child", Endpoint.tcp("127.0.0.1", port))
                .withProcessSocket(new Endpoint.Unix(socket))
                .withDataPlane(
                    RelayConfig.DataPlane.DEFAULT
                        .withPoolBytes(16 << 20)
                        .withHistoryShare(0)
                        .withLanes(List.of(LaneKind.valueOf(lane)))))) {
      ready(relay.endpoint().toString());
      stay();
    }
  }

  private static void allocate(Path socket, int chunks, int bytes) throws Exception {
    SidecarClient client = SidecarClient.connect(socket, SidecarOptions.of("idle sender"));
    SidecarSender sender = client.sender(SenderConfig.alone("idle"));
    for (int i = 0; i < chunks; i++) {
      sender
          .allocate(TensorSpec.of(DType.U8, bytes), List.of(Destination.here("nobody")))
          .get(START_SECONDS, TimeUnit.SECONDS);
    }
    ready("allocated");
    stay();
  }

  private static void hold(Path socket, String group, String dataId, int chunks) throws Exception {
    SidecarClient client = SidecarClient.connect(socket, SidecarOptions.of("idle reader"));
    SidecarReader reader = client.reader(ReceiverConfig.alone(group));
    for (int i = 0; i < chunks; i++) {
      reader.receive(dataId, i);
    }
    ready("held");
    stay();
  }

  private static void sendOn(Path socket, String group, String relay, int bytes) throws Exception {
    SidecarClient client = SidecarClient.connect(socket, SidecarOptions.of("busy sender"));
    SidecarSender sender = client.sender(SenderConfig.alone("busy"));
    Destination destination = new Destination(group, List.of(Member.at(0, relay)));
    Tensor tensor = Tensor.wrap(TensorSpec.of(DType.U8, bytes), Hosts.bytes(bytes, 1));
    sender
        .send(ChunkAddress.of("busy", ChunkPosition.stream(0), destination), tensor)
        .get(START_SECONDS, TimeUnit.SECONDS);
    ready("sending");
    for (int i = 1; ; i++) {
      sender
          .send(ChunkAddress.of("busy", ChunkPosition.stream(i), destination), tensor)
          .get(START_SECONDS, TimeUnit.SECONDS);
    }
  }
}

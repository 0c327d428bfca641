package io.baton.transport.ucx;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Does to an engine what a stranger would, in a process that may die of it. Prints {@link #ALIVE}
 * if it is served as before in the end.
 */
final class TargetMain {

  static final String ALIVE = "alive";

  private TargetMain() {}

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[1]);
    UcxConfig config = Ucx.config("target", Ucx.ALL);
    try (UcxHub target = UcxHub.start(config);
        UcxEngine other =
            UcxEngine.start(Ucx.config("other", Ucx.ALL), (_, _) -> Landing.REFUSED)) {
      switch (arguments[0]) {
        case "addresses" -> addresses(target, other.address(), rounds);
        case "sockets" -> sockets(port(target), rounds);
        default -> throw new IllegalArgumentException(arguments[0]);
      }
      RecordedCompletion done = new RecordedCompletion();
      var _ =
          other
              .connect(target.address(), Ucx.HERE, _ -> {})
              .send(UcxHub.probe(), MemorySegment.NULL, done);
      if (done.outcome().isEmpty()) {
        System.out.println(ALIVE);
      }
    }
  }

  /** Right checksums, so that whatever guards UCX is not those. */
  private static void addresses(UcxHub target, byte[] address, int rounds) throws Exception {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    List<UcxWire> open = new ArrayList<>();
    int taken = 0;
    for (int i = 0; i < rounds; i++) {
      try {
        UcxWire wire = target.wire(Mutated.address(address, random), Ucx.HERE, _ -> {});
        wire.prove(() -> {});
        open.add(wire);
        taken++;
      } catch (UcxConnectException e) {
        // Refused, or too many at a time.
      }
      if (open.size() >= 32) {
        open.forEach(UcxWire::close);
        open.clear();
        await().until(() -> target.stats().connections() < 200);
      }
    }
    open.forEach(UcxWire::close);
    System.out.println("taken: " + taken);
  }

  private static int port(UcxHub target) throws Exception {
    return UcxAddress.fromWire(target.address()).devices().stream()
        .flatMap(device -> device.ways().stream())
        .filter(way -> way.transport() == UcxAddress.transport("tcp"))
        .mapToInt(way -> way.address().at(0) << Byte.SIZE | way.address().at(1))
        .findFirst()
        .orElseThrow();
  }

  /** Random bytes on connections that stay. */
  private static void sockets(int port, int rounds) throws IOException {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < rounds; i++) {
      Socket socket = new Socket();
      socket.connect(new InetSocketAddress(Ucx.HERE, port), 1000);
      byte[] garbage = new byte[random.nextInt(300)];
      random.nextBytes(garbage);
      try {
        OutputStream out = socket.getOutputStream();
        out.write(garbage);
        out.flush();
      } catch (IOException e) {
        // It has hung up.
      }
      sockets.add(socket);
    }
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}

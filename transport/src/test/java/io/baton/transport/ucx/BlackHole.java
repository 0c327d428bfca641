package io.baton.transport.ucx;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A port of loopback on which connections hang, as behind a firewall: as many as the system queues
 * wait there already.
 */
public final class BlackHole implements AutoCloseable {

  private final ServerSocket server;
  private final List<Socket> queued = new ArrayList<>();

  private BlackHole(ServerSocket server) {
    this.server = server;
  }

  public static BlackHole open() throws Exception {
    BlackHole hole = new BlackHole(new ServerSocket(0, 1, Ucx.HERE));
    for (int i = 0; i < 2; i++) {
      Socket socket = new Socket();
      hole.queued.add(socket);
      socket.connect(new InetSocketAddress(Ucx.HERE, hole.server.getLocalPort()), 1000);
    }
    return hole;
  }

  /** That of an engine like this one, which is to be there. */
  public byte[] address(UcxHub like) throws Exception {
    UcxAddress of = UcxAddress.fromWire(like.address());
    ByteBuffer port = ByteBuffer.allocate(2).putShort((short) server.getLocalPort()).flip();
    return new UcxAddress(
            of.worker() + 1,
            of.devices().stream()
                .map(
                    device ->
                        new UcxAddress.Device(
                            device.domain(), device.flags(), device.address(), at(device, port)))
                .toList())
        .toWire();
  }

  private static List<UcxAddress.Way> at(UcxAddress.Device device, ByteBuffer port) {
    return device.ways().stream()
        .map(
            way ->
                new UcxAddress.Way(way.transport(), way.attributes(), new UcxAddress.Bytes(port)))
        .toList();
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : queued) {
      socket.close();
    }
    server.close();
  }
}

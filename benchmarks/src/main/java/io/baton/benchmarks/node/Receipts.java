package io.baton.benchmarks.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * What a reader tells a sender, a byte for each message that it has, apart from what is measured: a
 * relay says that it has a message before its reader does, and whoever went by that would measure
 * the queue before the reader.
 */
final class Receipts implements AutoCloseable {

  private static final int MANY = 4096;

  private final SocketChannel channel;

  private Receipts(SocketChannel channel) {
    this.channel = channel;
  }

  /** Listens where the sender will be, and hands its end to the reader when it comes. */
  static ServerSocketChannel listen(Path path) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    return server;
  }

  /** The reader's end. */
  static Receipts accept(ServerSocketChannel server) throws IOException {
    return new Receipts(server.accept());
  }

  /** The sender's end: has each receipt make room. */
  static Receipts connect(Path path, Runnable onReceipt) throws IOException {
    Receipts receipts = new Receipts(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    Thread.ofPlatform().daemon().name("receipts").start(() -> receipts.read(onReceipt));
    return receipts;
  }

  private void read(Runnable onReceipt) {
    ByteBuffer in = ByteBuffer.allocateDirect(MANY);
    try {
      for (int count = channel.read(in); count >= 0; count = channel.read(in.clear())) {
        for (int i = 0; i < count; i++) {
          onReceipt.run();
        }
      }
    } catch (IOException e) {
      // The bench is over; until then the sender's patience tells.
    }
  }

  /** Of one message; by one thread at a time. */
  void give() {
    try {
      channel.write(ByteBuffer.wrap(new byte[1]));
    } catch (IOException e) {
      throw new UncheckedIOException("the sender is gone", e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}

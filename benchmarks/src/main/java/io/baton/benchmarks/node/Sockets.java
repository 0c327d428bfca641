package io.baton.benchmarks.node;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** What the nodes of the sockets' floor have in common. */
final class Sockets {

  /** A frame: place of the body in shared memory, or its length where it follows. */
  static final int FRAME = Integer.BYTES;

  private Sockets() {}

  static ServerSocketChannel listen(Path path) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    return server;
  }

  static SocketChannel connect(Path path) throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(path));
  }

  /** Waits for a thread whose channels have been closed. */
  static void join(Thread thread) {
    try {
      var _ = thread.join(Node.PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes all of it; the other side may have to read some before. */
  static void writeAll(Selector selector, SelectionKey key, ByteBuffer... buffers)
      throws IOException {
    SocketChannel channel = (SocketChannel) key.channel();
    ByteBuffer last = buffers[buffers.length - 1];
    channel.write(buffers);
    while (last.hasRemaining()) {
      key.interestOps(SelectionKey.OP_WRITE);
      selector.select();
      selector.selectedKeys().clear();
      channel.write(buffers);
    }
    key.interestOps(SelectionKey.OP_READ);
  }
}

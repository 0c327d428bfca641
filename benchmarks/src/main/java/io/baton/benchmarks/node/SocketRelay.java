package io.baton.benchmarks.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Passes on what comes, both ways, without looking at it: what stands in a relay's place. */
final class SocketRelay implements Node {

  private static final int BUFFER = 256 << 10;

  private final Path path;
  private final ServerSocketChannel server;
  private final SocketChannel next;
  private final Selector selector = Selector.open();
  private final Thread thread;

  /** One way, with what has been read and not yet written. */
  private record Way(SocketChannel from, SocketChannel to, ByteBuffer waiting) {

    static Way of(SocketChannel from, SocketChannel to) {
      return new Way(from, to, ByteBuffer.allocateDirect(BUFFER));
    }

    /** False at the end. */
    boolean pass() throws IOException {
      if (from.read(waiting) < 0) {
        return false;
      }
      waiting.flip();
      to.write(waiting);
      waiting.compact();
      return true;
    }

    boolean isBlocked() {
      return waiting.position() > 0;
    }

    boolean isFull() {
      return !waiting.hasRemaining();
    }
  }

  SocketRelay(Settings settings) throws IOException {
    path = settings.path("socket");
    server = Sockets.listen(path);
    next = Sockets.connect(settings.path("next"));
    thread = Thread.ofPlatform().daemon().name("baton-bench-relay").start(this::run);
  }

  @Override
  public String address() {
    return path.toString();
  }

  private void run() {
    try (SocketChannel before = server.accept()) {
      before.configureBlocking(false);
      next.configureBlocking(false);
      SelectionKey beforeKey = before.register(selector, SelectionKey.OP_READ);
      SelectionKey nextKey = next.register(selector, SelectionKey.OP_READ);
      Way there = Way.of(before, next);
      Way back = Way.of(next, before);
      while (there.pass() && back.pass()) {
        beforeKey.interestOps(interest(there, back));
        nextKey.interestOps(interest(back, there));
        selector.select();
        selector.selectedKeys().clear();
      }
    } catch (IOException | ClosedSelectorException | CancelledKeyException e) {
      // One of the neighbours has gone, or this relay goes.
    } finally {
      closeNext();
    }
  }

  /** Of a channel that one way reads from, and the other writes to. */
  private static int interest(Way reading, Way writing) {
    return (reading.isFull() ? 0 : SelectionKey.OP_READ)
        | (writing.isBlocked() ? SelectionKey.OP_WRITE : 0);
  }

  private void closeNext() {
    try {
      next.close();
    } catch (IOException e) {
      // It is of no use any more.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    selector.close();
    Sockets.join(thread);
    Files.deleteIfExists(path);
  }
}

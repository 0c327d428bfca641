package io.baton.benchmarks.node;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Receives what a {@link SocketSource} sends, and acknowledges each message with a byte. */
final class SocketSink implements Node {

  private static final int BUFFER = 256 << 10;

  private final Path path;
  private final @Nullable Path file;
  private final ServerSocketChannel server;
  private final Selector selector = Selector.open();
  private final Latencies latencies = new Latencies();
  private final Thread thread;
  private volatile @Nullable SocketRegion region;
  private volatile Workload workload = new Workload(Message.MIN_BYTES, 1, false);

  SocketSink(Settings settings) throws IOException {
    path = settings.path("socket");
    file = settings.has("file") ? settings.path("file") : null;
    server = Sockets.listen(path);
    thread = Thread.ofPlatform().daemon().name("baton-bench-sink").start(this::run);
  }

  @Override
  public String address() {
    return path.toString();
  }

  /** After the source has, which makes the memory. */
  @Override
  public void begin(Workload next) throws IOException {
    workload = next;
    if (file != null && region == null) {
      region = SocketRegion.open(file, (long) next.inFlight() * next.bytes());
      Files.deleteIfExists(file);
    }
  }

  @Override
  public Latencies latencies() {
    return latencies;
  }

  private void run() {
    try (SocketChannel channel = server.accept()) {
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
      ByteBuffer input = ByteBuffer.allocateDirect(BUFFER);
      while (true) {
        selector.select();
        selector.selectedKeys().clear();
        int frame = Sockets.FRAME + (file == null ? workload.bytes() : 0);
        if (input.capacity() < frame) {
          input = ByteBuffer.allocateDirect(frame);
        }
        if (channel.read(input) < 0) {
          return;
        }
        input.flip();
        int taken = 0;
        for (; input.remaining() >= frame; taken++) {
          look(input);
        }
        input.compact();
        if (taken > 0) {
          Sockets.writeAll(selector, key, ByteBuffer.allocate(taken));
        }
      }
    } catch (IOException | ClosedSelectorException | CancelledKeyException e) {
      // The source has gone, or this sink goes; both when all has been measured.
    }
  }

  private void look(ByteBuffer input) {
    int said = input.getInt();
    SocketRegion shared = region;
    int bytes = workload.bytes();
    try {
      if (shared != null) {
        latencies.add(Message.sentNanos(shared.place(said, bytes), workload.whole()));
        return;
      }
      MemorySegment body = MemorySegment.ofBuffer(input).asSlice(0, bytes);
      latencies.add(Message.sentNanos(body, workload.whole()));
    } catch (IllegalStateException e) {
      latencies.fail(e);
    }
    input.position(input.position() + bytes);
  }

  @Override
  public void close() throws IOException {
    server.close();
    selector.close();
    Sockets.join(thread);
    Files.deleteIfExists(path);
    SocketRegion shared = region;
    if (shared != null) {
      shared.close();
    }
  }
}

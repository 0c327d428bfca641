package io.baton.benchmarks.node;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Sends over a Unix-domain socket, and waits at a selector. Bodies lie in shared memory, or follow
 * their frames. As many frames as may be under way go out in one write.
 */
final class SocketSource implements Node {

  private final Selector selector;
  private final SocketChannel channel;
  private final SelectionKey key;
  private final @Nullable Path file;
  private final ByteBuffer acks = ByteBuffer.allocateDirect(64 << 10);
  private Workload workload = new Workload(Message.MIN_BYTES, 1, false);
  private @Nullable SocketRegion region;
  private ByteBuffer frames = ByteBuffer.allocateDirect(0);
  private long number;

  SocketSource(Settings settings) throws Exception {
    file = settings.has("file") ? settings.path("file") : null;
    channel = Sockets.connect(settings.path("next"));
    channel.configureBlocking(false);
    selector = Selector.open();
    key = channel.register(selector, SelectionKey.OP_READ);
  }

  @Override
  public void begin(Workload next) throws Exception {
    workload = next;
    boolean shared = file != null;
    if (file != null && region == null) {
      region = SocketRegion.create(file, (long) next.inFlight() * next.bytes());
    }
    int frame = Sockets.FRAME + (shared ? 0 : next.bytes());
    int needed = Math.multiplyExact(next.inFlight(), frame);
    if (frames.capacity() < needed) {
      frames = ByteBuffer.allocateDirect(needed);
    }
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    long began = System.nanoTime();
    int sent = 0;
    int acknowledged = 0;
    boolean over = false;
    while (!over || acknowledged < sent) {
      frames.clear();
      while (!over && sent - acknowledged < workload.inFlight()) {
        over = sent == most || System.nanoTime() - began >= time.toNanos();
        if (!over) {
          write();
          sent++;
        }
      }
      if (frames.position() > 0) {
        Sockets.writeAll(selector, key, frames.flip());
      }
      acknowledged += acknowledged(sent > acknowledged);
    }
    return Sent.since(began, sent);
  }

  private void write() {
    int place = (int) (number % workload.inFlight());
    SocketRegion shared = region;
    if (shared != null) {
      frames.putInt(place);
      Message.write(shared.place(place, workload.bytes()), number, workload.whole());
    } else {
      frames.putInt(workload.bytes());
      MemorySegment body = MemorySegment.ofBuffer(frames).asSlice(0, workload.bytes());
      Message.write(body, number, workload.whole());
      frames.position(frames.position() + workload.bytes());
    }
    number++;
  }

  /** A byte for each. */
  private int acknowledged(boolean any) throws Exception {
    if (!any) {
      return 0;
    }
    if (selector.select(PATIENCE.toMillis()) == 0) {
      throw new IllegalStateException("a message was not acknowledged within " + PATIENCE);
    }
    selector.selectedKeys().clear();
    acks.clear();
    int read = channel.read(acks);
    if (read < 0) {
      throw new EOFException("the next process has gone");
    }
    return read;
  }

  @Override
  public void close() throws IOException {
    channel.close();
    selector.close();
    if (region != null) {
      region.close();
    }
  }
}

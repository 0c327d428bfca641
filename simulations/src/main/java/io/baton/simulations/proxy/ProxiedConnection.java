package io.baton.simulations.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A connection to the proxy joined to one from it: two lines, with a thread at each end of each.
 */
final class ProxiedConnection {

  private static final int READ_BYTES = 64 << 10;

  private final Socket client;
  private final Socket target;
  private final DelayLine toTarget;
  private final DelayLine fromTarget;
  private final LongSupplier delayNanos;
  private final Consumer<ProxiedConnection> onClosed;
  private final AtomicInteger openDirections = new AtomicInteger(2);

  ProxiedConnection(
      Socket client,
      Socket target,
      int maxInFlight,
      LongSupplier delayNanos,
      Consumer<ProxiedConnection> onClosed) {
    this.client = client;
    this.target = target;
    this.toTarget = new DelayLine(maxInFlight);
    this.fromTarget = new DelayLine(maxInFlight);
    this.delayNanos = delayNanos;
    this.onClosed = onClosed;
  }

  void start(Executor threads, LongAdder bytesToTarget, LongAdder bytesFromTarget) {
    threads.execute(() -> guarded(() -> read(client, toTarget)));
    threads.execute(() -> guarded(() -> write(toTarget, target, bytesToTarget)));
    threads.execute(() -> guarded(() -> read(target, fromTarget)));
    threads.execute(() -> guarded(() -> write(fromTarget, client, bytesFromTarget)));
  }

  void stall(boolean on) {
    toTarget.stall(on);
    fromTarget.stall(on);
  }

  int bytesInFlight() {
    return toTarget.bytesInFlight() + fromTarget.bytesInFlight();
  }

  /** Both ends see a reset, and what is on its way is lost. Idempotent. */
  void reset() {
    toTarget.close();
    fromTarget.close();
    Sockets.reset(client);
    Sockets.reset(target);
    onClosed.accept(this);
  }

  /** Part of the work of one thread. */
  @FunctionalInterface
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  /** A connection that fails at one end fails at the other, as it would without a proxy. */
  private void guarded(Work work) {
    try {
      work.run();
    } catch (IOException e) {
      reset();
    } catch (InterruptedException e) {
      reset();
      Thread.currentThread().interrupt();
    }
  }

  private void read(Socket from, DelayLine line) throws IOException, InterruptedException {
    InputStream in = from.getInputStream();
    byte[] buffer = new byte[READ_BYTES];
    boolean more = true;
    while (more) {
      int length = in.read(buffer);
      long due = System.nanoTime() + delayNanos.getAsLong();
      more = line.put(Arrays.copyOf(buffer, Math.max(0, length)), due) && length > 0;
    }
  }

  private void write(DelayLine line, Socket to, LongAdder count)
      throws IOException, InterruptedException {
    OutputStream out = to.getOutputStream();
    Optional<DelayLine.Piece> piece = line.take();
    while (piece.isPresent() && !piece.get().isEnd()) {
      out.write(piece.get().bytes());
      count.add(piece.get().bytes().length);
      piece = line.take();
    }
    if (piece.isEmpty()) {
      // Closed by whoever reset the connection, which must not look like an orderly end.
      return;
    }
    to.shutdownOutput();
    // Half-closed connections are legal: the other direction may still have much to say.
    if (openDirections.decrementAndGet() == 0) {
      close();
    }
  }

  private void close() {
    toTarget.close();
    fromTarget.close();
    Sockets.close(client);
    Sockets.close(target);
    onClosed.accept(this);
  }
}

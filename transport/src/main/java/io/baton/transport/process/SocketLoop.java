package io.baton.transport.process;

import io.baton.transport.Budget;
import io.baton.transport.OutOfMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that reads the streams between a relay and the processes of its host, and runs their
 * callbacks. What these answer is written once for all that a turn has brought.
 */
public final class SocketLoop implements Executor, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SocketLoop.class);

  private static final int SCRATCH_BYTES = 64 << 10;
  private static final long PARTIAL_BYTES = 64L << 20;
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  /** Something that is registered here; called in the loop. */
  interface Registered {

    void ready(SelectionKey key);

    /** About once a second. */
    void look(long nowNanos);

    /** The loop ends, or has met an error in a callback. */
    void abandon(String why);
  }

  private final Selector selector;
  private final Thread thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean awake = new AtomicBoolean();
  private final Budget partial = new Budget(PARTIAL_BYTES);
  private volatile boolean closed;

  // Below: only in the loop.
  private final ByteBuffer scratch = ByteBuffer.allocate(SCRATCH_BYTES);
  private final Set<SocketStream<?, ?>> unflushed = new LinkedHashSet<>();
  private long lookedAtNanos = System.nanoTime();

  private SocketLoop(String name) {
    try {
      this.selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException("no selector", e);
    }
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  /**
   * Starts the thread, a daemon.
   *
   * @throws UncheckedIOException if the process may open no more files
   */
  public static SocketLoop start(String name) {
    SocketLoop loop = new SocketLoop(name);
    loop.thread.start();
    return loop;
  }

  /** Runs the task between callbacks; after the end, not at all. */
  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (!isHere() && awake.compareAndSet(false, true)) {
      selector.wakeup();
    }
  }

  boolean isHere() {
    return Thread.currentThread().equals(thread);
  }

  Selector selector() {
    return selector;
  }

  /** For frames of all streams that have come in part. */
  Budget partial() {
    return partial;
  }

  /** To read into; only in the loop, and only until the next read. */
  ByteBuffer scratch() {
    return scratch.clear();
  }

  /** Has what was written on the stream in this turn go out at its end; only in the loop. */
  void flushLater(SocketStream<?, ?> stream) {
    unflushed.add(stream);
  }

  private void run() {
    try {
      while (!closed) {
        turn();
      }
    } catch (IOException | RuntimeException | Error e) {
      log.error("{} ends: no process is served any more", thread.getName(), e);
      OutOfMemory.report(e);
    } finally {
      end();
    }
  }

  private void turn() throws IOException {
    if (tasks.isEmpty() && unflushed.isEmpty()) {
      selector.select(this::handle, LOOK_EVERY.toMillis());
    } else {
      selector.selectNow(this::handle);
    }
    awake.set(false);
    runTasks();
    look();
    flush();
  }

  private void handle(SelectionKey key) {
    Registered registered = (Registered) key.attachment();
    try {
      registered.ready(key);
    } catch (CancelledKeyException e) {
      // It was closed by one that was handled before it.
    } catch (RuntimeException | Error e) {
      broken(registered, e);
    }
  }

  /** A bug: it ends the stream that met it, and no other. */
  private void broken(Registered registered, Throwable bug) {
    log.error("an error in {} that should not be", thread.getName(), bug);
    OutOfMemory.report(bug);
    registered.abandon("an error here: " + bug);
  }

  private void runTasks() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.error("an error in {} that should not be", thread.getName(), e);
        OutOfMemory.report(e);
      }
    }
  }

  private void look() {
    long now = System.nanoTime();
    if (now - lookedAtNanos < LOOK_EVERY.toNanos()) {
      return;
    }
    lookedAtNanos = now;
    for (SelectionKey key : List.copyOf(selector.keys())) {
      Registered registered = (Registered) key.attachment();
      try {
        registered.look(now);
      } catch (RuntimeException | Error e) {
        broken(registered, e);
      }
    }
  }

  private void flush() {
    // What is written in the course of it goes out in the next turn.
    List<SocketStream<?, ?>> streams = List.copyOf(unflushed);
    unflushed.clear();
    for (SocketStream<?, ?> stream : streams) {
      try {
        stream.flushNow();
      } catch (RuntimeException | Error e) {
        broken(stream, e);
      }
    }
  }

  private void end() {
    runTasks();
    flush();
    for (SelectionKey key : List.copyOf(selector.keys())) {
      ((Registered) key.attachment()).abandon("closed");
    }
    runTasks();
    try {
      selector.close();
    } catch (IOException e) {
      log.debug("the selector did not close", e);
    }
  }

  /**
   * Cuts all streams and stops the thread; what was handed over before is done first. Idempotent.
   *
   * @throws IllegalStateException if it has not stopped after 5 s: a callback is blocking it
   */
  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      if (!thread.join(STOP_TIMEOUT)) {
        throw new IllegalStateException(thread.getName() + " did not stop within " + STOP_TIMEOUT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package io.baton.transport.device;

import io.baton.transport.device.DeviceException.Reason;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A copier over one stream of a driver. A thread of its own begins the copies and looks for those
 * that have ended, more and more rarely while none does; it sleeps when nothing is under way. It
 * looks, and does not let the driver call back, because a callback would enter the JVM on a thread
 * of the driver's, at any time, also while the JVM stops.
 *
 * @param <M> the driver's marks
 */
final class StreamCopier<M> implements DeviceCopier {

  private static final Logger log = LoggerFactory.getLogger(StreamCopier.class);

  /** Copies and registrations together. */
  static final int MAX_UNDER_WAY = 4096;

  private static final long SHORTEST_PAUSE_NANOS = 20_000;
  private static final long LONGEST_PAUSE_NANOS = 1_000_000;

  private enum Direction {
    TO_HOST,
    TO_DEVICE
  }

  private sealed interface Command {

    /** What is to be told of it. */
    CompletableFuture<?> done();

    record Copy(
        Direction direction,
        DeviceBuffer device,
        HostMemory host,
        CompletableFuture<@Nullable Void> done)
        implements Command {}

    record Register(MemorySegment memory, CompletableFuture<Registration> done)
        implements Command {}

    record Forget(Registered registered, CompletableFuture<@Nullable Void> done)
        implements Command {}

    record Stop(CompletableFuture<@Nullable Void> done) implements Command {}
  }

  /** What waits for the device, in the order in which it was asked for. */
  private sealed interface UnderWay<M> {

    record Copying<M>(M mark, Command.Copy copy) implements UnderWay<M> {}

    /** Due when the copies before are over. */
    record Forgetting<M>(Command.Forget forget) implements UnderWay<M> {}
  }

  private record Registered(MemorySegment memory, StreamCopier<?> copier) implements Registration {

    @Override
    public CompletableFuture<@Nullable Void> end(Duration timeout) {
      return copier.forget(this, timeout);
    }

    // Each is itself, also where two are of the same memory.

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  private final int device;
  private final DeviceDriver<M> driver;
  private final Duration closeTimeout;
  private final BlockingQueue<Command> inbox = new LinkedBlockingQueue<>();
  private final Semaphore permits = new Semaphore(MAX_UNDER_WAY);
  private final CompletableFuture<String> opened = new CompletableFuture<>();
  private final Thread thread;

  /** Orders what is asked for before {@link Command.Stop}, and closing. */
  private final Object lock = new Object();

  private boolean closed;

  // The thread's own.
  private final Deque<UnderWay<M>> underWay = new ArrayDeque<>();
  private final Set<Registered> registered = new LinkedHashSet<>();
  private boolean stopping;
  private long stopNanos;
  private long pauseNanos = SHORTEST_PAUSE_NANOS;

  private StreamCopier(int device, DeviceDriver<M> driver, Duration closeTimeout) {
    this.device = device;
    this.driver = driver;
    this.closeTimeout = closeTimeout;
    this.thread = Thread.ofPlatform().daemon().name("baton-device-" + device).unstarted(this::run);
  }

  /**
   * Opens the device.
   *
   * @param openTimeout how long to wait for it
   * @param closeTimeout for what is under way when the copier is closed
   * @throws DeviceException if there is none, or it does not answer in that time
   */
  static DeviceCopier open(
      int device, DeviceDriver<?> driver, Duration openTimeout, Duration closeTimeout)
      throws DeviceException {
    StreamCopier<?> copier = new StreamCopier<>(device, driver, closeTimeout);
    copier.thread.start();
    try {
      copier.opened.get(openTimeout.toNanos(), TimeUnit.NANOSECONDS);
      return copier;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof DeviceException refused
          ? refused
          : new DeviceException(Reason.FAILED, "device %d: %s".formatted(device, e.getCause()));
    } catch (TimeoutException e) {
      copier.stop();
      throw new DeviceException(
          Reason.DEADLINE_EXCEEDED,
          "device %d does not answer within %s ms".formatted(device, openTimeout.toMillis()));
    } catch (InterruptedException e) {
      copier.stop();
      Thread.currentThread().interrupt();
      throw new DeviceException(Reason.CLOSED, "interrupted while the device was opened");
    }
  }

  @Override
  public int device() {
    return device;
  }

  @Override
  public String name() {
    return opened.resultNow();
  }

  @Override
  public CompletableFuture<@Nullable Void> toHost(
      DeviceBuffer from, HostMemory to, Duration timeout) {
    return copy(Direction.TO_HOST, from, to, timeout);
  }

  @Override
  public CompletableFuture<@Nullable Void> toDevice(
      HostMemory from, DeviceBuffer to, Duration timeout) {
    return copy(Direction.TO_DEVICE, to, from, timeout);
  }

  private CompletableFuture<@Nullable Void> copy(
      Direction direction, DeviceBuffer buffer, HostMemory host, Duration timeout) {
    if (buffer.device() != device || buffer.bytes() != host.segment().byteSize()) {
      giveBack(host);
      throw new IllegalArgumentException(
          "%s and %d bytes of this host, by device %d"
              .formatted(buffer, host.segment().byteSize(), device));
    }
    if (buffer.bytes() == 0) {
      giveBack(host);
      return CompletableFuture.completedFuture(null);
    }
    Command.Copy copy = new Command.Copy(direction, buffer, host, new CompletableFuture<>());
    if (!submit(copy)) {
      giveBack(host);
    }
    return limited(copy.done(), timeout);
  }

  @Override
  public CompletableFuture<Registration> register(MemorySegment memory, Duration timeout) {
    if (!memory.isNative() || memory.byteSize() == 0) {
      throw new IllegalArgumentException("no device can reach " + memory);
    }
    Command.Register register = new Command.Register(memory, new CompletableFuture<>());
    submit(register);
    return limited(register.done(), timeout);
  }

  private CompletableFuture<@Nullable Void> forget(Registered known, Duration timeout) {
    Command.Forget forget = new Command.Forget(known, new CompletableFuture<>());
    submit(forget);
    return limited(forget.done(), timeout);
  }

  /** Asks for something, or lets it fail. */
  private boolean submit(Command command) {
    synchronized (lock) {
      if (closed) {
        fail(command, new DeviceException(Reason.CLOSED, "the copier is closed"));
        return false;
      }
      if (!permits.tryAcquire()) {
        fail(
            command,
            new DeviceException(
                Reason.BUSY,
                "%d copies are under way: wait for some of them".formatted(MAX_UNDER_WAY)));
        return false;
      }
      inbox.add(command);
      return true;
    }
  }

  private static void fail(Command command, Throwable cause) {
    command.done().completeExceptionally(cause);
  }

  private static <T extends @Nullable Object> CompletableFuture<T> limited(
      CompletableFuture<T> done, Duration timeout) {
    return done.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
        .exceptionallyCompose(
            error ->
                CompletableFuture.failedFuture(
                    error instanceof TimeoutException
                        ? new DeviceException(
                            Reason.DEADLINE_EXCEEDED,
                            "the device was not done within %d ms".formatted(timeout.toMillis()))
                        : error));
  }

  private static void giveBack(HostMemory host) {
    try {
      host.giveBack().run();
    } catch (RuntimeException e) {
      log.error("memory could not be given back", e);
    }
  }

  // ---- the thread

  private void run() {
    try {
      opened.complete(driver.open());
    } catch (DeviceException | RuntimeException | LinkageError e) {
      opened.completeExceptionally(e);
      return;
    }
    try {
      while (!stopping || mayGoOn()) {
        Command command = next();
        if (command != null) {
          take(command);
        }
        settle();
      }
    } catch (InterruptedException e) {
      log.warn("device {} was interrupted", device);
    } finally {
      end();
    }
  }

  private boolean mayGoOn() {
    return !underWay.isEmpty() && System.nanoTime() - stopNanos < 0;
  }

  /** What is asked for next; null when it is time to look at what is under way. */
  private @Nullable Command next() throws InterruptedException {
    return underWay.isEmpty() ? inbox.take() : inbox.poll(pauseNanos, TimeUnit.NANOSECONDS);
  }

  private void take(Command command) {
    switch (command) {
      case Command.Copy copy -> begin(copy);
      case Command.Register register -> register(register);
      case Command.Forget forget -> underWay.add(new UnderWay.Forgetting<>(forget));
      case Command.Stop _ -> {
        stopping = true;
        stopNanos = System.nanoTime() + closeTimeout.toNanos();
      }
    }
    pauseNanos = SHORTEST_PAUSE_NANOS;
  }

  private void begin(Command.Copy copy) {
    long host = copy.host().segment().address();
    long bytes = copy.device().bytes();
    try {
      M mark =
          switch (copy.direction()) {
            case TO_HOST -> driver.copyToHost(copy.device().address(), host, bytes);
            case TO_DEVICE -> driver.copyToDevice(host, copy.device().address(), bytes);
          };
      underWay.add(new UnderWay.Copying<>(mark, copy));
    } catch (DeviceException | RuntimeException e) {
      ended(copy, e);
    }
  }

  private void settle() {
    boolean some = false;
    while (!underWay.isEmpty() && settled(underWay.element())) {
      underWay.remove();
      some = true;
    }
    pauseNanos = some ? SHORTEST_PAUSE_NANOS : Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
  }

  private boolean settled(UnderWay<M> first) {
    return switch (first) {
      case UnderWay.Copying<M>(M mark, Command.Copy copy) -> settled(mark, copy);
      case UnderWay.Forgetting<M>(Command.Forget forget) -> {
        permits.release();
        unregister(forget.registered(), forget.done());
        yield true;
      }
    };
  }

  private boolean settled(M mark, Command.Copy copy) {
    try {
      boolean passed = driver.isPassed(mark);
      if (passed) {
        ended(copy, null);
      }
      return passed;
    } catch (DeviceException | RuntimeException e) {
      ended(copy, e);
      return true;
    }
  }

  /** The device is done with it: first its memory is free, and then somebody hears of it. */
  private void ended(Command.Copy copy, @Nullable Throwable failure) {
    giveBack(copy.host());
    permits.release();
    if (failure == null) {
      copy.done().complete(null);
    } else {
      fail(copy, failure);
    }
  }

  private void register(Command.Register register) {
    try {
      driver.register(register.memory());
    } catch (DeviceException | RuntimeException e) {
      fail(register, e);
      return;
    } finally {
      permits.release();
    }
    Registered known = new Registered(register.memory(), this);
    registered.add(known);
    if (!register.done().complete(known)) {
      // Nobody waits for it any more.
      unregister(known, new CompletableFuture<>());
    }
  }

  private void unregister(Registered known, CompletableFuture<@Nullable Void> done) {
    try {
      if (registered.remove(known)) {
        driver.unregister(known.memory());
      }
      done.complete(null);
    } catch (DeviceException | RuntimeException e) {
      log.warn("device {} does not forget memory: {}", device, e.toString());
      done.completeExceptionally(e);
    }
  }

  private void end() {
    refuseTheRest();
    if (underWay.isEmpty()) {
      List.copyOf(registered).forEach(known -> unregister(known, new CompletableFuture<>()));
      driver.close();
    } else {
      // To give memory back would let the device write into what is somebody else's by then.
      log.error(
          "device {} has not ended {} copies; their memory is not given back",
          device,
          underWay.size());
      underWay.forEach(one -> fail(command(one), closing()));
    }
  }

  private static Command command(UnderWay<?> one) {
    return switch (one) {
      case UnderWay.Copying<?>(_, Command.Copy copy) -> copy;
      case UnderWay.Forgetting<?>(Command.Forget forget) -> forget;
    };
  }

  /** What was asked for while the thread was interrupted; there is nothing otherwise. */
  private void refuseTheRest() {
    stop();
    for (Command command = inbox.poll(); command != null; command = inbox.poll()) {
      if (command instanceof Command.Copy copy) {
        giveBack(copy.host());
      }
      fail(command, closing());
    }
  }

  private static DeviceException closing() {
    return new DeviceException(
        Reason.CLOSED, "the copier was closed before the device was done with it");
  }

  // ---- closing

  /** Lets the thread end, after what was asked for before. */
  private void stop() {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        inbox.add(new Command.Stop(new CompletableFuture<>()));
      }
    }
  }

  @Override
  public void close() {
    stop();
    try {
      if (!thread.join(closeTimeout.plusSeconds(1))) {
        log.error("the driver of device {} does not come back", device);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package io.baton.transport.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A device that is none: its memory is this process's, at addresses of its own. It copies when it
 * is asked whether it has, can be held up, and fails on demand.
 */
final class HeapDriver implements DeviceDriver<HeapDriver.Mark> {

  /** Far from any address of this host, so that mixing the two up does not work. */
  private static final long FIRST_ADDRESS = 1L << 60;

  static final String NAME = "a device of memory";

  /** A copy that is not made yet. */
  record Mark(Runnable copy, @Nullable String error) {}

  private final Arena arena = Arena.ofShared();
  private final TreeMap<Long, MemorySegment> memory = new TreeMap<>();
  private final Map<Long, MemorySegment> registered = new TreeMap<>();
  private final List<String> calls = new ArrayList<>();
  private final CountDownLatch mayOpen;
  private long nextAddress = FIRST_ADDRESS;
  private boolean held;
  private @Nullable String nextError;
  private boolean closed;

  HeapDriver() {
    this(new CountDownLatch(0));
  }

  /**
   * @param mayOpen what opening the device waits for
   */
  HeapDriver(CountDownLatch mayOpen) {
    this.mayOpen = mayOpen;
  }

  // ---- for tests

  synchronized DeviceBuffer allocate(long bytes) {
    long address = nextAddress;
    nextAddress += Math.max(1, bytes) + 4096;
    memory.put(address, arena.allocate(Math.max(1, bytes)).asSlice(0, bytes));
    return new DeviceBuffer(address, bytes, 0);
  }

  /** Copies do not end until {@link #release}. */
  synchronized void hold() {
    held = true;
  }

  synchronized void release() {
    held = false;
  }

  /** The next call fails, or, if it is a copy, does so after it has begun. */
  synchronized void failNext(String error) {
    nextError = error;
  }

  /** What was asked of it, in order. */
  synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  synchronized boolean isClosed() {
    return closed;
  }

  synchronized int registrations() {
    return registered.size();
  }

  /** Its memory is gone. */
  void discard() {
    arena.close();
  }

  // ---- the driver

  @Override
  public String open() throws DeviceException {
    try {
      mayOpen.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      throwNext();
      calls.add("open");
      return NAME;
    }
  }

  @Override
  public synchronized Mark copyToHost(long device, long host, long bytes) throws DeviceException {
    calls.add("to host " + bytes);
    return mark(() -> MemorySegment.copy(own(device, bytes), 0, hosts(host, bytes), 0, bytes));
  }

  @Override
  public synchronized Mark copyToDevice(long host, long device, long bytes) throws DeviceException {
    calls.add("to device " + bytes);
    return mark(() -> MemorySegment.copy(hosts(host, bytes), 0, own(device, bytes), 0, bytes));
  }

  private Mark mark(Runnable copy) {
    String error = nextError;
    nextError = null;
    return new Mark(copy, error);
  }

  private MemorySegment own(long address, long bytes) {
    Map.Entry<Long, MemorySegment> entry = memory.floorEntry(address);
    return entry.getValue().asSlice(address - entry.getKey(), bytes);
  }

  @SuppressWarnings("restricted") // As a device does, it takes whatever address it is told.
  private static MemorySegment hosts(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  @Override
  public synchronized boolean isPassed(Mark mark) throws DeviceException {
    if (held) {
      return false;
    }
    if (mark.error() != null) {
      throw new DeviceException("it answers " + mark.error(), mark.error());
    }
    mark.copy().run();
    return true;
  }

  @Override
  public synchronized void register(MemorySegment segment) throws DeviceException {
    throwNext();
    if (registered.putIfAbsent(segment.address(), segment) != null) {
      throw new DeviceException("it is registered", "heapErrorAlreadyRegistered");
    }
    calls.add("register");
  }

  @Override
  public synchronized void unregister(MemorySegment segment) throws DeviceException {
    throwNext();
    if (registered.remove(segment.address()) == null) {
      throw new DeviceException("it is not registered", "heapErrorNotRegistered");
    }
    calls.add("unregister");
  }

  private void throwNext() throws DeviceException {
    String error = nextError;
    nextError = null;
    if (error != null) {
      throw new DeviceException("it answers " + error, error);
    }
  }

  @Override
  public synchronized void close() {
    calls.add("close");
    closed = true;
  }
}

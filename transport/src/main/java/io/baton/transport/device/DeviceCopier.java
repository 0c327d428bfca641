package io.baton.transport.device;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Copies between one device and this host, on a stream of its own: what the device computes in
 * other streams is neither waited for nor held up. Whoever copies what a computation makes or needs
 * orders the two himself, with an event or by waiting.
 *
 * <p>Any thread may call, and none is made to wait except in {@link #close}. Copies run in the
 * order in which they were asked for. Futures fail with a {@link DeviceException}, and are
 * completed on the copier's own thread in most cases: what is chained to them must be short.
 */
public interface DeviceCopier extends AutoCloseable {

  /** Of the device, in this process. */
  int device();

  /** What the device calls itself. */
  String name();

  /**
   * Copies all of a device's buffer into memory of the host.
   *
   * @param to given back when the device is done with it, also if this throws
   * @param timeout for the future; the copy itself may go on after it
   * @throws IllegalArgumentException if the sizes differ, or the buffer is another device's
   */
  CompletableFuture<@Nullable Void> toHost(DeviceBuffer from, HostMemory to, Duration timeout);

  /** As {@link #toHost}, in the other direction. */
  CompletableFuture<@Nullable Void> toDevice(HostMemory from, DeviceBuffer to, Duration timeout);

  /**
   * Makes memory of the host, such as a whole pool, known to the device, which can then reach it
   * without a copy in between. Without it copies work, and are slower.
   *
   * @param memory stays mapped until the registration is {@linkplain Registration#end ended}
   */
  CompletableFuture<Registration> register(MemorySegment memory, Duration timeout);

  /** Memory that the device knows. */
  interface Registration {

    /** The device forgets it, after the copies that were asked for before. Idempotent. */
    CompletableFuture<@Nullable Void> end(Duration timeout);
  }

  /**
   * Lets what is under way end, for some seconds at most, and forgets all registered memory. Memory
   * that the device has then still not let go is never given back. Idempotent.
   */
  @Override
  void close();
}

package io.baton.relay;

import io.baton.transport.device.DeviceCopier;
import io.baton.transport.device.DeviceCopiers;
import io.baton.transport.device.DeviceCopiers.Found;
import io.baton.transport.pinned.PinnedPool;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the accelerator of this host know the relay's pool, if there is one, so that it reaches the
 * pool without a copy in between. Looking for a device may take seconds, and nobody waits for it.
 */
final class DevicePool implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(DevicePool.class);
  private static final Duration REGISTER_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(15);

  private final PinnedPool pool;
  private final CompletableFuture<Optional<DeviceCopier>> device = new CompletableFuture<>();

  private DevicePool(PinnedPool pool) {
    this.pool = pool;
  }

  /** Looks for a device, on a thread of its own. */
  static DevicePool of(PinnedPool pool, String relay) {
    DevicePool found = new DevicePool(pool);
    Thread.ofPlatform().daemon().name("baton-device-" + relay).start(found::register);
    return found;
  }

  /** No device is looked for. */
  static DevicePool none(PinnedPool pool) {
    DevicePool none = new DevicePool(pool);
    none.device.complete(Optional.empty());
    return none;
  }

  private void register() {
    try {
      switch (DeviceCopiers.find()) {
        case Found.Unavailable(String reason) -> log.debug("no device: {}", reason);
        case Found.Available(DeviceCopier copier) -> {
          device.complete(Optional.of(copier));
          register(copier);
        }
      }
    } finally {
      device.complete(Optional.empty());
    }
  }

  private void register(DeviceCopier copier) {
    try {
      var _ = copier.register(pool.memory(), REGISTER_TIMEOUT).get();
      log.info("the pool is known to device {}, {}", copier.device(), copier.name());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      log.warn(
          "the pool is not known to device {}, and copies are slower: {}",
          copier.device(),
          String.valueOf(e.getCause()));
    }
  }

  /** The device forgets the pool, which may be unmapped then. Waits for some seconds at most. */
  @Override
  public void close() {
    try {
      device.get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS).ifPresent(DeviceCopier::close);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("the device is still being looked for, and left to itself: {}", e.toString());
    }
  }
}

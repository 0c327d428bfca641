package io.baton.transport.ucx;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * UCX for whoever may come to need it: it runs already, or is started when somebody does, or is not
 * there. Any thread may use it.
 */
public final class UcxOnDemand implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(UcxOnDemand.class);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  private final CompletableFuture<Optional<UcxHub>> hub;

  /** How to start it, until that has begun. */
  private @Nullable UcxConfig toStart;

  private final boolean own;

  private UcxOnDemand(
      CompletableFuture<Optional<UcxHub>> hub, @Nullable UcxConfig toStart, boolean own) {
    this.hub = hub;
    this.toStart = toStart;
    this.own = own;
  }

  public static UcxOnDemand none() {
    return new UcxOnDemand(CompletableFuture.completedFuture(Optional.empty()), null, false);
  }

  /** One that is somebody else's to close. */
  public static UcxOnDemand running(UcxHub hub) {
    return new UcxOnDemand(CompletableFuture.completedFuture(Optional.of(hub)), null, false);
  }

  /** Started by the first use, on a thread of its own, because loading it takes a while. */
  public static UcxOnDemand starting(UcxConfig config) {
    return new UcxOnDemand(new CompletableFuture<>(), config, true);
  }

  /** False once it is known that there is none, or none any more. */
  public boolean isPossible() {
    return !hub.isDone()
        || hub.getNow(Optional.empty()).filter(started -> started.ended().isEmpty()).isPresent();
  }

  /** Calls the user now or when UCX has started, on this thread or another; never without UCX. */
  public void use(Consumer<UcxHub> user) {
    UcxConfig config;
    synchronized (this) {
      config = toStart;
      toStart = null;
    }
    if (config != null) {
      Thread.ofPlatform()
          .daemon()
          .name("baton-ucx-start-" + config.name())
          .start(() -> hub.complete(start(config)));
    }
    var _ = hub.thenAccept(started -> started.ifPresent(user));
  }

  private static Optional<UcxHub> start(UcxConfig config) {
    try {
      return Optional.of(UcxHub.start(config));
    } catch (UcxUnavailableException e) {
      log.info("no UCX, so other hosts are reached by gRPC alone: {}", e.getMessage());
    } catch (RuntimeException | Error e) {
      log.error("UCX failed to start", e);
    }
    return Optional.empty();
  }

  /** Ends what was started here. Idempotent. */
  @Override
  public void close() {
    synchronized (this) {
      if (toStart != null) {
        toStart = null;
        hub.complete(Optional.empty());
      }
    }
    if (!own) {
      return;
    }
    try {
      hub.get(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS).ifPresent(UcxHub::close);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("UCX is still starting, and left to itself: {}", e.toString());
    }
  }
}

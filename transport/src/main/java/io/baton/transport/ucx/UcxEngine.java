package io.baton.transport.ucx;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpParams;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucp.UcpWorkerParams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends messages of a header and a body to other engines and receives theirs, with one context, one
 * worker and one thread. An idle engine sleeps. If UCX fails in a way that is nobody's, the engine
 * ends, and tells every connection.
 */
public final class UcxEngine implements AutoCloseable {

  /** Registering memory pins it, which takes its time for a large pool. */
  private static final Duration REGISTER_TIMEOUT = Duration.ofSeconds(60);

  private static final Logger log = LoggerFactory.getLogger(UcxEngine.class);

  /** In close timeouts. */
  private static final int CLOSE_PATIENCE = 5;

  private final UcxConfig config;
  private final String version;
  private final UcxAddress address;
  private final int maxHeaderBytes;
  private final Progress progress;
  private final Thread thread;
  private final AtomicInteger connections = new AtomicInteger();

  private UcxEngine(
      UcxConfig config,
      String version,
      UcpContext context,
      UcpWorker worker,
      UcxAddress address,
      UcxReceiver receiver) {
    this.config = config;
    this.version = version;
    this.address = address;
    maxHeaderBytes = Math.toIntExact(worker.getMaxAmHeaderSize());
    progress = new Progress(config, context, worker, receiver);
    thread = Thread.ofPlatform().name("baton-ucx-" + config.name()).daemon().unstarted(progress);
  }

  /**
   * Starts an engine, which receives from now on.
   *
   * @throws UcxUnavailableException if there is no UCX, or none of the transports, or if it would
   *     listen elsewhere than it is to
   */
  public static UcxEngine start(UcxConfig config, UcxReceiver receiver)
      throws UcxUnavailableException {
    UcxLibrary library = UcxLibrary.load();
    UcpParams parameters = new UcpParams().requestAmFeature().requestWakeupFeature();
    UcxSettings.of(config, System.getenv()).forEach(parameters::setConfig);
    UcpContext context = null;
    UcpWorker worker = null;
    UcxEngine engine = null;
    try {
      context = new UcpContext(parameters);
      worker = context.newWorker(wakeOnEverything());
      UcxAddress address = own(worker, config, library.version());
      engine = new UcxEngine(config, library.version(), context, worker, address, receiver);
      engine.thread.start();
      return engine;
    } catch (UcxException e) {
      throw new UcxUnavailableException(
          "UCX cannot start with the transports "
              + (config.transports().isEmpty() ? "that it finds" : config.transports())
              + ": "
              + e.getMessage(),
          e);
    } finally {
      if (engine == null && worker != null) {
        worker.close();
      }
      if (engine == null && context != null) {
        context.close();
      }
    }
  }

  /** What UCX says of itself, if it listens where it is to and nowhere else. */
  private static UcxAddress own(UcpWorker worker, UcxConfig config, String version)
      throws UcxUnavailableException {
    UcxAddress address;
    try {
      address = UcxAddress.fromUcx(worker.getAddress());
    } catch (UcxAddress.MalformedAddressException e) {
      throw new UcxUnavailableException(
          "UCX %s writes addresses in a way that is not known here: %s"
              .formatted(version, e.getMessage()),
          e);
    }
    InetAddress listen = config.listen();
    boolean told = System.getenv("UCX_NET_DEVICES") != null && !listen.isLoopbackAddress();
    if (!listen.isAnyLocalAddress() && !told && !address.isNowhereBut(listen)) {
      throw new UcxUnavailableException(
          "UCX would listen at %s and not at %s".formatted(address.hosts(), listen));
    }
    return address;
  }

  /** Where peers reach this engine. */
  public byte[] address() {
    return address.toWire();
  }

  /** The longest header that fits into a message. */
  public int maxHeaderBytes() {
    return maxHeaderBytes;
  }

  /** Of UCX, such as {@code 1.13.1}. */
  public String version() {
    return version;
  }

  public UcxStats stats() {
    return progress.stats();
  }

  /** Why the engine has ended, if it has. */
  public Optional<UcxFailure> ended() {
    return Optional.ofNullable(progress.ended());
  }

  /**
   * Makes memory known to devices, for as long as the engine lives. May take seconds; not for the
   * progress thread.
   *
   * @throws UcxFailedException if UCX cannot register it, or has not within a minute
   */
  public UcxMemory register(MemorySegment segment) throws UcxFailedException {
    if (Thread.currentThread().equals(thread)) {
      throw new IllegalStateException("the progress thread cannot wait for itself");
    }
    CompletableFuture<@Nullable UcxFailure> registered = new CompletableFuture<>();
    progress.submit(() -> registered.complete(tryRegister(segment)));
    UcxFailure failure;
    try {
      failure = registered.get(REGISTER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      failure = new UcxFailure(UcxFailure.Kind.TRANSPORT, "memory could not be registered: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = new UcxFailure(UcxFailure.Kind.CLOSED, "interrupted while registering memory");
    }
    if (failure != null) {
      throw new UcxFailedException(failure);
    }
    return new UcxMemory(segment);
  }

  /**
   * Begins to connect, and returns without waiting for it; messages may be sent at once.
   *
   * @param remoteAddress what the peer's {@link #address} is, as the peer said when it was asked
   * @param host where it was asked: UCX connects to no other
   * @throws UcxConnectException if it cannot even be tried
   */
  public UcxConnection connect(
      byte[] remoteAddress, InetAddress host, UcxConnection.Listener listener)
      throws UcxConnectException {
    ByteBuffer remote;
    try {
      remote = UcxAddress.fromWire(remoteAddress).reachedFrom(address, host).toUcx();
    } catch (UcxAddress.MalformedAddressException e) {
      throw new UcxConnectException(
          UcxConnectException.Reason.NOT_AN_ADDRESS,
          "its address for UCX cannot be used: " + e.getMessage());
    }
    UcxFailure ended = progress.ended();
    if (ended != null) {
      throw new UcxConnectException(UcxConnectException.Reason.ENGINE_ENDED, ended.detail());
    }
    if (connections.incrementAndGet() > config.maxConnections()) {
      connections.decrementAndGet();
      throw new UcxConnectException(
          UcxConnectException.Reason.TOO_MANY,
          "the engine has its " + config.maxConnections() + " connections: close one");
    }
    UcxConnection connection =
        new UcxConnection(
            progress,
            remote,
            listener,
            maxHeaderBytes,
            config.sendsPerConnection(),
            connections::decrementAndGet);
    progress.submit(() -> progress.open(connection.link()));
    return connection;
  }

  /**
   * Closes all connections, each within the close timeout, and lets go of everything; completions
   * that are still open are told. Idempotent; waits for it, unless called on the progress thread.
   */
  @Override
  public void close() {
    progress.submit(progress::stop);
    if (Thread.currentThread().equals(thread)) {
      return;
    }
    try {
      // Two close timeouts are the engine's to end; the rest is for a busy machine.
      if (!thread.join(config.closeTimeout().multipliedBy(CLOSE_PATIENCE))) {
        log.error(
            "the UCX engine {} does not end, and what is under way in it is not told: {}",
            config.name(),
            List.of(thread.getStackTrace()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean progressing() {
    return progress.ended() == null;
  }

  private @Nullable UcxFailure tryRegister(MemorySegment segment) {
    if (!progressing()) {
      return progress.ended();
    }
    try {
      progress.register(segment);
      return null;
    } catch (UcxException e) {
      return Statuses.failure(e.getStatus(), String.valueOf(e.getMessage()));
    }
  }

  private static UcpWorkerParams wakeOnEverything() {
    return new UcpWorkerParams()
        .requestWakeupTX()
        .requestWakeupRX()
        .requestWakeupRMA()
        .requestWakeupTagSend()
        .requestWakeupTagRecv();
  }
}

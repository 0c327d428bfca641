package io.baton.simulations.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * A TCP proxy that makes a long way of a short one: every byte is held for a fixed time in each
 * direction, in order, with no limit on bandwidth. Connecting itself is not delayed, since it is
 * the proxy that answers. On demand it cuts, refuses or stalls.
 *
 * <p>Any thread may call any method.
 */
public final class DelayingProxy implements AutoCloseable {

  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
  private static final int BACKLOG = 128;
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  private final ServerSocket listener;
  private final InetSocketAddress target;
  private final ProxyConfig config;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("proxy-", 0).factory());
  private final Set<ProxiedConnection> connections = ConcurrentHashMap.newKeySet();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder bytesToTarget = new LongAdder();
  private final LongAdder bytesFromTarget = new LongAdder();
  private volatile long delayNanos;
  private volatile boolean refusing;
  private volatile boolean stalling;
  private volatile boolean closed;

  private DelayingProxy(ServerSocket listener, InetSocketAddress target, ProxyConfig config) {
    this.listener = listener;
    this.target = target;
    this.config = config;
    this.delayNanos = config.oneWayDelay().toNanos();
  }

  /** Listens on a free port of the loopback interface. */
  public static DelayingProxy start(InetSocketAddress target, Duration oneWayDelay)
      throws IOException {
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return start(anyPort, target, ProxyConfig.delay(oneWayDelay));
  }

  /**
   * Listens at the given address.
   *
   * @throws IOException if it cannot be bound
   */
  public static DelayingProxy start(
      InetSocketAddress listen, InetSocketAddress target, ProxyConfig config) throws IOException {
    ServerSocket listener = new ServerSocket();
    try {
      listener.setReuseAddress(true);
      listener.bind(listen, BACKLOG);
    } catch (IOException e) {
      Sockets.close(listener);
      throw e;
    }
    DelayingProxy proxy = new DelayingProxy(listener, target, config);
    proxy.threads.execute(proxy::accept);
    return proxy;
  }

  /** Where to connect to instead of to the target. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  /** For the bytes that are read from now on. */
  public void delay(Duration oneWay) {
    delayNanos = oneWay.toNanos();
  }

  /** Resets every connection, once; new ones are taken. */
  public void cut() {
    connections.forEach(ProxiedConnection::reset);
  }

  /**
   * While on, resets every new connection as soon as it is there, without a word to the target. The
   * open ones go on.
   */
  public void refuse(boolean on) {
    refusing = on;
  }

  /**
   * While on, takes connections and reads from them what there is room for, but forwards nothing,
   * as if the other end were frozen. What was held back then follows.
   */
  public void stall(boolean on) {
    stalling = on;
    connections.forEach(connection -> connection.stall(on));
  }

  public ProxyStats stats() {
    return new ProxyStats(
        accepted.sum(),
        refused.sum(),
        connections.size(),
        bytesToTarget.sum(),
        bytesFromTarget.sum());
  }

  /** Bytes that have been read and not forwarded yet, of all connections. */
  public long bytesInFlight() {
    return connections.stream().mapToLong(ProxiedConnection::bytesInFlight).sum();
  }

  /**
   * Resets every connection and stops to listen. Idempotent.
   *
   * @throws IllegalStateException if a thread is still there after 5 s
   */
  @Override
  public void close() {
    closed = true;
    Sockets.close(listener);
    cut();
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(STOP_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IllegalStateException("the proxy did not stop within " + STOP_TIMEOUT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = listener.accept();
        if (refusing || connections.size() >= config.maxConnections()) {
          refused.increment();
          Sockets.reset(client);
        } else {
          join(client);
        }
      } catch (IOException e) {
        // Closed; or this one connection failed while it was made, which is its own affair.
      }
    }
  }

  /** Connects to the target on a thread of its own: one that does not answer delays nobody else. */
  private void join(Socket client) {
    try {
      threads.execute(() -> connect(client));
    } catch (RejectedExecutionException e) {
      Sockets.reset(client);
    }
  }

  private void connect(Socket client) {
    Socket toTarget = new Socket();
    try {
      toTarget.connect(target, CONNECT_TIMEOUT_MILLIS);
      toTarget.setTcpNoDelay(true);
      client.setTcpNoDelay(true);
      forward(client, toTarget);
    } catch (IOException | RejectedExecutionException e) {
      Sockets.reset(client);
      Sockets.reset(toTarget);
    }
  }

  private void forward(Socket client, Socket toTarget) {
    ProxiedConnection connection =
        new ProxiedConnection(
            client, toTarget, config.maxInFlightBytes(), () -> delayNanos, connections::remove);
    accepted.increment();
    connections.add(connection);
    connection.stall(stalling);
    connection.start(threads, bytesToTarget, bytesFromTarget);
    if (closed) {
      connection.reset();
    }
  }
}

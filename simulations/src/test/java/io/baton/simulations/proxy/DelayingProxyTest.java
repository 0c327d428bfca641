package io.baton.simulations.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DelayingProxyTest {

  private static final Duration DELAY = Duration.ofMillis(25);
  private static final int PATIENCE_MILLIS = 10_000;
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /** Answers with what it got. */
  private static final class Echo implements AutoCloseable {

    final ServerSocket listener = new ServerSocket();
    final Set<Socket> open = ConcurrentHashMap.newKeySet();
    final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Echo() throws IOException {
      listener.bind(ANY_PORT);
      threads.execute(this::accept);
    }

    InetSocketAddress address() {
      return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    private void accept() {
      try {
        while (true) {
          Socket socket = listener.accept();
          open.add(socket);
          threads.execute(() -> echo(socket));
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    private void echo(Socket socket) {
      try (socket) {
        socket.getInputStream().transferTo(socket.getOutputStream());
      } catch (IOException e) {
        // Reset.
      } finally {
        open.remove(socket);
      }
    }

    @Override
    public void close() throws IOException {
      listener.close();
      for (Socket socket : open) {
        socket.close();
      }
      threads.close();
    }
  }

  private Echo echo;
  private DelayingProxy proxy;

  @BeforeEach
  void open() throws IOException {
    echo = new Echo();
    proxy = DelayingProxy.start(echo.address(), DELAY);
  }

  @AfterEach
  void close_leavesNothing() throws IOException {
    proxy.close();
    proxy.close();
    assertThat(proxy.stats().open()).isZero();
    assertThat(proxy.bytesInFlight()).isZero();
    eventually().untilAsserted(() -> assertThat(echo.open).isEmpty());
    echo.close();
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> connect().close());
  }

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofMillis(PATIENCE_MILLIS)).pollInterval(Duration.ofMillis(5));
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(proxy.address(), PATIENCE_MILLIS);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  private static void exchange(Socket socket, long value) throws IOException {
    new DataOutputStream(socket.getOutputStream()).writeLong(value);
    assertThat(new DataInputStream(socket.getInputStream()).readLong()).isEqualTo(value);
  }

  private static void assertReset(Socket socket) {
    assertThatExceptionOfType(SocketException.class)
        .isThrownBy(
            () -> {
              int end = socket.getInputStream().read();
              throw new AssertionError("not reset, but read " + end);
            });
  }

  @Test
  void config_defaults() {
    assertThat(ProxyConfig.delay(DELAY)).isEqualTo(new ProxyConfig(DELAY, 32 << 20, 256));
    assertThatIllegalArgumentException().isThrownBy(() -> ProxyConfig.delay(Duration.ofNanos(-1)));
  }

  @Test
  void roundTrip_takesTheDelayTwice() throws IOException {
    try (Socket socket = connect()) {
      for (int i = 0; i < 5; i++) {
        long start = System.nanoTime();
        exchange(socket, i);
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(2 * DELAY.toNanos());
      }
    }
  }

  @Test
  void delay_canBeChanged() throws IOException {
    Duration longer = Duration.ofMillis(60);
    try (Socket socket = connect()) {
      proxy.delay(longer);
      long start = System.nanoTime();
      exchange(socket, 1);
      assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(2 * longer.toNanos());
      proxy.delay(Duration.ZERO);
      exchange(socket, 2);
    }
  }

  /** A long way, not a narrow one: many bytes are on it at once. */
  @Test
  void manyBytes_arriveInOrderAndOverlap() throws Exception {
    byte[] sent = new byte[8 << 20];
    new Random(1).nextBytes(sent);
    try (Socket socket = connect()) {
      CompletableFuture<byte[]> received =
          CompletableFuture.supplyAsync(() -> read(socket, sent.length));
      for (int from = 0; from < sent.length; from += 8192) {
        socket.getOutputStream().write(sent, from, 8192);
      }
      assertThat(received.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)).isEqualTo(sent);
    }
    eventually().untilAsserted(() -> assertThat(proxy.stats().open()).isZero());
    assertThat(proxy.stats()).isEqualTo(new ProxyStats(1, 0, 0, sent.length, sent.length));
  }

  private static byte[] read(Socket socket, int length) {
    try {
      return socket.getInputStream().readNBytes(length);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void endOfStream_isPassedOnAfterEverything() throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(new byte[] {1, 2, 3});
      socket.shutdownOutput();
      assertThat(socket.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
    }
  }

  @Test
  void cut_resetsEveryConnectionAndTakesNewOnes() throws IOException {
    try (Socket first = connect();
        Socket second = connect()) {
      exchange(first, 1);
      exchange(second, 2);
      proxy.cut();
      assertReset(first);
      assertReset(second);
      eventually().untilAsserted(() -> assertThat(echo.open).isEmpty());
    }
    try (Socket third = connect()) {
      exchange(third, 3);
    }
  }

  @Test
  void refuse_resetsNewConnectionsOnly() throws IOException {
    try (Socket old = connect()) {
      exchange(old, 1);
      proxy.refuse(true);
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(
              () -> {
                try (Socket refused = connect()) {
                  exchange(refused, 2);
                }
              });
      exchange(old, 3);
      assertThat(proxy.stats().refused()).isEqualTo(1);
      proxy.refuse(false);
      try (Socket accepted = connect()) {
        exchange(accepted, 4);
      }
    }
  }

  @Test
  void stall_holdsEverythingBackUntilItIsOver() throws IOException {
    try (Socket old = connect()) {
      exchange(old, 1);
      long before = proxy.stats().bytesToTarget();
      proxy.stall(true);
      try (Socket young = connect()) {
        new DataOutputStream(old.getOutputStream()).writeLong(2);
        new DataOutputStream(young.getOutputStream()).writeLong(3);
        eventually().untilAsserted(() -> assertThat(proxy.bytesInFlight()).isEqualTo(16));
        old.setSoTimeout(200);
        assertThatExceptionOfType(SocketTimeoutException.class)
            .isThrownBy(() -> old.getInputStream().read());
        assertThat(proxy.stats().bytesToTarget()).isEqualTo(before);

        proxy.stall(false);
        old.setSoTimeout(PATIENCE_MILLIS);
        assertThat(new DataInputStream(old.getInputStream()).readLong()).isEqualTo(2);
        assertThat(new DataInputStream(young.getInputStream()).readLong()).isEqualTo(3);
      }
    }
  }

  @Test
  void stalledProxy_stopsReadingWhenItIsFull() throws Exception {
    int limit = 1 << 20;
    try (DelayingProxy narrow =
            DelayingProxy.start(ANY_PORT, echo.address(), new ProxyConfig(DELAY, limit, 10));
        Socket socket = new Socket()) {
      narrow.stall(true);
      socket.connect(narrow.address(), PATIENCE_MILLIS);
      CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> flood(socket));
      eventually()
          .untilAsserted(
              () -> assertThat(narrow.bytesInFlight()).isGreaterThan(limit - (64 << 10)));
      assertThat(writer).as("waits, because nobody reads").isNotDone();
      assertThat(narrow.bytesInFlight()).isLessThanOrEqualTo(limit);
      narrow.cut();
      writer.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Writes until the connection is reset. */
  private static void flood(Socket socket) {
    try {
      OutputStream out = socket.getOutputStream();
      byte[] bytes = new byte[64 << 10];
      while (true) {
        out.write(bytes);
      }
    } catch (IOException reset) {
      // As expected.
    }
  }

  @Test
  void connectionsBeyondTheLimit_areReset() throws Exception {
    try (DelayingProxy small =
            DelayingProxy.start(
                ANY_PORT, echo.address(), new ProxyConfig(Duration.ZERO, 1 << 20, 1));
        Socket first = new Socket();
        Socket second = new Socket()) {
      first.connect(small.address(), PATIENCE_MILLIS);
      exchange(first, 1);
      second.setSoTimeout(PATIENCE_MILLIS);
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(
              () -> {
                second.connect(small.address(), PATIENCE_MILLIS);
                exchange(second, 2);
              });
      exchange(first, 3);
    }
  }

  @Test
  void targetThatIsNotThere_resetsTheConnection() throws Exception {
    InetSocketAddress nobody;
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(ANY_PORT);
      nobody = (InetSocketAddress) socket.getLocalSocketAddress();
    }
    try (DelayingProxy proxyToNobody = DelayingProxy.start(nobody, DELAY);
        Socket socket = new Socket()) {
      // The reset may come as early as within connect().
      assertThatExceptionOfType(SocketException.class)
          .isThrownBy(
              () -> {
                socket.connect(proxyToNobody.address(), PATIENCE_MILLIS);
                socket.setSoTimeout(PATIENCE_MILLIS);
                int end = socket.getInputStream().read();
                throw new AssertionError("not reset, but read " + end);
              });
      assertThat(proxyToNobody.stats().open()).isZero();
    }
  }

  @Test
  void start_atAnAddressInUseFails() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                DelayingProxy.start(
                        proxy.address(), echo.address(), ProxyConfig.delay(Duration.ZERO))
                    .close());
  }
}

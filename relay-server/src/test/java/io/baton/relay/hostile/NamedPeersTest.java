package io.baton.relay.hostile;

import static io.baton.relay.hostile.SessionFrames.close;
import static io.baton.relay.hostile.SessionFrames.frame;
import static io.baton.relay.hostile.SessionFrames.open;
import static io.baton.relay.hostile.SessionFrames.payload;
import static io.baton.relay.hostile.SessionFrames.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.baton.proto.v1.LinkStatus;
import io.baton.proto.v1.Peer;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.Step;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that name addresses which are no relays', to have them dialled. */
@Timeout(60)
class NamedPeersTest {

  @TempDir private Path directory;
  private final EchoExecutor executor = new EchoExecutor(4);
  private HostileRig rig;
  private Listener listener;

  /** Takes connections, and says nothing. */
  private static final class Listener implements AutoCloseable {

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();

    Listener() throws IOException {
      Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          Socket socket = server.accept();
          open.add(socket);
          connections.incrementAndGet();
          Thread.ofVirtual().start(() -> drain(socket));
        }
      } catch (IOException e) {
        // It is closed.
      }
    }

    private void drain(Socket socket) {
      try (socket) {
        var _ = socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      } catch (IOException e) {
        // Cut.
      }
      open.remove(socket);
    }

    String address() {
      return "127.0.0.1:" + server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      server.close();
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @BeforeEach
  void start() throws Exception {
    rig = new HostileRig(directory);
    rig.relay().attach(executor);
    listener = new Listener();
  }

  @AfterEach
  void stop() throws Exception {
    executor.goOn();
    rig.assertNothingLeft();
    rig.close();
    listener.close();
  }

  private Step.Builder stepTo(int number, String address) {
    return step(number, number - 1, 1, payload(executor.row(), 1))
        .addNextPeers(
            Peer.newBuilder()
                .setIdentity(SessionFrames.PEER)
                .setAddress(address)
                .setTicket(ByteString.copyFrom(new byte[16])));
  }

  private List<LinkStatus> links() {
    return rig.status().getLinksList();
  }

  @Test
  void open_withAddressesOfAnEarlierProtocol_dialsNobody() throws Exception {
    UnknownFieldSet targets =
        UnknownFieldSet.newBuilder()
            .addField(
                11,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFromUtf8(listener.address()))
                    .build())
            .build();
    RawStream<StageFrame> stream =
        rig.session().send(frame(open(1, "scanner").setUnknownFields(targets)));
    stream.next(StageFrame::hasOpened);
    assertThat(links()).isEmpty();
    assertThat(listener.connections).hasValue(0);
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
  }

  @Test
  void step_withAnAddress_isDialledWhileTheSessionIsOpenAndNoLonger() throws Exception {
    RawStream<StageFrame> stream = rig.session().send(frame(open(1, "scanner")));
    stream.next(StageFrame::hasOpened);
    stream.send(frame(stepTo(1, listener.address())));
    stream.next(StageFrame::hasOutput);
    await().until(() -> listener.open.size() == 1);
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
    await().until(() -> links().isEmpty() && listener.open.isEmpty());
    assertThat(listener.connections).hasValue(1);
  }

  @Test
  void status_ofAddressesThatAreNoRelays_tellsTheSameOfAll() throws Exception {
    String closedPort;
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closedPort = "127.0.0.1:" + gone.getLocalPort();
    }
    RawStream<StageFrame> stream = rig.session().send(frame(open(1, "scanner")));
    stream.next(StageFrame::hasOpened);
    stream.send(frame(stepTo(1, listener.address())));
    stream.send(frame(stepTo(2, closedPort)));
    stream.send(frame(stepTo(3, "127.0.0.2:1")));
    stream.next(frame -> frame.getOutput().getStep() == 3);
    await().until(() -> listener.connections.get() == 1);
    await()
        .during(java.time.Duration.ofSeconds(1))
        .untilAsserted(
            () ->
                assertThat(
                        links().stream()
                            .map(link -> link.toBuilder().clearAddress().build())
                            .collect(Collectors.toSet()))
                    .hasSize(1));
    assertThat(links()).hasSize(3);
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
  }

  @Test
  void steps_withOneAddressAfterTheOther_takeFewLinks() throws Exception {
    RawStream<StageFrame> stream = rig.session().send(frame(open(1, "scanner")));
    stream.next(StageFrame::hasOpened);
    for (int i = 1; i <= 40; i++) {
      stream.send(frame(stepTo(i, "127.0.0.1:" + i)));
    }
    stream.next(frame -> frame.getOutput().getStep() == 40);
    assertThat(links()).hasSizeLessThanOrEqualTo(4);
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
  }
}

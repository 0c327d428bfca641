package io.baton.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.proto.codec.HostPort;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.RelayGrpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServersTest {

  private static final class Describing extends RelayGrpc.RelayImplBase {
    @Override
    public void describe(DescribeRequest request, StreamObserver<DescribeResponse> response) {
      response.onNext(DescribeResponse.newBuilder().setVersions(Versions.spoken()).build());
      response.onCompleted();
    }
  }

  private final EventLoops loops = EventLoops.start("servers-test", 2);

  @AfterEach
  void close() {
    loops.close();
  }

  private BoundServer start(Endpoint endpoint) throws Exception {
    return start(loops, endpoint);
  }

  private static BoundServer start(EventLoops loops, Endpoint endpoint) throws Exception {
    return Servers.start(
        loops,
        endpoint,
        ServerSettings.direct(InsecureServerCredentials.create()),
        List.of(new Describing()));
  }

  private void assertServes(Endpoint endpoint) throws Exception {
    assertServes(loops, endpoint);
  }

  private static void assertServes(EventLoops loops, Endpoint endpoint) throws Exception {
    ManagedChannel channel =
        Channels.open(loops, endpoint, InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
    try {
      DescribeResponse response =
          RelayGrpc.newBlockingStub(channel)
              .withDeadlineAfter(Duration.ofSeconds(10))
              .describe(DescribeRequest.getDefaultInstance());
      assertThat(response.getVersions()).isEqualTo(Versions.spoken());
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void keepAlive_defaults() {
    assertThat(KeepAlive.DEFAULT)
        .isEqualTo(new KeepAlive(Duration.ofSeconds(10), Duration.ofSeconds(5)));
  }

  @Test
  void tcp_servesAtThePortThatTheSystemChose() throws Exception {
    try (BoundServer server = start(Endpoint.tcp("127.0.0.1", 0))) {
      assertThat(server.endpoint()).isInstanceOf(Endpoint.Tcp.class);
      HostPort address = ((Endpoint.Tcp) server.endpoint()).address();
      assertThat(address.port()).isPositive();
      assertServes(server.endpoint());
    }
  }

  @Test
  void tcp_portInUseIsSaidSo() throws Exception {
    try (BoundServer server = start(Endpoint.tcp("127.0.0.1", 0))) {
      assertThatExceptionOfType(BindFailedException.class)
          .isThrownBy(() -> start(server.endpoint()))
          .withMessage(server.endpoint() + " is in use")
          .extracting(BindFailedException::reason)
          .isEqualTo(BindFailedException.Reason.IN_USE);
    }
  }

  @Test
  void tcp_portIsFreeAgainAfterClose() throws Exception {
    Endpoint endpoint;
    try (BoundServer server = start(Endpoint.tcp("127.0.0.1", 0))) {
      endpoint = server.endpoint();
    }
    try (BoundServer server = start(endpoint)) {
      assertServes(server.endpoint());
    }
  }

  @Test
  void tcp_addressOfAnotherHostIsSaidSo() {
    assertThatExceptionOfType(BindFailedException.class)
        .isThrownBy(() -> start(Endpoint.tcp("192.0.2.1", 0)))
        .withMessage("192.0.2.1:0 is no address of this host");
  }

  @Test
  void unix_servesThisUserOnly(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("relay.sock");
    try (BoundServer server = start(Endpoint.parse("unix:" + path))) {
      assertServes(server.endpoint());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
      assertThatExceptionOfType(BindFailedException.class)
          .isThrownBy(() -> start(server.endpoint()))
          .withMessage("unix:" + path + " is in use");
      assertServes(server.endpoint());
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void unix_whatADeadServerLeftIsReplaced(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("relay.sock");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(path));
    }
    assertThat(path).exists();
    try (BoundServer server = start(Endpoint.parse("unix:" + path))) {
      assertServes(server.endpoint());
    }
  }

  /** As where the temporary directory forbids execution, so that epoll's library is not loaded. */
  @Test
  void unix_withoutEpoll_servesThisUserOnlyAndLeavesNothing(@TempDir Path directory)
      throws Exception {
    Path path = directory.resolve("relay.sock");
    EventLoops plain = EventLoops.start("servers-test-nio", 1, false);
    try (BoundServer server = start(plain, Endpoint.parse("unix:" + path))) {
      assertServes(plain, server.endpoint());
      assertServes(loops, server.endpoint());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
      assertThatExceptionOfType(BindFailedException.class)
          .isThrownBy(() -> start(plain, server.endpoint()))
          .withMessage("unix:" + path + " is in use");
    } finally {
      plain.close();
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void unix_otherFilesAreLeftAlone(@TempDir Path directory) throws Exception {
    Path path = Files.writeString(directory.resolve("precious"), "data");
    assertThatExceptionOfType(BindFailedException.class)
        .isThrownBy(() -> start(Endpoint.parse("unix:" + path)))
        .withMessage("unix:" + path + " exists and is no socket");
    assertThat(path).hasContent("data");
  }

  @Test
  void endpoint_parses() {
    assertThat(Endpoint.parse("[::1]:7000")).isEqualTo(Endpoint.tcp("::1", 7000));
    assertThat(Endpoint.parse("unix:/run/baton/relay.sock"))
        .isEqualTo(new Endpoint.Unix(Path.of("/run/baton/relay.sock")))
        .hasToString("unix:/run/baton/relay.sock");
    assertThatIllegalArgumentException().isThrownBy(() -> Endpoint.parse("unix:"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Endpoint.parse("unix:/" + "x".repeat(107)));
    assertThatIllegalArgumentException().isThrownBy(() -> Endpoint.parse("nowhere"));
  }
}

package io.baton.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.RelayIdentity;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelsTest {

  private final EventLoops loops = EventLoops.start("channels-test", 1);

  @AfterEach
  void stop() {
    loops.close();
  }

  private static final class Named extends RelayGrpc.RelayImplBase {
    @Override
    public void describe(DescribeRequest request, StreamObserver<DescribeResponse> observer) {
      observer.onNext(
          DescribeResponse.newBuilder()
              .setIdentity(RelayIdentity.newBuilder().setName("here"))
              .build());
      observer.onCompleted();
    }
  }

  /** Calls whoever is there, in words for a person. */
  private String call(String address) {
    ManagedChannel channel =
        Channels.open(
            loops,
            new Endpoint.Tcp(HostPort.parse(address)),
            InsecureChannelCredentials.create(),
            KeepAlive.DEFAULT);
    try {
      return RelayGrpc.newBlockingStub(channel)
          .withDeadlineAfter(30, TimeUnit.SECONDS)
          .describe(DescribeRequest.getDefaultInstance())
          .getIdentity()
          .getName();
    } catch (StatusRuntimeException e) {
      Status status = e.getStatus();
      return StatusText.of(status);
    } finally {
      channel.shutdownNow();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "[::1]"})
  void open_toWhereNobodyListens_saysSoInTwoWords(String host) {
    assertThat(call(host + ":1")).isEqualTo("cannot be reached: connection refused");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no_such_host_here:7000",
        "no-such-host.invalid:7000",
        "xn--nchts-gra.invalid:7000",
        "nichts\u00e4.invalid:7000",
        "_.invalid:1"
      })
  void open_toANameThatTheSystemDoesNotKnow_saysSo(String address) {
    assertThat(call(address)).isEqualTo("cannot be reached: no such host");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "LocalHost"})
  void open_toANameThatTheSystemKnows_connects(String host) throws Exception {
    try (BoundServer server =
        Servers.start(
            loops,
            Endpoint.tcp("127.0.0.1", 0),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(new Named()))) {
      int port = ((Endpoint.Tcp) server.endpoint()).address().port();
      assertThat(call(host + ":" + port)).isEqualTo("here");
    }
  }

  @Test
  void target_ofAnyHost_isOneThatUrisAllow() {
    assertThat(SystemNames.target(HostPort.parse("my_host:7000")))
        .isEqualTo("baton:///my_host:7000");
    assertThat(SystemNames.target(HostPort.parse("[fe80::1%eth0]:7000")))
        .isEqualTo("baton:///fe80::1%25eth0:7000");
  }
}

package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.client.session.InferenceSession;
import io.baton.client.session.NoRouteException;
import io.baton.client.session.SessionListener;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What those need who run relays. */
@Timeout(120)
class RelayOperationsTest {

  private final EventLoops loops = EventLoops.start("test", 1);

  @AfterEach
  void nothingIsLeft() {
    loops.close();
    TestChain.assertNoThreadLeft();
  }

  private ManagedChannel channel(Relay relay) {
    return Channels.open(
        loops, relay.endpoint(), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
  }

  private static ServingStatus health(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }

  @Test
  void drain_clientsMoveOnToASpare() throws Exception {
    try (TestChain chain = TestChain.withSpares(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(5);
      Relay drained =
          chain.nodes().stream()
              .map(Node::relay)
              .filter(relay -> relay.id().equals(decoding.session().route().getFirst().relay()))
              .findFirst()
              .orElseThrow();
      ManagedChannel channel = channel(drained);
      assertThat(health(channel)).isEqualTo(ServingStatus.SERVING);
      assertThat(drained.drain(TestChain.DEADLINE)).isTrue();
      assertThat(health(channel)).isEqualTo(ServingStatus.NOT_SERVING);
      channel.shutdownNow();
      decoding.steps(5);
      assertThat(decoding.session().route().getFirst().relay()).isNotEqualTo(drained.id());
    }
  }

  @Test
  void drain_withoutASpare_letsTheSessionGoOnAndTakesNoNewOne() throws Exception {
    try (TestChain chain = TestChain.of(1)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      assertThat(chain.node(0).relay().drain(Duration.ofMillis(50))).isFalse();
      decoding.steps(3);
      try (InferenceSession refused =
          chain.client().openSession(FailingChainTest.hasty(chain), SessionListener.NONE)) {
        assertThatThrownBy(() -> refused.opened().get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(NoRouteException.class)
            .hasMessageContaining("about to stop");
      }
    }
  }

  @Test
  void sessions_moreThanTheRelayHasRoomFor_areRefusedSayingSo() throws Exception {
    RelayConfig.Limits two = RelayConfig.Limits.DEFAULT.withSessions(2);
    try (TestChain chain = TestChain.of(1, two, Node.Front.NOTHING)) {
      Decoding first = chain.decode();
      Decoding second = chain.decode();
      first.steps(1);
      second.steps(1);
      try (InferenceSession third =
          chain.client().openSession(FailingChainTest.hasty(chain), SessionListener.NONE)) {
        assertThatThrownBy(() -> third.opened().get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(NoRouteException.class)
            .hasMessageContaining("NO_ROOM")
            .hasMessageContaining("holds 2 sessions");
      }
      first.steps(1);
      first.session().close();
      TestChain.eventually().until(() -> chain.status(0).sessions() == 1);
      chain.decode().steps(1);
      second.steps(1);
    }
  }

  @Test
  void reflection_listsTheServices() throws Exception {
    try (TestChain chain = TestChain.of(1)) {
      ManagedChannel channel = channel(chain.node(0).relay());
      CompletableFuture<List<String>> services = new CompletableFuture<>();
      StreamObserver<ServerReflectionRequest> requests =
          ServerReflectionGrpc.newStub(channel)
              .serverReflectionInfo(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                      services.complete(
                          response.getListServicesResponse().getServiceList().stream()
                              .map(ServiceResponse::getName)
                              .toList());
                    }

                    @Override
                    public void onError(Throwable error) {
                      services.completeExceptionally(error);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
      assertThat(services.get(30, TimeUnit.SECONDS))
          .contains("baton.v1.Relay", "baton.v1.Link", "grpc.health.v1.Health");
      requests.onCompleted();
      channel.shutdownNow();
    }
  }

  @Test
  void start_atAPortInUse_failsAndLeavesNothing() throws Exception {
    try (TestChain chain = TestChain.of(1)) {
      Endpoint taken = chain.node(0).relay().endpoint();
      assertThatThrownBy(() -> Relay.start(RelayConfig.of("late", taken)))
          .isInstanceOf(BindFailedException.class)
          .hasMessageContaining("in use");
      assertThat(Thread.getAllStackTraces().keySet())
          .noneMatch(thread -> thread.getName().contains("late"));
    }
  }

  @Test
  void close_twice_isANoOp() throws Exception {
    Relay relay = Relay.start(RelayConfig.of("r", Endpoint.tcp("127.0.0.1", 0)));
    relay.close();
    relay.close();
    assertThat(relay.status().executorAttached()).isFalse();
  }
}

package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.client.stage.StageHarness;
import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.route.RouteConfig;
import io.baton.transport.grpc.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChainTest {

  @Test
  void chain_healthy_pushesAreUsed() throws Exception {
    List<Relay> relays = new ArrayList<>();
    List<StageHarness> harnesses = new ArrayList<>();
    List<HostPort> peers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Relay relay = Relay.start(RelayConfig.of("r" + i, Endpoint.tcp("127.0.0.1", 0)));
      StageHarness harness = StageHarness.start(new OracleExecutor(4, i, i + 1, 1000), "s" + i);
      relay.attach(harness);
      relays.add(relay);
      harnesses.add(harness);
      peers.add(HostPort.parse(relay.endpoint().toString()));
    }
    try (BatonClient client = BatonClient.create(ClientOptions.of(peers))) {
      SessionOptions options =
          SessionOptions.of(OracleExecutor.MODEL, RouteConfig.of(4, OracleExecutor.ROW, 1000));
      try (InferenceSession session = client.openSession(options, SessionListener.NONE)) {
        long value = 1;
        for (int i = 0; i < 200; i++) {
          value = OracleExecutor.last(session.step(OracleExecutor.rows(value)));
        }
        assertThat(session.stats().stepsFromPeer()).isEqualTo(600);
        long start = System.nanoTime();
        for (int i = 0; i < 500; i++) {
          value = OracleExecutor.last(session.step(OracleExecutor.rows(value)));
        }
        System.out.println("us per token " + (System.nanoTime() - start) / 500_000);
        if (Boolean.getBoolean("kill")) {
          relays.get(1).close();
        }
      }
    }
    relays.forEach(Relay::close);
    harnesses.forEach(StageHarness::close);
  }
}

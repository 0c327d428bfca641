package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.baton.relay.RelayConfig;
import io.baton.session.model.Tensor;
import io.baton.transport.LaneKind;
import io.baton.transport.payload.PayloadTraffic;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Chains whose relays and client share no memory, as if each were on a host of its own: pushes go
 * by UCX, the rest in messages.
 */
class UcxChainTest {

  private static final RelayConfig.DataPlane HOSTS =
      TestChain.DATA_PLANE.withLanes(List.of(LaneKind.UCX, LaneKind.GRPC));

  @BeforeEach
  void assumeUcx() {
    try {
      UcxHub.start(UcxConfig.withDefaults("probe")).close();
    } catch (UcxUnavailableException e) {
      assumeTrue(false, e.getMessage());
    }
  }

  /** The first pushes go in messages, until something has got through by UCX. */
  private static void untilAllGoByUcx(TestChain chain, Decoding decoding) throws Exception {
    for (int i = 0; i < 500 && !goesByUcx(chain); i++) {
      decoding.step(1);
    }
    assertThat(goesByUcx(chain)).isTrue();
  }

  private static boolean goesByUcx(TestChain chain) {
    return chain.nodes().subList(0, chain.layers() - 1).stream()
        .allMatch(node -> node.relay().status().payloadsSent().ucx().payloads() > 0);
  }

  @Test
  void pushes_betweenHosts_allGoByUcx() throws Exception {
    try (TestChain chain = TestChain.of(3, HOSTS)) {
      Decoding decoding = chain.decode();
      untilAllGoByUcx(chain, decoding);
      long stepsBefore = decoding.session().stats().stepsFromPeer();
      decoding.steps(20);
      decoding.step(1_000);
      decoding.steps(20);
      assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(stepsBefore + 2 * 41);
      for (Node node : chain.nodes().subList(0, 2)) {
        assertThat(node.relay().status().payloadsSent().ucx().bytes())
            .as("sent by " + node.name())
            .isGreaterThanOrEqualTo(8 * 1_040);
        assertThat(node.relay().status().payloadsSent().shared())
            .isEqualTo(PayloadTraffic.Way.NONE);
      }
      assertThat(chain.client().payloadsReceived().ucx()).isEqualTo(PayloadTraffic.Way.NONE);
    }
  }

  @Test
  void rewindsAndLongSteps_areAsOnOneHost() throws Exception {
    try (TestChain chain = TestChain.of(3, HOSTS)) {
      Decoding decoding = chain.decode();
      untilAllGoByUcx(chain, decoding);
      decoding.step(300);
      decoding.rewind(4);
      decoding.steps(5);
      decoding.rewind(0);
      decoding.step(700);
      decoding.steps(5);
      assertThat(decoding.session().length()).isEqualTo(706);
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void stageKilled_tokensAreThoseOfARunWithout(int stage) throws Exception {
    try (TestChain chain = TestChain.withSpares(3, HOSTS)) {
      Decoding decoding = chain.decode();
      untilAllGoByUcx(chain, decoding);
      decoding.step(100);
      chain.node(stage).kill();
      decoding.steps(30);
      assertThat(decoding.session().stats().reroutes()).isPositive();
    }
  }

  private static void stepTogether(List<Decoding> all, int tokens) throws Exception {
    List<Tensor> inputs = new ArrayList<>();
    List<CompletableFuture<Tensor>> outputs = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    for (Decoding decoding : all) {
      positions.add(decoding.session().length());
      inputs.add(decoding.next(tokens));
      outputs.add(decoding.start(inputs.getLast()));
    }
    for (int i = 0; i < all.size(); i++) {
      all.get(i).check(positions.get(i), inputs.get(i), outputs.get(i));
    }
  }

  /** Several sessions share the way to each relay, and one that ends leaves the others theirs. */
  @Test
  void sessions_sideBySide_doNotDisturbEachOther() throws Exception {
    try (TestChain chain = TestChain.of(2, HOSTS)) {
      List<Decoding> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(chain.decode());
      }
      for (int round = 0; round < 10; round++) {
        stepTogether(all, 1 + round * 20);
        if (round % 3 == 2) {
          all.removeFirst().session().close();
        }
      }
      assertThat(all).hasSize(5);
    }
  }
}

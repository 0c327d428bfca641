package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.client.session.BatonClient;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.client.session.StepDeclinedException;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.StageFrame;
import io.baton.session.model.Digest;
import io.baton.session.model.Refusal;
import io.baton.session.model.Tensor;
import io.baton.session.route.RouteConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.payload.PayloadTraffic;
import io.baton.transport.payload.PayloadTraffic.Way;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Chains in which nothing fails. */
@Timeout(120)
class HealthyChainTest {

  @Test
  void push_healthyChain_isUsedAtEveryStepPastTheFirstStage() throws Exception {
    try (TestChain chain = TestChain.patient(4, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(50);
      assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(150);
      assertThat(decoding.session().stats().stepsFromClient()).isZero();
      assertThat(chain.status(0).pushesUsed()).isZero();
      for (int i = 1; i < 4; i++) {
        assertThat(chain.status(i).pushesUsed()).isEqualTo(50);
        assertThat(chain.status(i).pushesDropped()).isEmpty();
        assertThat(chain.node(i).oracle.tokensComputed).hasValue(50);
      }
    }
  }

  /** The connection to the next relay belongs to no client. */
  @Test
  void push_clientThatFirstNeededTheLaneLeaves_goesOnForTheOthers() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding first = chain.decode();
      first.steps(3);
      Decoding second = chain.decode();
      second.steps(3);
      first.session().close();
      second.steps(50);
      assertThat(second.session().stats().stepsFromPeer()).isEqualTo(106);
      assertThat(chain.status(0).pushesShed()).isZero();
    }
  }

  @Test
  void push_turnedOff_givesTheSameTokens() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode(options -> with(options, chain.route().withPush(false)));
      decoding.steps(10);
      assertThat(decoding.session().stats().stepsFromPeer()).isZero();
      assertThat(decoding.session().stats().stepsFromClient()).isEqualTo(20);
      assertThat(chain.status(0).pushesSent()).isZero();
    }
  }

  private static SessionOptions with(SessionOptions options, RouteConfig route) {
    return new SessionOptions(options.modelId(), route, options.algorithm(), options.lease());
  }

  @Test
  void confirm_byDigest_sendsThePayloadToTheFirstStageAlone() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.TAP)) {
      chain.decode().steps(10);
      assertThat(steps(chain.node(0), 10)).allMatch(io.baton.proto.v1.Step::hasPayload);
      assertThat(steps(chain.node(1), 10)).allMatch(io.baton.proto.v1.Step::hasDigest);
    }
  }

  @Test
  void confirm_full_sendsThePayloadToAll() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.TAP)) {
      chain
          .decode(options -> with(options, chain.route().withConfirm(RouteConfig.Confirm.FULL)))
          .steps(10);
      assertThat(steps(chain.node(1), 10)).allMatch(io.baton.proto.v1.Step::hasPayload);
      // Whichever comes first is computed, and the other confirms it.
      assertThat(chain.node(1).oracle.tokensComputed).hasValue(10);
    }
  }

  /** A step may be over before its confirmation has arrived at the last stage. */
  private static List<io.baton.proto.v1.Step> steps(Node node, int expected) {
    TestChain.eventually().until(() -> steps(node).size() >= expected);
    assertThat(steps(node)).hasSize(expected);
    return steps(node);
  }

  private static List<io.baton.proto.v1.Step> steps(Node node) {
    return node.tap().fromClient().stream()
        .filter(ClientFrame::hasStep)
        .map(ClientFrame::getStep)
        .toList();
  }

  @Test
  void digest_xxh3_givesTheSameTokens() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode(options -> options.withAlgorithm(Digest.Algorithm.XXH3_128));
      decoding.steps(10);
      assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(20);
    }
  }

  @Test
  void response_everyStage_statesTheCurrentLength() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.TAP)) {
      chain.decode().steps(5);
      for (Node node : chain.nodes()) {
        assertThat(
                node.tap().fromStage().stream()
                    .filter(StageFrame::hasOutput)
                    .map(frame -> frame.getOutput().getCurrentLength()))
            .containsExactly(1, 2, 3, 4, 5);
      }
    }
  }

  @Test
  void zeroTokenSteps_betweenOthers_changeNothing() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.step(0);
      for (int i = 0; i < 5; i++) {
        decoding.steps(2);
        decoding.step(0);
        decoding.step(0);
      }
      assertThat(decoding.session().length()).isEqualTo(10);
    }
  }

  /** The oracle itself does not care how tokens are cut, so the reference covers both. */
  @Test
  void longStep_equalsManyShortOnes() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.step(500);
      decoding.steps(3);
      decoding.step(200);
      decoding.steps(3);
      assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(16);
    }
  }

  /** 20,000 tokens of 8 bytes do not travel inline. */
  @Test
  void largeStep_travelsInChunks() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.step(TestChain.MAX_LENGTH);
      assertThat(decoding.session().length()).isEqualTo(TestChain.MAX_LENGTH);
    }
  }

  @Test
  void payloads_onOneHost_allGoByHandle() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(20);
      decoding.step(1_000);
      decoding.steps(20);
      for (Node node : chain.nodes()) {
        PayloadTraffic sent = node.relay().status().payloadsSent();
        assertThat(sent.framed()).as("sent in messages by " + node.name()).isEqualTo(Way.NONE);
        assertThat(sent.shared().bytes()).isGreaterThanOrEqualTo(8 * 1_040);
        assertThat(node.relay().status().payloadsReceived().framed()).isEqualTo(Way.NONE);
      }
      assertThat(chain.client().payloadsSent())
          .isEqualTo(new PayloadTraffic(new Way(41, 8 * 1_040), Way.NONE, Way.NONE));
      assertThat(chain.client().payloadsReceived().framed()).isEqualTo(Way.NONE);
    }
  }

  @Test
  void payloads_withoutTheLocalLane_allGoInMessagesAndTheTokensAreTheSame() throws Exception {
    try (TestChain chain =
        TestChain.of(3, TestChain.DATA_PLANE.withLanes(List.of(LaneKind.GRPC)))) {
      Decoding decoding = chain.decode();
      decoding.steps(10);
      for (Node node : chain.nodes()) {
        assertThat(node.relay().status().payloadsSent().shared()).isEqualTo(Way.NONE);
        assertThat(node.relay().status().payloadsSent().framed().payloads()).isPositive();
      }
      assertThat(chain.client().payloadsSent().shared()).isEqualTo(Way.NONE);
    }
  }

  @Test
  void payloads_thatFillThePools_goInMessagesUntilThereIsRoom() throws Exception {
    try (TestChain chain = TestChain.of(2, TestChain.DATA_PLANE.withPoolBytes(16 << 10))) {
      Decoding decoding = chain.decode();
      decoding.steps(5);
      decoding.step(1_500);
      decoding.steps(5);
      PayloadTraffic sent = chain.node(0).relay().status().payloadsSent();
      assertThat(sent.framed().payloads()).isPositive();
      assertThat(sent.shared().payloads()).isGreaterThanOrEqualTo(20);
    }
  }

  @Test
  void rewind_toEarlierPositions_equalsAFreshRunFromThere() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(10);
      decoding.rewind(4);
      decoding.steps(5);
      decoding.rewind(0);
      decoding.step(20);
      decoding.rewind(7);
      decoding.steps(3);
      assertThat(decoding.session().length()).isEqualTo(11);
    }
  }

  @Test
  void step_pastMaxLength_isDeclinedBeforeAnythingIsComputed() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.NOTHING)) {
      Decoding decoding =
          chain.decode(
              options ->
                  with(
                      options,
                      RouteConfig.of(2, OracleExecutor.ROW, 5).withPatience(TestChain.PATIENCE)));
      decoding.steps(3);
      assertThatThrownBy(() -> decoding.session().step(decoding.next(3)))
          .isInstanceOfSatisfying(
              StepDeclinedException.class, e -> assertThat(e.reason()).isEqualTo(Refusal.TOO_LONG))
          .hasMessageContaining("at most 5");
      assertThat(chain.node(0).oracle.tokensComputed).hasValue(3);
      decoding.steps(2);
    }
  }

  @Test
  void step_wrongShapeOrGap_isDeclinedAndTheSessionGoesOn() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      assertThatThrownBy(() -> decoding.session().step(Tensor.ofFloats(new float[] {1}, 1, 1)))
          .isInstanceOfSatisfying(
              StepDeclinedException.class,
              e -> assertThat(e.reason()).isEqualTo(Refusal.BAD_TENSOR));
      assertThatThrownBy(
              () -> decoding.session().step(5, decoding.next(1), Collections.emptySortedMap()))
          .isInstanceOfSatisfying(
              StepDeclinedException.class, e -> assertThat(e.reason()).isEqualTo(Refusal.GAP));
      decoding.steps(2);
    }
  }

  @Test
  void step_whileAnotherIsUnderWay_isDeclined() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(1);
      Gate gate = new Gate();
      chain.node(0).executor.does(gate);
      Tensor input = decoding.next(1);
      CompletableFuture<Tensor> first = decoding.start(input);
      gate.awaitCaller();
      assertThatThrownBy(() -> decoding.session().step(decoding.next(1)))
          .isInstanceOfSatisfying(
              StepDeclinedException.class,
              e -> assertThat(e.reason()).isEqualTo(Refusal.TOO_MANY_STEPS));
      gate.open();
      decoding.check(1, input, first);
    }
  }

  @Test
  void sideInputs_perStep_travelWithThePush() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.TAP)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      for (long beam : new long[] {3, 1, 2}) {
        TreeMap<String, Tensor> side = new TreeMap<>();
        side.put(OracleExecutor.SIDE_INPUT, OracleExecutor.rows(beam, beam + 1));
        decoding.step(side);
        decoding.steps(1);
      }
      assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(16);
      assertThat(
              chain.node(2).tap().pushes().stream()
                  .map(push -> push.getStep().getSideInputsCount()))
          .containsExactly(0, 0, 1, 0, 1, 0, 1, 0);
    }
  }

  @Test
  void sideInput_thatNoStageKnows_isDeclined() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      TreeMap<String, Tensor> side = new TreeMap<>();
      side.put("unheard-of", OracleExecutor.rows(1));
      assertThatThrownBy(() -> decoding.session().step(2, decoding.next(1), side))
          .isInstanceOfSatisfying(
              StepDeclinedException.class,
              e -> assertThat(e.reason()).isEqualTo(Refusal.BAD_TENSOR))
          .hasMessageContaining("unheard-of");
      decoding.steps(2);
    }
  }

  @Test
  void clients_twoAtOnce_doNotMeet() throws Exception {
    try (TestChain chain = TestChain.patient(3, Node.Front.NOTHING);
        BatonClient other = chain.newClient();
        InferenceSession session = other.openSession(chain.options(), SessionListener.NONE)) {
      Decoding first = chain.decode();
      Decoding second = chain.decode();
      Decoding third = new Decoding(session, 3);
      for (int i = 0; i < 20; i++) {
        Tensor a = first.next(1);
        Tensor b = second.next(2);
        Tensor c = third.next(3);
        CompletableFuture<Tensor> one = first.start(a);
        CompletableFuture<Tensor> two = second.start(b);
        CompletableFuture<Tensor> three = third.start(c);
        first.check(i, a, one);
        second.check(2 * i, b, two);
        third.check(3 * i, c, three);
      }
      assertThat(third.session().stats().stepsFromPeer()).isEqualTo(40);
    }
  }

  /** A short one; the machines' own runs longer. */
  @Test
  void soak_thousandsOfSteps_holdsNoMoreThanAFewOutputs() throws Exception {
    try (TestChain chain = TestChain.patient(2, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      for (int round = 0; round < 4; round++) {
        decoding.steps(450);
        for (int i = 0; i < 2; i++) {
          assertThat(chain.status(i).heldBytes()).isLessThan(200);
        }
      }
      assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(1_800);
      assertThat(decoding.session().stats().stepsFromClient()).isZero();
    }
  }
}

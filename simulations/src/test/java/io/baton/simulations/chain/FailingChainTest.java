package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.client.session.BatonClient;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.NoRouteException;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains that lose stages, connections and clients; the tokens are those of an unbroken run. */
@Timeout(120)
class FailingChainTest {

  private static int onRoute(TestChain chain, Decoding decoding, int stage) {
    Candidate candidate = decoding.session().route().get(stage);
    for (int i = 0; i < chain.nodes().size(); i++) {
      if (chain
          .node(i)
          .relayIfAlive()
          .filter(relay -> relay.id().equals(candidate.relay()))
          .isPresent()) {
        return i;
      }
    }
    throw new AssertionError("nobody serves stage " + stage);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void fail_atEachStageAndStep_equalsAnUnbrokenRun(int stage) throws Exception {
    for (int steps : new int[] {0, 1, 2, 5, 9}) {
      try (TestChain chain = TestChain.withSpares(3)) {
        Decoding decoding = chain.decode();
        decoding.session().opened().get(30, TimeUnit.SECONDS);
        decoding.steps(steps);
        chain.node(onRoute(chain, decoding, stage)).kill();
        decoding.steps(5);
        assertThat(decoding.session().stats().reroutes()).isPositive();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void fail_inTheMiddleOfAStep_equalsAnUnbrokenRun(int stage) throws Exception {
    try (TestChain chain = TestChain.withSpares(3)) {
      Decoding decoding = chain.decode();
      decoding.steps(4);
      Node node = chain.node(onRoute(chain, decoding, stage));
      Gate gate = new Gate();
      node.executor.does(gate);
      Tensor input = decoding.next(1);
      CompletableFuture<Tensor> output = decoding.start(input);
      gate.awaitCaller();
      node.kill();
      gate.open();
      decoding.check(4, input, output);
      decoding.steps(4);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 2", "0, 2"})
  void fail_twoStagesAtOnce_equalsAnUnbrokenRun(int one, int other) throws Exception {
    try (TestChain chain = TestChain.withSpares(3)) {
      Decoding decoding = chain.decode();
      decoding.steps(6);
      int first = onRoute(chain, decoding, one);
      int second = onRoute(chain, decoding, other);
      chain.node(first).kill();
      chain.node(second).kill();
      decoding.steps(5);
    }
  }

  @Test
  void fail_replacementDuringItsReplay_goesOnWithTheNext() throws Exception {
    try (TestChain chain = TestChain.withSpares(3)) {
      Node third = chain.add(1, 2);
      Decoding decoding = chain.decode();
      decoding.steps(10);
      int lost = onRoute(chain, decoding, 1);
      Node spare = chain.node(lost == 1 ? 4 : 1);
      AtomicBoolean killed = new AtomicBoolean();
      MischievousExecutor.Mischief dies =
          honest -> {
            Tensor output = honest.run();
            if (spare.oracle.tokensComputed.get() >= 4 && killed.compareAndSet(false, true)) {
              // Not from its own thread: the relay waits for its streams to end.
              var _ = CompletableFuture.runAsync(spare::kill);
              TestChain.eventually().until(() -> spare.relayIfAlive().isEmpty());
            }
            return output;
          };
      spare.executor.does(dies);
      chain.node(lost).kill();
      decoding.steps(5);
      TestChain.eventually().until(() -> spare.relayIfAlive().isEmpty());
      assertThat(third.oracle.tokensComputed.get()).isGreaterThanOrEqualTo(10);
    }
  }

  @Test
  void restart_sameRelayWithANewIncarnation_isReplayed() throws Exception {
    try (TestChain chain = TestChain.of(3)) {
      Decoding decoding = chain.decode();
      decoding.steps(6);
      chain.node(1).kill();
      chain.node(1).restart();
      decoding.steps(5);
      // Replayed whole there, and not a token elsewhere.
      assertThat(chain.node(1).oracle.tokensComputed).hasValue(6 + 6 + 5);
      assertThat(chain.node(0).oracle.tokensComputed).hasValue(11);
      assertThat(chain.node(2).oracle.tokensComputed).hasValue(11);
    }
  }

  @Test
  void restart_whileAStepWaitsForIt_isUsedWhenItIsBack() throws Exception {
    try (TestChain chain = TestChain.of(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      chain.node(0).kill();
      Tensor input = decoding.next(1);
      CompletableFuture<Tensor> output = decoding.start(input);
      assertThat(output).isNotDone();
      chain.node(0).restart();
      decoding.check(3, input, output);
    }
  }

  @Test
  void connection_cutAndBack_replaysNothing() throws Exception {
    try (TestChain chain = TestChain.of(3, Node.Front.PROXY)) {
      Decoding decoding = chain.decode();
      decoding.steps(5);
      for (int i = 0; i < 3; i++) {
        chain.node(i).proxy().cut();
        decoding.steps(3);
      }
      for (Node node : chain.nodes()) {
        assertThat(node.oracle.tokensComputed).hasValue(14);
      }
      // A step whose confirmation was cut off is sent again, and not computed again.
      assertThat(decoding.session().stats().replayedTokens()).isLessThanOrEqualTo(9);
      assertThat(decoding.session().stats().reroutes()).isPositive();
    }
  }

  @Test
  void connection_cutInTheMiddleOfAStep_replaysAtMostThatStep() throws Exception {
    try (TestChain chain = TestChain.of(3, Node.Front.PROXY)) {
      Decoding decoding = chain.decode();
      decoding.steps(5);
      Gate gate = new Gate();
      chain.node(1).executor.does(gate);
      Tensor input = decoding.next(1);
      CompletableFuture<Tensor> output = decoding.start(input);
      gate.awaitCaller();
      chain.node(1).proxy().cut();
      gate.open();
      decoding.check(5, input, output);
      decoding.steps(3);
      for (Node node : chain.nodes()) {
        assertThat(node.oracle.tokensComputed.get()).isBetween(9L, 10L);
      }
    }
  }

  @Test
  void relay_thatHangs_isReplacedWhenItsTimeIsOver() throws Exception {
    try (TestChain chain = TestChain.of(2, Node.Front.PROXY)) {
      chain.add(1, 2);
      Decoding decoding = chain.decode(options -> impatient(chain, options));
      decoding.steps(3);
      Node lost = chain.node(onRoute(chain, decoding, 1));
      lost.proxy().stall(true);
      decoding.steps(3);
      assertThat(decoding.session().route().get(1).relay()).isNotEqualTo(lost.relay().id());
      lost.proxy().stall(false);
    }
  }

  private static SessionOptions impatient(TestChain chain, SessionOptions options) {
    RouteConfig.Patience patient = TestChain.PATIENCE;
    RouteConfig.Patience impatient =
        new RouteConfig.Patience(
            Duration.ofMillis(500).toNanos(),
            Duration.ofMillis(500).toNanos(),
            patient.stallNanos(),
            patient.longestNanos(),
            patient.attempts(),
            patient.failures(),
            patient.searchNanos(),
            patient.silenceNanos(),
            patient.backoffNanos(),
            patient.maxBackoffNanos(),
            Duration.ofSeconds(30).toNanos(),
            Duration.ofSeconds(30).toNanos());
    return new SessionOptions(
        options.modelId(),
        chain.route().withPatience(impatient),
        options.algorithm(),
        options.lease());
  }

  @Test
  void span_replacedByTwo_equalsAnUnbrokenRun() throws Exception {
    try (TestChain chain = TestChain.empty(4)) {
      chain.add(0, 1);
      chain.add(1, 3);
      chain.add(3, 4);
      chain.add(1, 2);
      chain.add(2, 3);
      Decoding decoding = chain.decode();
      decoding.steps(5);
      assertThat(decoding.session().route()).hasSize(3);
      chain.node(1).kill();
      decoding.steps(5);
      assertThat(decoding.session().route()).hasSize(4);
      assertThat(chain.node(0).oracle.tokensComputed).hasValue(10);
      assertThat(chain.node(2).oracle.tokensComputed).hasValue(10);
    }
  }

  @Test
  void spans_twoReplacedByOne_equalsAnUnbrokenRun() throws Exception {
    try (TestChain chain = TestChain.of(3)) {
      Decoding decoding = chain.decode();
      decoding.steps(5);
      assertThat(decoding.session().route()).hasSize(3);
      chain.node(1).kill();
      chain.add(0, 2);
      chain.node(0).kill();
      chain.node(2).kill();
      chain.node(2).restart();
      try (BatonClient client = chain.newClient();
          InferenceSession session = client.openSession(chain.options(), SessionListener.NONE)) {
        new Decoding(session, 3).steps(3);
        assertThat(session.route()).hasSize(2);
      }
    }
  }

  @Test
  void spans_twoOfARunningSessionReplacedByOne_equalsAnUnbrokenRun() throws Exception {
    try (TestChain chain = TestChain.of(3)) {
      Node whole = chain.add(0, 2);
      whole.kill();
      Decoding decoding = chain.decode();
      decoding.steps(5);
      assertThat(decoding.session().route()).hasSize(3);
      chain.node(0).kill();
      chain.node(1).kill();
      whole.restart();
      decoding.steps(5);
      assertThat(decoding.session().route()).hasSize(2);
      assertThat(chain.node(2).oracle.tokensComputed).hasValue(10);
      assertThat(chain.node(2).oracle.longest).isEqualTo(10);
    }
  }

  @Test
  void nextPeer_changesAtEveryStep_equalsAnUnbrokenRun() throws Exception {
    try (TestChain chain = TestChain.withSpares(2)) {
      Decoding decoding = chain.decode();
      for (int i = 0; i < 6; i++) {
        decoding.steps(1);
        Node second = chain.node(onRoute(chain, decoding, 1));
        second.kill();
        second.restart();
      }
      decoding.steps(2);
      assertThat(decoding.session().stats().reroutes()).isGreaterThanOrEqualTo(5);
    }
  }

  @Test
  void client_thatDies_leavesNothingWhenItsLeaseIsOver() throws Exception {
    try (TestChain chain = TestChain.of(2, Node.Front.PROXY)) {
      BatonClient client = chain.newClient();
      InferenceSession session =
          client.openSession(
              chain.options().withLease(Duration.ofMillis(700)), SessionListener.NONE);
      new Decoding(session, 2).steps(3);
      assertThat(chain.status(0).sessions()).isEqualTo(1);
      // Its connections go without a word, and it cannot make new ones.
      for (Node node : chain.nodes()) {
        node.proxy().refuse(true);
        node.proxy().cut();
      }
      TestChain.eventually().untilAsserted(chain::assertNothingHeld);
      client.close();
    }
  }

  @Test
  void client_thatIsSilentForLong_keepsItsLease() throws Exception {
    try (TestChain chain = TestChain.of(2, Node.Front.TAP)) {
      Decoding decoding = chain.decode(options -> options.withLease(Duration.ofMillis(1500)));
      decoding.steps(3);
      // More heartbeats than a lease would allow for.
      TestChain.eventually()
          .until(
              () ->
                  chain.node(0).tap().fromClient().stream()
                          .filter(io.baton.proto.v1.ClientFrame::hasHeartbeat)
                          .count()
                      >= 6);
      decoding.steps(3);
      assertThat(decoding.session().stats().reroutes()).isZero();
      assertThat(chain.node(0).oracle.tokensComputed).hasValue(6);
    }
  }

  @Test
  void client_whoseRelayGrantsLess_keepsItsLease() throws Exception {
    io.baton.relay.RelayConfig.Limits strict =
        io.baton.relay.RelayConfig.Limits.DEFAULT.withLease(Duration.ofMillis(1500));
    try (TestChain chain = TestChain.of(1, strict, Node.Front.TAP)) {
      Decoding decoding = chain.decode(options -> options.withLease(Duration.ofHours(1)));
      decoding.steps(3);
      TestChain.eventually()
          .until(
              () ->
                  chain.node(0).tap().fromClient().stream()
                          .filter(io.baton.proto.v1.ClientFrame::hasHeartbeat)
                          .count()
                      >= 6);
      decoding.steps(3);
      assertThat(chain.node(0).oracle.tokensComputed).hasValue(6);
    }
  }

  @Test
  void route_noRelayLeftForAStage_failsSayingWhoWasTriedAndWhy() throws Exception {
    try (TestChain chain = TestChain.withSpares(2)) {
      Decoding decoding =
          chain.decode(
              options ->
                  new SessionOptions(
                      options.modelId(),
                      chain.route().withPatience(fewTries()),
                      options.algorithm(),
                      options.lease()));
      decoding.steps(3);
      chain.node(1).kill();
      chain.node(3).kill();
      String first = chain.node(1).address().toString();
      String second = chain.node(3).address().toString();
      assertThatThrownBy(() -> decoding.session().step(decoding.next(1)))
          .isInstanceOf(NoRouteException.class)
          .hasMessageContaining("layer 1")
          .hasMessageContaining(first)
          .hasMessageContaining(second)
          .hasMessageContaining("of asking")
          .hasMessageContaining("connection refused");
      // The session is as it was, and goes on when there is a relay again.
      assertThat(decoding.session().length()).isEqualTo(3);
      chain.node(3).restart();
      TestChain.eventually()
          .until(
              () ->
                  chain.client().candidates(OracleExecutor.MODEL).get(30, TimeUnit.SECONDS).size()
                      == 3);
      TestChain.eventually()
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .untilAsserted(() -> decoding.steps(1));
      decoding.steps(3);
    }
  }

  /** Gives up soon. */
  static SessionOptions hasty(TestChain chain) {
    return new SessionOptions(
        OracleExecutor.MODEL,
        chain.route().withPatience(fewTries()),
        chain.options().algorithm(),
        chain.options().lease());
  }

  private static RouteConfig.Patience fewTries() {
    RouteConfig.Patience patient = TestChain.PATIENCE;
    return new RouteConfig.Patience(
        patient.openNanos(),
        patient.stepNanos(),
        patient.stallNanos(),
        patient.longestNanos(),
        2,
        4,
        Duration.ofMillis(500).toNanos(),
        Duration.ofSeconds(10).toNanos(),
        Duration.ofMillis(20).toNanos(),
        Duration.ofMillis(100).toNanos(),
        patient.banNanos(),
        patient.maxBanNanos());
  }

  @Test
  void route_nobodyServesTheModel_failsSayingWhatTheyServe() throws Exception {
    try (TestChain chain = TestChain.of(2)) {
      SessionOptions wrong =
          new SessionOptions(
              "another-model",
              chain.route().withPatience(fewTries()),
              chain.options().algorithm(),
              chain.options().lease());
      try (InferenceSession session = chain.client().openSession(wrong, SessionListener.NONE)) {
        assertThatThrownBy(() -> session.opened().get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(NoRouteException.class)
            .hasMessageContaining("serves oracle, not another-model")
            .hasMessageContaining(chain.node(0).address().toString());
      }
    }
  }

  @Test
  void session_longerThanTheStageHolds_failsSayingSo() throws Exception {
    try (TestChain chain = TestChain.of(1)) {
      SessionOptions tooLong =
          new SessionOptions(
              OracleExecutor.MODEL,
              RouteConfig.of(1, OracleExecutor.ROW, TestChain.MAX_LENGTH + 1)
                  .withPatience(fewTries()),
              chain.options().algorithm(),
              chain.options().lease());
      try (InferenceSession session = chain.client().openSession(tooLong, SessionListener.NONE)) {
        assertThatThrownBy(() -> session.opened().get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(NoRouteException.class)
            .hasMessageContaining("at most " + TestChain.MAX_LENGTH);
      }
    }
  }

  @Test
  void session_closedInTheMiddleOfAStep_failsThatStep() throws Exception {
    try (TestChain chain = TestChain.of(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(1);
      Gate gate = new Gate();
      chain.node(1).executor.does(gate);
      CompletableFuture<Tensor> output = decoding.start(decoding.next(1));
      gate.awaitCaller();
      decoding.session().close();
      assertThatThrownBy(() -> output.get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(NoRouteException.class)
          .hasMessageContaining("closed");
      gate.open();
      assertThatThrownBy(() -> decoding.session().step(decoding.next(1)))
          .hasMessageContaining("closed");
    }
  }

  @Test
  void listener_hearsOfEveryRouteAndMayThrow() throws Exception {
    List<String> causes = new CopyOnWriteArrayList<>();
    SessionListener listener =
        new SessionListener() {
          @Override
          public void onRoute(long epoch, List<Candidate> route, String cause) {
            causes.add(epoch + " " + cause);
            throw new IllegalStateException("a listener's own trouble");
          }
        };
    try (TestChain chain = TestChain.withSpares(2)) {
      Decoding decoding = chain.decode(chain.options(), listener);
      decoding.steps(2);
      chain.node(onRoute(chain, decoding, 0)).kill();
      decoding.steps(2);
      assertThat(causes).hasSizeGreaterThanOrEqualTo(2);
      assertThat(causes.getFirst()).isEqualTo("1 the session begins");
      assertThat(causes.getLast()).contains("failed");
    }
  }
}

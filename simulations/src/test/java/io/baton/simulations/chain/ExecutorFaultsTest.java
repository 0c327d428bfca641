package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.client.session.BatonClient;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.NoRouteException;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.client.stage.ExecutorAttachment;
import io.baton.client.stage.StageException;
import io.baton.client.stage.StageExecutor;
import io.baton.client.stage.StageHarness;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Executors that are slow, fail, lie, go and come back. */
@Timeout(120)
class ExecutorFaultsTest {

  private static final String MODEL = OracleExecutor.MODEL;

  @TempDir Path directory;

  @AfterEach
  void nothingIsLeft() {
    TestChain.assertNoThreadLeft();
    assertThat(directory).isEmptyDirectory();
  }

  private Endpoint.Unix socket() {
    return new Endpoint.Unix(directory.resolve("relay.sock"));
  }

  @Test
  void executor_slow_givesTheSameTokens() throws Exception {
    try (TestChain chain = TestChain.of(3)) {
      chain
          .node(1)
          .executor
          .does(
              honest -> {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                return honest.run();
              });
      Decoding decoding = chain.decode();
      decoding.steps(10);
      assertThat(decoding.session().stats().reroutes()).isZero();
    }
  }

  /** Relays that bear an executor which gets no further for so long. */
  private static RelayConfig.Limits bearing(Duration stall) {
    return RelayConfig.Limits.DEFAULT.withStall(stall);
  }

  /** Takes eight times as long as its relay bears silence, and says how it gets on. */
  private static final class Slow implements MischievousExecutor.Mischief {
    private static final Duration STALL = Duration.ofMillis(500);
    private static final int PARTS = 40;

    @Override
    public Tensor forward(MischievousExecutor.Forward honest) {
      throw new IllegalStateException("nobody asks so");
    }

    @Override
    public Tensor forward(MischievousExecutor.Forward honest, StageExecutor.Progress progress)
        throws StageException {
      for (int part = 1; part < PARTS; part++) {
        LockSupport.parkNanos(STALL.toNanos() / 5);
        progress.computed(part);
      }
      return honest.run();
    }
  }

  @Test
  void executor_slowAndGettingOn_isWaitedForBeyondEveryDeadline() throws Exception {
    try (TestChain chain = TestChain.withSpares(2, bearing(Slow.STALL), Node.Front.NOTHING)) {
      long silence = Slow.STALL.multipliedBy(2).toNanos();
      Decoding decoding =
          chain.decode(
              options ->
                  new SessionOptions(
                      MODEL,
                      chain.route().withPatience(TestChain.PATIENCE.withStep(silence)),
                      options.algorithm(),
                      options.lease()));
      decoding.steps(2);
      chain.nodes().forEach(node -> node.executor.does(once(new Slow())));
      decoding.step(Slow.PARTS);
      assertThat(decoding.session().stats().reroutes()).isZero();
      decoding.steps(2);
    }
  }

  @Test
  void executor_thatHangs_isNoticedNamedAndLeftUntilItAnswers() throws Exception {
    try (TestChain chain =
        TestChain.withSpares(1, bearing(Duration.ofMillis(500)), Node.Front.NOTHING)) {
      List<String> causes = new CopyOnWriteArrayList<>();
      SessionListener listener =
          new SessionListener() {
            @Override
            public void onRoute(long epoch, List<Candidate> route, String cause) {
              causes.add(cause);
            }
          };
      try (BatonClient client = chain.newClient();
          InferenceSession session = client.openSession(chain.options(), listener)) {
        Decoding decoding = new Decoding(session, 1);
        decoding.steps(2);
        String name = session.route().getFirst().relay().name();
        Node hung =
            chain.nodes().stream().filter(node -> node.name().equals(name)).findFirst().get();
        Gate gate = new Gate();
        hung.executor.does(gate);
        decoding.steps(3);
        gate.awaitCaller();
        assertThat(causes.getLast())
            .contains(hung.address().toString(), "layers 0-0", "has got no further for 500 ms");
        assertThat(hung.relay().stage()).isEmpty();
        assertThat(hung.relay().status().sessions()).isZero();
        hung.executor.does(MischievousExecutor.NONE);
        gate.open();
        TestChain.eventually().until(() -> hung.relay().stage().isPresent());
        TestChain.eventually().until(() -> hung.oracle.sessions() == 0);
      }
    }
  }

  @Test
  void executor_thatHangs_takesNoNewSessionAndItsRelaySaysWhy() throws Exception {
    try (TestChain chain = TestChain.of(1, bearing(Duration.ofMillis(500)), Node.Front.NOTHING)) {
      Gate gate = new Gate();
      chain.node(0).executor.does(gate);
      SessionOptions hasty =
          new SessionOptions(
              MODEL,
              chain
                  .route()
                  .withPatience(
                      TestChain.PATIENCE.withSearch(
                          Duration.ofMillis(500).toNanos(), Duration.ofMillis(500).toNanos())),
              chain.options().algorithm(),
              chain.options().lease());
      Decoding decoding = chain.decode(_ -> hasty);
      assertThatThrownBy(() -> decoding.steps(1)).hasStackTraceContaining("has got no further");
      Decoding another = chain.decode(_ -> hasty);
      assertThatThrownBy(() -> another.steps(1))
          .hasStackTraceContaining("the stage executor of layers 0-0 has got no further for");
      chain.node(0).executor.does(MischievousExecutor.NONE);
      gate.open();
      TestChain.eventually().until(() -> chain.node(0).relay().stage().isPresent());
      chain.decode().steps(2);
    }
  }

  private static MischievousExecutor.Mischief once(MischievousExecutor.Mischief mischief) {
    AtomicInteger calls = new AtomicInteger();
    return new MischievousExecutor.Mischief() {
      @Override
      public Tensor forward(MischievousExecutor.Forward honest) {
        throw new IllegalStateException("nobody asks so");
      }

      @Override
      public Tensor forward(MischievousExecutor.Forward honest, StageExecutor.Progress progress)
          throws StageException {
        return calls.getAndIncrement() == 0 ? mischief.forward(honest, progress) : honest.run();
      }
    };
  }

  private static void survives(MischievousExecutor.Mischief mischief) throws Exception {
    try (TestChain chain = TestChain.withSpares(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      chain.nodes().forEach(node -> node.executor.does(once(mischief)));
      decoding.steps(5);
      assertThat(decoding.session().stats().reroutes()).isPositive();
    }
  }

  @Test
  void executor_failsOnce_isReplaced() throws Exception {
    survives(
        honest -> {
          throw new StageException("out of sorts");
        });
  }

  @Test
  void executor_throwsOnce_isReplaced() throws Exception {
    survives(
        honest -> {
          throw new IllegalStateException("a bug");
        });
  }

  @Test
  void executor_throwsAnErrorOnce_isReplaced() throws Exception {
    survives(
        honest -> {
          throw new StackOverflowError("deep");
        });
  }

  @Test
  void executor_answersAWrongShapeOnce_isReplaced() throws Exception {
    survives(honest -> OracleExecutor.rows(1, 2, 3));
  }

  @Test
  void executor_failsAlways_isNamedInTheError() throws Exception {
    try (TestChain chain = TestChain.of(2)) {
      RouteConfig.Patience patience = TestChain.PATIENCE;
      SessionOptions options =
          new SessionOptions(
              MODEL,
              chain
                  .route()
                  .withPatience(
                      new RouteConfig.Patience(
                          patience.openNanos(),
                          patience.stepNanos(),
                          patience.stallNanos(),
                          patience.longestNanos(),
                          2,
                          3,
                          patience.searchNanos(),
                          patience.silenceNanos(),
                          patience.backoffNanos(),
                          patience.maxBackoffNanos(),
                          patience.banNanos(),
                          patience.maxBanNanos())),
              chain.options().algorithm(),
              chain.options().lease());
      chain
          .node(1)
          .executor
          .does(
              honest -> {
                throw new StageException("out of sorts");
              });
      Decoding decoding = chain.decode(_ -> options);
      assertThatThrownBy(() -> decoding.session().step(decoding.next(1)))
          .isInstanceOf(NoRouteException.class)
          .hasMessageContaining("out of sorts")
          .hasMessageContaining(chain.node(1).address().toString());
      chain.node(1).executor.does(MischievousExecutor.NONE);
      // It is left alone for a while, and this session is in a hurry.
      TestChain.eventually()
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .untilAsserted(() -> decoding.steps(1));
      decoding.steps(3);
    }
  }

  @Test
  void executor_wrongTokens_areTheChainsOwnAffairAndConsistent() throws Exception {
    try (TestChain chain = TestChain.of(2)) {
      chain.node(1).executor.does(honest -> OracleExecutor.rows(42));
      Decoding decoding = chain.decode();
      assertThat(OracleExecutor.last(decoding.session().step(decoding.next(1)))).isEqualTo(42);
      // What a stage makes of honest input cannot be checked by digests.
      assertThat(decoding.session().stats().mismatches()).isZero();
    }
  }

  @Test
  void executor_detachedAndBack_goesOn() throws Exception {
    try (TestChain chain = TestChain.of(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(5);
      Relay relay = chain.node(1).relay();
      relay.detach(chain.node(1).harness());
      assertThat(relay.stage()).isEmpty();
      TestChain.eventually().until(() -> relay.status().sessions() == 0);
      relay.attach(chain.node(1).harness());
      decoding.steps(5);
      assertThat(chain.node(1).oracle.tokensComputed).hasValue(15);
      assertThat(chain.node(0).oracle.tokensComputed).hasValue(10);
    }
  }

  @Test
  void attach_secondExecutorOfThisProcess_isRefused() throws Exception {
    try (TestChain chain = TestChain.of(1);
        StageHarness second = StageHarness.start(new OracleExecutor(1, 0, 1, 10), "second")) {
      assertThatThrownBy(() -> chain.node(0).relay().attach(second))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("another");
      // Detaching what is not attached changes nothing.
      chain.node(0).relay().detach(second);
      chain.decode().steps(2);
    }
  }

  /** A relay whose stage is in another process: the last of the chain. */
  private Relay startWithSocket(int port) throws Exception {
    return Relay.start(
        RelayConfig.of("socketed", Endpoint.tcp("127.0.0.1", port)).withProcessSocket(socket()));
  }

  @Test
  void socket_attachedExecutor_servesGoesAndComesBack() throws Exception {
    OracleExecutor oracle = new OracleExecutor(2, 1, 2, TestChain.MAX_LENGTH);
    try (TestChain chain = TestChain.empty(2);
        StageHarness harness = StageHarness.start(oracle, "remote")) {
      chain.add(0, 1);
      try (Relay relay = startWithSocket(0)) {
        chain.alsoAt(relay.endpoint());
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, socket());
        attachment.attached().get(30, TimeUnit.SECONDS);
        TestChain.eventually().until(() -> relay.stage().isPresent());
        Decoding decoding = chain.decode();
        decoding.step(300);
        decoding.steps(5);
        decoding.rewind(100);
        decoding.steps(5);
        assertThat(decoding.session().stats().stepsFromPeer()).isEqualTo(12);

        attachment.close();
        TestChain.eventually().until(() -> relay.stage().isEmpty());
        TestChain.eventually().until(() -> oracle.sessions() == 0);
        try (ExecutorAttachment again = ExecutorAttachment.start(harness, socket())) {
          again.attached().get(30, TimeUnit.SECONDS);
          decoding.steps(5);
          assertThat(decoding.session().length()).isEqualTo(111);
          decoding.session().close();
          TestChain.eventually().until(() -> oracle.sessions() == 0);
        }
      }
    }
  }

  @Test
  void socket_relayRestarted_theAttachmentComesBackByItself() throws Exception {
    OracleExecutor oracle = new OracleExecutor(2, 1, 2, TestChain.MAX_LENGTH);
    try (TestChain chain = TestChain.empty(2);
        StageHarness harness = StageHarness.start(oracle, "remote");
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, socket())) {
      chain.add(0, 1);
      Relay first = startWithSocket(0);
      chain.alsoAt(first.endpoint());
      attachment.attached().get(30, TimeUnit.SECONDS);
      Decoding decoding = chain.decode();
      decoding.steps(5);
      int port = ((Endpoint.Tcp) first.endpoint()).address().port();
      first.close();
      TestChain.eventually().until(() -> oracle.sessions() == 0);
      try (Relay second = startWithSocket(port)) {
        decoding.steps(5);
        assertThat(second.stage()).isPresent();
        assertThat(oracle.tokensComputed).hasValue(15);
        decoding.session().close();
        TestChain.eventually().until(() -> oracle.sessions() == 0);
      }
    }
  }

  @Test
  void socket_secondExecutor_isRefusedUntilTheFirstLeaves() throws Exception {
    try (Relay relay = startWithSocket(0);
        StageHarness one = StageHarness.start(new OracleExecutor(1, 0, 1, 10), "one");
        StageHarness two = StageHarness.start(new OracleExecutor(1, 0, 1, 20), "two")) {
      ExecutorAttachment first = ExecutorAttachment.start(one, socket());
      first.attached().get(30, TimeUnit.SECONDS);
      try (ExecutorAttachment second = ExecutorAttachment.start(two, socket())) {
        CompletableFuture<?> attached = second.attached();
        assertThatThrownBy(() -> attached.get(300, TimeUnit.MILLISECONDS))
            .isInstanceOf(TimeoutException.class);
        assertThat(relay.stage().orElseThrow().maxLength()).isEqualTo(10);
        first.close();
        attached.get(30, TimeUnit.SECONDS);
        assertThat(relay.stage().orElseThrow().maxLength()).isEqualTo(20);
      }
    }
  }

  @Test
  void socket_executorThatHangs_isDetachedAndComesBackWhenItHas() throws Exception {
    OracleExecutor oracle = new OracleExecutor(1, 0, 1, TestChain.MAX_LENGTH);
    MischievousExecutor mischievous = new MischievousExecutor(oracle);
    RelayConfig config =
        RelayConfig.of("socketed", Endpoint.tcp("127.0.0.1", 0))
            .withProcessSocket(socket())
            .withLimits(bearing(Duration.ofMillis(500)));
    try (TestChain chain = TestChain.empty(1);
        StageHarness harness = StageHarness.start(mischievous, "remote");
        Relay relay = Relay.start(config);
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, socket())) {
      chain.alsoAt(relay.endpoint());
      attachment.attached().get(30, TimeUnit.SECONDS);
      Decoding decoding = chain.decode();
      decoding.steps(2);
      mischievous.does(once(new Slow()));
      decoding.step(Slow.PARTS);
      assertThat(decoding.session().stats().reroutes()).isZero();

      Gate gate = new Gate();
      mischievous.does(gate);
      Tensor input = decoding.next(1);
      CompletableFuture<Tensor> output = decoding.start(input);
      gate.awaitCaller();
      TestChain.eventually().until(() -> relay.status().sessions() == 0);
      assertThat(relay.stage()).isEmpty();
      try (StageHarness other =
              StageHarness.start(new OracleExecutor(1, 0, 1, TestChain.MAX_LENGTH), "other");
          ExecutorAttachment instead = ExecutorAttachment.start(other, socket())) {
        instead.attached().get(30, TimeUnit.SECONDS);
        decoding.check(2 + Slow.PARTS, input, output);
      }
      assertThat(oracle.sessions()).as("it hangs, and is not asked for more").isEqualTo(1);
      mischievous.does(MischievousExecutor.NONE);
      gate.open();
      TestChain.eventually().until(() -> relay.stage().isPresent());
      decoding.steps(2);
      decoding.session().close();
      TestChain.eventually().until(() -> oracle.sessions() == 0);
    }
  }

  @Test
  void socket_executorThatFails_isSaidInItsOwnWords() throws Exception {
    OracleExecutor oracle = new OracleExecutor(1, 0, 1, TestChain.MAX_LENGTH);
    MischievousExecutor mischievous = new MischievousExecutor(oracle);
    try (TestChain chain = TestChain.empty(1);
        StageHarness harness = StageHarness.start(mischievous, "remote");
        Relay relay = startWithSocket(0);
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, socket())) {
      chain.alsoAt(relay.endpoint());
      attachment.attached().get(30, TimeUnit.SECONDS);
      Decoding decoding = chain.decode();
      decoding.steps(2);
      mischievous.does(
          once(
              honest -> {
                throw new StageException("out of sorts");
              }));
      decoding.steps(2);
      mischievous.does(once(honest -> OracleExecutor.rows(1, 2)));
      decoding.steps(2);
      assertThat(decoding.session().stats().reroutes()).isEqualTo(2);
      decoding.session().close();
      TestChain.eventually().until(() -> oracle.sessions() == 0);
    }
  }
}

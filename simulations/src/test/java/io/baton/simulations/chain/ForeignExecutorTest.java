package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.baton.client.session.SessionOptions;
import io.baton.client.stage.StageHarness;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.model.Tensor;
import io.baton.session.route.RouteConfig;
import io.baton.simulations.foreign.ForeignProcess;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stages computed by an executor that is none of ours, beside the oracle. */
@Timeout(120)
class ForeignExecutorTest {

  private static final int LAYERS = 2;

  /** So that payloads go in several frames, of {@link OracleExecutor#ROW} a token. */
  private static final int LONG_SESSION = 100_000;

  @TempDir private Path directory;
  private final List<TestChain> chains = new ArrayList<>();
  private final List<AutoCloseable> executors = new ArrayList<>();
  private final List<AutoCloseable> relays = new ArrayList<>();

  /** Each when those who use it have gone. */
  @AfterEach
  void close_leavesNothing() throws Exception {
    for (List<? extends AutoCloseable> which : List.of(chains, executors, relays)) {
      for (AutoCloseable one : which) {
        one.close();
      }
    }
    assertThat(socket()).doesNotExist();
    TestChain.assertNoThreadLeft();
  }

  private Path socket() {
    return directory.resolve("relay.sock");
  }

  /** A relay for the executor; before it is closed, nothing must be left in it. */
  private Relay relay(int port) throws Exception {
    return checked(
        RelayConfig.of("socketed", Endpoint.tcp("127.0.0.1", port))
            .withProcessSocket(new Endpoint.Unix(socket())));
  }

  private Relay checked(RelayConfig config) throws Exception {
    Relay relay = Relay.start(config.withDataPlane(TestChain.DATA_PLANE));
    relays.add(
        () -> {
          try {
            TestChain.eventually().untilAsserted(() -> assertNothingHeld(relay));
          } finally {
            relay.close();
          }
        });
    return relay;
  }

  private static void assertNothingHeld(Relay relay) {
    assertThat(relay.status().sessions()).isZero();
    assertThat(relay.status().heldBytes()).isZero();
    assertThat(relay.status().reservedBytes()).isZero();
    assertThat(relay.pool().usage().total().bytes()).isZero();
  }

  private ForeignProcess process(String name) throws Exception {
    ForeignProcess process = ForeignProcess.start(directory, socket(), name);
    executors.add(process);
    return process;
  }

  private static JsonNode attach(ForeignProcess process, int first, int end, int maxLength)
      throws Exception {
    return process.does("attach", OracleExecutor.MODEL, LAYERS, first, end, maxLength);
  }

  /** An executor of the last layer. */
  private ForeignProcess executor(String name) throws Exception {
    ForeignProcess executor = process(name);
    assertThat(attach(executor, 1, LAYERS, TestChain.MAX_LENGTH).path("relay").asText())
        .isEqualTo("socketed");
    return executor;
  }

  /** A chain whose first layer is ours, and whose other relay has to be started. */
  private TestChain chain(Relay last) throws Exception {
    TestChain chain = chainOf(last);
    chain.add(0, 1);
    return chain;
  }

  private TestChain chainOf(Relay only) {
    TestChain chain = TestChain.empty(LAYERS);
    chains.add(chain);
    chain.alsoAt(only.endpoint());
    return chain;
  }

  private static JsonNode sessions(ForeignProcess executor) throws Exception {
    return executor.does("sessions");
  }

  @Test
  void session_overAForeigner_saysWhatTheOracleDoes() throws Exception {
    Relay relay = relay(0);
    TestChain chain = chain(relay);
    ForeignProcess executor = executor("foreign");
    Decoding decoding = chain.decode();
    decoding.step(300);
    decoding.steps(5);
    decoding.rewind(100);
    decoding.steps(5);
    Decoding another = chain.decode();
    another.steps(3);
    assertThat(sessions(executor).path("lengths")).hasSize(2);
    assertThat(decoding.session().stats().reroutes()).isZero();
    decoding.session().close();
    another.session().close();
    TestChain.eventually().until(() -> sessions(executor).path("lengths").isEmpty());
  }

  @Test
  void payloads_ofManyFrames_goToAForeignerAndBack() throws Exception {
    Relay relay = relay(0);
    TestChain chain = chainOf(relay);
    ForeignProcess executor = process("foreign");
    attach(executor, 0, LAYERS, LONG_SESSION);
    RouteConfig route =
        RouteConfig.of(LAYERS, OracleExecutor.ROW, LONG_SESSION).withPatience(TestChain.PATIENCE);
    Decoding decoding =
        chain.decode(
            options ->
                new SessionOptions(
                    OracleExecutor.MODEL, route, options.algorithm(), options.lease()));
    decoding.step(34_000);
    decoding.step(8_193);
    decoding.steps(2);
    decoding.rewind(20_000);
    decoding.step(9_000);
    assertThat(decoding.session().stats().reroutes()).isZero();
    JsonNode counted = sessions(executor);
    assertThat(counted.path("lengths").path(0).asInt()).isEqualTo(29_001);
    assertThat(counted.path("chunks_taken").asInt()).isEqualTo(2 + 1 + 1);
    assertThat(counted.path("chunks_said").asInt()).isEqualTo(2 + 1 + 1);
  }

  @Test
  void foreigner_killedWhileItComputes_isFollowedByAnother() throws Exception {
    Relay relay = relay(0);
    Decoding decoding = chain(relay).decode();
    ForeignProcess first = executor("first");
    decoding.step(100);
    decoding.steps(3);
    Tensor input = decoding.next(1);
    first.does("stall_at", 103);
    CompletableFuture<Tensor> output = decoding.start(input);
    assertThat(first.does("stalled").path("stalled").asBoolean()).isTrue();

    first.kill();
    executor("second");

    decoding.check(103, input, output);
    decoding.steps(3);
    assertThat(decoding.session().stats().reroutes()).isPositive();
  }

  @Test
  void foreigner_killedWhileItComputes_isLeftForAnotherRelay() throws Exception {
    Relay relay = relay(0);
    Relay other = checked(RelayConfig.of("other", Endpoint.tcp("127.0.0.1", 0)));
    TestChain chain = chain(relay);
    chain.alsoAt(other.endpoint());
    Decoding decoding = chain.decode();
    ForeignProcess foreign = executor("foreign");
    decoding.step(100);
    decoding.steps(3);
    OracleExecutor ours = new OracleExecutor(LAYERS, 1, LAYERS, TestChain.MAX_LENGTH);
    StageHarness harness = StageHarness.start(ours, "ours");
    executors.add(harness);
    other.attach(harness);
    Tensor input = decoding.next(1);
    foreign.does("stall_at", 103);
    CompletableFuture<Tensor> output = decoding.start(input);
    assertThat(foreign.does("stalled").path("stalled").asBoolean()).isTrue();

    foreign.kill();

    decoding.check(103, input, output);
    decoding.steps(3);
    assertThat(ours.longest).isEqualTo(107);
  }

  @Test
  void relay_stoppedAndStarted_hasTheForeignerAgain() throws Exception {
    Relay relay = relay(0);
    Decoding decoding = chain(relay).decode();
    ForeignProcess executor = executor("foreign");
    decoding.step(100);
    decoding.steps(3);
    int port = ((Endpoint.Tcp) relay.endpoint()).address().port();

    relay.close();
    relay(port);

    decoding.steps(3);
    assertThat(executor.does("state").path("welcomes").asInt()).isEqualTo(2);
    assertThat(endings(executor).getFirst()).isEqualTo(14);
    assertThat(sessions(executor).path("lengths").path(0).asInt()).isEqualTo(106);
  }

  @Test
  void foreigner_besideAnExecutor_isToldAndComesWhenThatLeaves() throws Exception {
    Relay relay = relay(0);
    Decoding decoding = chain(relay).decode();
    ForeignProcess first = executor("first");
    decoding.steps(3);
    ForeignProcess second = process("second");
    second.does("start", OracleExecutor.MODEL, LAYERS, 1, LAYERS, TestChain.MAX_LENGTH);
    TestChain.eventually()
        .untilAsserted(() -> assertThat(endings(second)).isNotEmpty().containsOnly(6));

    assertThat(first.does("leave").path("code").asInt(-1)).isZero();

    TestChain.eventually().until(() -> second.does("state").path("connected").asBoolean());
    decoding.steps(3);
    assertThat(sessions(second).path("lengths").path(0).asInt()).isEqualTo(6);
    assertThat(endings(second)).containsOnly(6);
  }

  /** How its connections have ended: codes, or -1 without a word. */
  private static List<Integer> endings(ForeignProcess process) throws Exception {
    List<Integer> codes = new ArrayList<>();
    for (JsonNode ending : process.does("state").path("endings")) {
      codes.add(ending.path("code").asInt(-1));
    }
    return codes;
  }
}

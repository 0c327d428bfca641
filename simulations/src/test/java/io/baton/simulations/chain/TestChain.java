package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.proto.codec.HostPort;
import io.baton.relay.RelayConfig;
import io.baton.relay.RelayStatus;
import io.baton.session.model.LayerSpan;
import io.baton.session.route.RouteConfig;
import io.baton.session.stage.StageConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/**
 * Relays with oracle stages and a client of them, in this process, over loopback. Closing it checks
 * that nothing is left behind: no session, no byte held, nothing in a pool, no thread.
 */
final class TestChain implements AutoCloseable {

  static final int MAX_LENGTH = 2_000;

  private static final long MILLISECOND = 1_000_000L;

  /** Long enough for a slow machine where waiting means failure, short where it means retry. */
  static final RouteConfig.Patience PATIENCE =
      new RouteConfig.Patience(
          10_000 * MILLISECOND,
          10_000 * MILLISECOND,
          60_000 * MILLISECOND,
          600_000 * MILLISECOND,
          2,
          30,
          10_000 * MILLISECOND,
          10_000 * MILLISECOND,
          20 * MILLISECOND,
          200 * MILLISECOND,
          50 * MILLISECOND,
          500 * MILLISECOND);

  /** A session at a relay that failed is left to it, and the last check waits for that. */
  static final Duration LEASE = Duration.ofSeconds(5);

  /** What no healthy run comes near. */
  static final Duration DEADLINE = Duration.ofSeconds(30);

  private final int layers;
  private final RelayConfig.Limits limits;
  private final Node.Front front;
  private final RelayConfig.DataPlane dataPlane;
  private final List<Node> nodes = new ArrayList<>();
  private final List<HostPort> others = new ArrayList<>();
  private final List<InferenceSession> sessions = new ArrayList<>();
  private @Nullable BatonClient client;

  /** With pools that are made in no time. */
  static final RelayConfig.DataPlane DATA_PLANE =
      RelayConfig.DataPlane.DEFAULT.withPoolBytes(8 << 20);

  private TestChain(int layers, RelayConfig.Limits limits, Node.Front front) {
    this(layers, limits, front, DATA_PLANE);
  }

  private TestChain(
      int layers, RelayConfig.Limits limits, Node.Front front, RelayConfig.DataPlane dataPlane) {
    this.layers = layers;
    this.limits = limits;
    this.front = front;
    this.dataPlane = dataPlane;
  }

  /** One relay for each of the model's layers. */
  static TestChain of(int layers) throws IOException {
    return of(layers, RelayConfig.Limits.DEFAULT, Node.Front.NOTHING);
  }

  /** The same, with stages that wait long for a push, so that a slow machine costs none. */
  static TestChain patient(int layers, Node.Front front) throws IOException {
    return of(layers, limits(StageConfig.Limits.DEFAULT, DEADLINE), front);
  }

  /** Stages that wait so long for a push before they ask the client. */
  static RelayConfig.Limits limits(StageConfig.Limits stage, Duration grace) {
    return RelayConfig.Limits.DEFAULT.withStage(
        new StageConfig.Limits(
            stage.speculation(),
            stage.parked(),
            stage.parkedBytes(),
            stage.waiting(),
            stage.recorded(),
            grace.toNanos()));
  }

  static TestChain of(int layers, Node.Front front) throws IOException {
    return of(layers, RelayConfig.Limits.DEFAULT, front);
  }

  static TestChain of(int layers, RelayConfig.Limits limits, Node.Front front) throws IOException {
    TestChain chain = new TestChain(layers, limits, front);
    for (int i = 0; i < layers; i++) {
      chain.add(i, i + 1);
    }
    return chain;
  }

  /** Patient stages, with another data plane. */
  static TestChain of(int layers, RelayConfig.DataPlane dataPlane) throws IOException {
    TestChain chain =
        new TestChain(
            layers, limits(StageConfig.Limits.DEFAULT, DEADLINE), Node.Front.NOTHING, dataPlane);
    for (int i = 0; i < layers; i++) {
      chain.add(i, i + 1);
    }
    return chain;
  }

  /** Patient stages, with another data plane, and another relay for each layer. */
  static TestChain withSpares(int layers, RelayConfig.DataPlane dataPlane) throws IOException {
    TestChain chain = of(layers, dataPlane);
    for (int i = 0; i < layers; i++) {
      chain.add(i, i + 1);
    }
    return chain;
  }

  static TestChain empty(int layers) {
    return new TestChain(layers, RelayConfig.Limits.DEFAULT, Node.Front.NOTHING);
  }

  /** The same, and another relay for each layer. */
  static TestChain withSpares(int layers) throws IOException {
    return withSpares(layers, RelayConfig.Limits.DEFAULT, Node.Front.NOTHING);
  }

  static TestChain withSpares(int layers, RelayConfig.Limits limits, Node.Front front)
      throws IOException {
    TestChain chain = of(layers, limits, front);
    for (int i = 0; i < layers; i++) {
      chain.add(i, i + 1);
    }
    return chain;
  }

  /** Adds a relay, before the client is first used. */
  Node add(int first, int end) throws IOException {
    Node node =
        Node.start("r" + nodes.size(), layers, new LayerSpan(first, end), limits, front, dataPlane);
    nodes.add(node);
    return node;
  }

  /** A relay that the test itself keeps; to be said before the client is first used. */
  void alsoAt(Endpoint relay) {
    others.add(HostPort.parse(relay.toString()));
  }

  Node node(int index) {
    return nodes.get(index);
  }

  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  int layers() {
    return layers;
  }

  RouteConfig route() {
    return RouteConfig.of(layers, OracleExecutor.ROW, MAX_LENGTH).withPatience(PATIENCE);
  }

  SessionOptions options() {
    return SessionOptions.of(OracleExecutor.MODEL, route()).withLease(LEASE);
  }

  BatonClient client() {
    BatonClient existing = client;
    if (existing == null) {
      existing = newClient();
      client = existing;
    }
    return existing;
  }

  /** One more client, which its owner closes. */
  BatonClient newClient() {
    List<HostPort> peers = new ArrayList<>(others);
    nodes.forEach(node -> peers.add(node.address()));
    return BatonClient.create(
        ClientOptions.of(peers)
            .withLanes(dataPlane.lanes().stream().filter(lane -> lane != LaneKind.UCX).toList()));
  }

  Decoding decode() {
    return decode(UnaryOperator.identity());
  }

  Decoding decode(UnaryOperator<SessionOptions> change) {
    return decode(change.apply(options()), SessionListener.NONE);
  }

  Decoding decode(SessionOptions options, SessionListener listener) {
    InferenceSession session = client().openSession(options, listener);
    sessions.add(session);
    return new Decoding(session, layers);
  }

  RelayStatus status(int node) {
    return nodes.get(node).relay().status();
  }

  static ConditionFactory eventually() {
    return await().atMost(DEADLINE).pollInterval(Duration.ofMillis(5));
  }

  /** Everything ends, and nothing is left. */
  @Override
  public void close() {
    sessions.forEach(InferenceSession::close);
    if (client != null) {
      client.close();
    }
    eventually().untilAsserted(this::assertNothingHeld);
    nodes.forEach(Node::close);
    if (others.isEmpty()) {
      assertNoThreadLeft();
    }
  }

  void assertNothingHeld() {
    for (Node node : nodes) {
      node.relayIfAlive()
          .ifPresent(
              relay -> {
                assertThat(relay.status().sessions()).as("sessions at " + node.name()).isZero();
                assertThat(relay.status().heldBytes()).as("bytes at " + node.name()).isZero();
                assertThat(relay.status().reservedBytes())
                    .as("bytes set aside at " + node.name())
                    .isZero();
                assertThat(relay.pool().usage().total().bytes())
                    .as("bytes in the pool of " + node.name())
                    .isZero();
              });
      assertThat(node.oracle.sessions()).as("sessions in the executor of " + node.name()).isZero();
    }
  }

  static void assertNoThreadLeft() {
    eventually()
        .untilAsserted(
            () ->
                assertThat(
                        Thread.getAllStackTraces().keySet().stream()
                            .map(Thread::getName)
                            .filter(name -> name.startsWith("baton-")))
                    .isEmpty());
  }
}

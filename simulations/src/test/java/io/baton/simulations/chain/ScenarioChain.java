package io.baton.simulations.chain;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.proto.codec.HostPort;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.simulations.scenario.Director;
import io.baton.simulations.scenario.OracleTokens;
import io.baton.simulations.scenario.RealChain;
import io.baton.simulations.scenario.RelayHost;
import io.baton.simulations.scenario.RelayWays;
import io.baton.simulations.scenario.Roster;
import io.baton.simulations.scenario.Scenario;
import io.baton.simulations.scenario.ScenarioReport;
import io.baton.simulations.scenario.SessionView;
import io.baton.simulations.world.Oracle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Plays scenarios on real relays, clients and connections, in this process, with stages that
 * compute the simulator's oracle. A pause is one of all traffic to and from the relay.
 */
final class ScenarioChain implements RelayHost<IOException>, AutoCloseable {

  private final Scenario scenario;
  private final Roster roster;
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, RelayWays> ways = new LinkedHashMap<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  private ScenarioChain(Scenario scenario) {
    this.scenario = scenario;
    this.roster = new Roster(scenario);
  }

  /** What came of it, and the tokens. */
  record Played(ScenarioReport report, List<Long> tokens) {}

  static Played play(Scenario scenario) throws Exception {
    try (ScenarioChain chain = new ScenarioChain(scenario)) {
      chain.start();
      return chain.run();
    } finally {
      TestChain.assertNoThreadLeft();
    }
  }

  /** The preferred relays of all stages come before their spares. */
  private void start() throws IOException {
    boolean more = true;
    for (int rank = 0; more; rank++) {
      more = false;
      for (int stage = 1; stage <= scenario.stages(); stage++) {
        if (rank < roster.relays(stage).size()) {
          more = true;
          start(roster.relays(stage).get(rank), new LayerSpan(stage - 1, stage));
        }
      }
    }
  }

  private void start(String name, LayerSpan span) throws IOException {
    Node node =
        Node.start(
            name,
            scenario.stages(),
            span,
            io.baton.relay.RelayConfig.Limits.DEFAULT,
            Node.Front.NOTHING);
    nodes.put(name, node);
    ways.put(
        name,
        RelayWays.to(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), node.address().port()),
            scenario.hopLatency()));
  }

  private Played run() throws Exception {
    try (BatonClient client = BatonClient.create(clientOptions());
        InferenceSession session = client.openSession(options(), SessionListener.NONE);
        RealChain<IOException> chain = new RealChain<>(roster, this, ways, view(session))) {
      session.opened().get(TestChain.DEADLINE.toSeconds(), TimeUnit.SECONDS);
      Director<IOException> director =
          new Director<>(scenario, chain, System::nanoTime, Director.Witness.NONE);
      long begin = System.nanoTime();
      List<Long> tokens = generate(session, director);
      return new Played(
          ScenarioReport.of(
              "relays",
              scenario,
              tokens.size(),
              true,
              session.stats(),
              System.nanoTime() - begin,
              director.happenings()),
          tokens);
    }
  }

  private List<Long> generate(InferenceSession session, Director<IOException> director)
      throws Exception {
    List<Long> tokens = new ArrayList<>();
    long[] input = OracleTokens.prompt(scenario);
    while (tokens.size() < scenario.tokens()) {
      director.before(tokens.size());
      Tensor output =
          session
              .stepAsync(OracleExecutor.rows(input))
              .get(TestChain.DEADLINE.toSeconds(), TimeUnit.SECONDS);
      long token = Oracle.nextToken(OracleExecutor.last(output));
      tokens.add(token);
      director.tokenCame();
      input = new long[] {token};
    }
    return tokens;
  }

  private ClientOptions clientOptions() {
    List<HostPort> peers = new ArrayList<>();
    Map<HostPort, HostPort> detours = new LinkedHashMap<>();
    for (RelayWays way : ways.values()) {
      HostPort peer = new HostPort("127.0.0.1", way.forPeers().getPort());
      peers.add(peer);
      detours.put(peer, new HostPort("127.0.0.1", way.forClient().getPort()));
    }
    return ClientOptions.of(peers).withDetours(detours);
  }

  private SessionOptions options() {
    RouteConfig.Patience usual = RouteConfig.Patience.DEFAULT;
    return SessionOptions.of(
            OracleExecutor.MODEL,
            RouteConfig.of(scenario.stages(), OracleExecutor.ROW, TestChain.MAX_LENGTH)
                .withPush(scenario.push())
                .withStandby(scenario.standby())
                .withPatience(usual.withFailures(usual.failures() + scenario.losses())))
        .withLease(TestChain.LEASE);
  }

  private static SessionView view(InferenceSession session) {
    return new SessionView() {
      @Override
      public List<RelayId> route() {
        return session.route().stream().map(Candidate::relay).toList();
      }

      @Override
      public boolean isAtRest() {
        return session.isAtRest();
      }
    };
  }

  @Override
  public void kill(String relay) {
    node(relay).kill();
  }

  @Override
  public void restart(String relay) throws IOException {
    node(relay).restart();
  }

  @Override
  public void pause(String relay, Duration length) {
    RelayWays way = java.util.Objects.requireNonNull(ways.get(relay));
    way.stall(true);
    var _ = timer.schedule(() -> way.stall(false), length.toNanos(), TimeUnit.NANOSECONDS);
  }

  private Node node(String relay) {
    return java.util.Objects.requireNonNull(nodes.get(relay));
  }

  @Override
  public void close() {
    timer.shutdownNow();
    nodes.values().forEach(Node::close);
    ways.values().forEach(RelayWays::close);
  }
}

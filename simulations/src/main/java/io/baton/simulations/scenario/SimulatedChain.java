package io.baton.simulations.scenario;

import io.baton.session.model.LayerSpan;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.simulations.world.ClientConfig;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.ComputeProfile;
import io.baton.simulations.world.Generation;
import io.baton.simulations.world.LinkProfile;
import io.baton.simulations.world.Node;
import io.baton.simulations.world.OraclePayloads;
import io.baton.simulations.world.RelayConfig;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.Timings;
import io.baton.simulations.world.World;
import io.baton.simulations.world.WorldConfig;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The chain of a scenario in the simulated world. */
final class SimulatedChain implements ScenarioChain<SimulationFailedException> {

  /** What a message takes between two processes of one machine. */
  private static final Duration LOCAL = Duration.ofNanos(100_000);

  private static final ComputeProfile COMPUTE =
      new ComputeProfile(0, 1_000_000, 1_000_000, 100_000);

  /** For the chain to come to rest. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** For a token to come. */
  private static final Duration LONGEST = Duration.ofHours(1);

  private final World world;
  private final ClientNode client;
  private final Roster roster;
  private final Map<Node, Integer> stageOf = new HashMap<>();
  private final Map<List<Node>, Duration> delays = new HashMap<>();

  SimulatedChain(Scenario scenario, long seed) {
    Duration hop = scenario.hopLatency().compareTo(LOCAL) > 0 ? scenario.hopLatency() : LOCAL;
    int length = scenario.promptTokens() + scenario.tokens();
    roster = new Roster(scenario);
    world =
        World.of(
            WorldConfig.of(
                    seed,
                    scenario.stages(),
                    length,
                    (from, to) ->
                        LinkProfile.ofLatency(
                            hop.plus(delays.getOrDefault(List.of(from, to), Duration.ZERO))
                                .toNanos()))
                .withTimings(new Timings(LOCAL.toNanos(), 0, 2 * hop.toNanos())));
    addRelays(scenario);
    RouteConfig route =
        RouteConfig.of(scenario.stages(), OraclePayloads.ROW, length)
            .withPush(scenario.push())
            .withStandby(scenario.standby())
            .withPatience(patience(scenario));
    client =
        world.addClient(
            ClientConfig.of(
                "client",
                route,
                Generation.of(OracleTokens.PROMPT, scenario.promptTokens(), scenario.tokens())),
            0);
    client.hold();
  }

  /** The preferred relays of all stages come before their spares. */
  private void addRelays(Scenario scenario) {
    for (int rank = 0; rank < mostRelays(scenario); rank++) {
      for (int stage = 1; stage <= scenario.stages(); stage++) {
        if (rank < roster.relays(stage).size()) {
          RelayNode relay =
              world.addRelay(
                  RelayConfig.of(
                      roster.relays(stage).get(rank), new LayerSpan(stage - 1, stage), COMPUTE));
          stageOf.put(relay, stage);
        }
      }
    }
  }

  private int mostRelays(Scenario scenario) {
    int most = 0;
    for (int stage = 1; stage <= scenario.stages(); stage++) {
      most = Math.max(most, roster.relays(stage).size());
    }
    return most;
  }

  private static RouteConfig.Patience patience(Scenario scenario) {
    RouteConfig.Patience usual = RouteConfig.Patience.DEFAULT;
    return usual.withFailures(usual.failures() + scenario.losses());
  }

  ClientNode client() {
    return client;
  }

  long nowNanos() {
    return world.nowNanos();
  }

  /** Waits until the first route is open. */
  void open() {
    runUntil(() -> !client.state().route().isEmpty() && client.state().isAtRest(), PATIENCE);
  }

  /** Lets the client take one step. */
  void step() throws SimulationFailedException {
    int token = client.transcript().requests();
    client.release();
    runUntil(() -> client.transcript().requests() > token || client.failures() > 0, LONGEST);
    client.hold();
    if (client.transcript().requests() == token) {
      throw new SimulationFailedException(
          "token %d: no chain of relays could be had within %s of simulated time"
              .formatted(token, client.failures() > 0 ? "the client's patience" : "an hour"));
    }
  }

  private boolean runUntil(BooleanSupplier condition, Duration limit) {
    return world.runUntil(condition, world.nowNanos() + limit.toNanos());
  }

  // ---- what happens to it

  @Override
  public void settle() {
    runUntil(
        () ->
            client.state().isAtRest() || (client.state().route().isEmpty() && !roster.isComplete()),
        PATIENCE);
  }

  @Override
  public String kill(int stage) {
    RelayNode relay = relay(roster.kill(stage, route()));
    Candidate lost = relay.candidate();
    relay.crash();
    awaitGone(lost);
    return relay.name();
  }

  private void awaitGone(Candidate lost) {
    runUntil(() -> !client.state().route().contains(lost), PATIENCE);
  }

  @Override
  public String restart(int stage) {
    RelayNode relay = relay(roster.restart(stage));
    relay.restart();
    return relay.name();
  }

  @Override
  public String pause(int stage, Duration length) {
    RelayNode relay = serving(stage);
    relay.pause();
    after(length, relay::resume);
    return relay.name();
  }

  @Override
  public String delay(Link link, Duration by, Optional<Duration> length) {
    RelayNode relay = serving(link.to());
    for (Node sender : senders(link)) {
      delays.put(List.of(sender, relay), by);
      delays.put(List.of(relay, sender), by);
    }
    length.ifPresent(
        time ->
            after(
                time,
                () -> {
                  for (Node sender : senders(link)) {
                    delays.remove(List.of(sender, relay));
                    delays.remove(List.of(relay, sender));
                  }
                }));
    return relay.name();
  }

  @Override
  public String cut(Link link, Optional<Duration> length) {
    RelayNode relay = serving(link.to());
    Candidate lost = relay.candidate();
    for (Node sender : senders(link)) {
      world.network().cut(sender, relay);
      world.network().cut(relay, sender);
    }
    length.ifPresent(time -> after(time, () -> mend(link, relay)));
    if (link.isOfClient()) {
      if (length.isEmpty()) {
        roster.cutOff(relay.name());
      }
      client.breakStream(relay);
      awaitGone(lost);
    }
    return relay.name();
  }

  private void mend(Link link, RelayNode relay) {
    for (Node sender : senders(link)) {
      world.network().mend(sender, relay);
      world.network().mend(relay, sender);
    }
  }

  private void after(Duration length, Runnable action) {
    world.at(world.nowNanos() + length.toNanos(), action);
  }

  /** All that are, or may come to be, at the link's first end. */
  private List<Node> senders(Link link) {
    return link.isOfClient()
        ? List.of(client)
        : roster.relays(link.from()).stream().<Node>map(this::relay).toList();
  }

  private RelayNode serving(int stage) {
    return relay(roster.serving(stage, route()));
  }

  private List<String> route() {
    return client.state().route().stream().map(hop -> hop.relay().name()).toList();
  }

  private RelayNode relay(String name) {
    return Objects.requireNonNull(world.relay(name));
  }
}

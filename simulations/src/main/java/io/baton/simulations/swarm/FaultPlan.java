package io.baton.simulations.swarm;

import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.Draws;
import io.baton.simulations.world.Fate;
import io.baton.simulations.world.Mischief;
import io.baton.simulations.world.Network;
import io.baton.simulations.world.Node;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.World;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The faults of a run: drawn as it goes and written down, or exactly those that are given. Which
 * fate a message meets depends on nothing but which message it is.
 */
final class FaultPlan implements Mischief {

  private static final int MOST_NODE_FAULTS = 6;
  private static final double SLOW = 20;

  private final SwarmConfig config;
  private final Draws draws;
  private final @Nullable Map<Key, Fate> given;
  private final List<Fault.OfNode> ofNodes;
  private final List<Fault> happened = new ArrayList<>();
  private boolean over;

  private record Key(String from, String to, long connection, long number) {
    static Key of(Transmission sent) {
      return new Key(sent.from().name(), sent.to().name(), sent.connection(), sent.number());
    }
  }

  private FaultPlan(
      SwarmConfig config, @Nullable Map<Key, Fate> given, List<Fault.OfNode> ofNodes) {
    this.config = config;
    this.draws = new Draws(config.seed()).split("faults");
    this.given = given;
    this.ofNodes = ofNodes;
  }

  /** Faults that are drawn from the configuration's seed. */
  static FaultPlan drawn(SwarmConfig config) {
    return new FaultPlan(config, null, drawNodeFaults(config));
  }

  /** These faults and no other. */
  static FaultPlan of(SwarmConfig config, List<Fault> faults) {
    Map<Key, Fate> given = new HashMap<>();
    List<Fault.OfNode> ofNodes = new ArrayList<>();
    for (Fault fault : faults) {
      switch (fault) {
        case Fault.OfMessage(var from, var to, long connection, long number, Fate fate) ->
            given.put(new Key(from, to, connection, number), fate);
        case Fault.OfNode ofNode -> ofNodes.add(ofNode);
      }
    }
    return new FaultPlan(config, given, ofNodes);
  }

  /** What has gone wrong so far, or will at its time. */
  List<Fault> happened() {
    List<Fault> all = new ArrayList<>(ofNodes);
    all.addAll(happened);
    return all;
  }

  /** No message meets a fault any more. */
  void end() {
    over = true;
  }

  // ---- messages

  @Override
  public Fate fate(Transmission sent) {
    if (over) {
      return Fate.DELIVER;
    }
    Fate fate = given == null ? draw(sent) : given.getOrDefault(Key.of(sent), Fate.DELIVER);
    if (fate != Fate.DELIVER) {
      happened.add(
          new Fault.OfMessage(
              sent.from().name(), sent.to().name(), sent.connection(), sent.number(), fate));
    }
    return fate;
  }

  private Fate draw(Transmission sent) {
    FaultRates rates = sent.connection() == 0 ? config.pushes() : config.controls();
    return rates.equals(FaultRates.NONE)
        ? Fate.DELIVER
        : rates.fate(
            draws
                .split(((long) sent.from().index() << 32) | sent.to().index())
                .fraction(sent.connection(), sent.number()));
  }

  // ---- nodes

  private static List<Fault.OfNode> drawNodeFaults(SwarmConfig config) {
    SplittableRandom random = new Draws(config.seed()).split("node faults").generator();
    List<Fault.OfNode> faults = new ArrayList<>();
    int count = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(MOST_NODE_FAULTS);
    Fault.Kind[] kinds = Fault.Kind.values();
    for (int i = 0; i < count; i++) {
      Fault.Kind kind = kinds[random.nextInt(kinds.length)];
      String relay = config.relays().get(random.nextInt(config.relays().size())).name();
      String client = config.clients().get(random.nextInt(config.clients().size())).name();
      String other =
          random.nextInt(3) == 0
              ? client
              : config.relays().get(random.nextInt(config.relays().size())).name();
      faults.add(
          new Fault.OfNode(
              random.nextLong(Math.max(1, config.faultyNanos() / 2)),
              kind,
              kind.isOfClient() ? client : relay,
              switch (kind) {
                case CUT, CUT_BOTH_WAYS -> other;
                case BREAK_STREAM -> relay;
                default -> "";
              },
              random.nextLong(Math.max(1, config.faultyNanos() / 2))));
    }
    return faults;
  }

  void schedule(World world) {
    for (Fault.OfNode fault : ofNodes) {
      world.at(fault.atNanos(), () -> strike(world, fault));
    }
  }

  private static Optional<Node> find(World world, String name) {
    Node relay = world.relay(name);
    return relay != null
        ? Optional.of(relay)
        : world.clients().stream()
            .filter(client -> client.name().equals(name))
            .<Node>map(client -> client)
            .findFirst();
  }

  private void strike(World world, Fault.OfNode fault) {
    Optional<Node> node = find(world, fault.node());
    if (over || node.isEmpty()) {
      return;
    }
    long end = world.nowNanos() + fault.forNanos();
    Optional<Node> other = find(world, fault.other());
    switch (node.get()) {
      case RelayNode relay -> strikeRelay(world, fault.kind(), relay, other, end);
      case ClientNode client -> strikeClient(world, fault.kind(), client, other, end);
    }
  }

  private void strikeRelay(
      World world, Fault.Kind kind, RelayNode relay, Optional<Node> other, long end) {
    switch (kind) {
      case CRASH -> {
        relay.crash();
        world.at(end, () -> comeBack(relay));
      }
      case VANISH -> {
        relay.vanish();
        world.at(end, () -> comeBack(relay));
      }
      case RESTART -> relay.restart();
      case PAUSE -> {
        relay.pause();
        world.at(end, relay::resume);
      }
      case SLOW -> relay.slowDown(SLOW);
      case DRAIN -> relay.drain();
      case FAIL_COMPUTE -> relay.failComputations(1);
      case LOSE_EXECUTOR -> relay.loseExecutor();
      case HANG -> {
        relay.hangExecutor();
        world.at(end, relay::unhangExecutor);
      }
      case PRETEND -> {
        relay.pretend();
        world.at(end, relay::unhangExecutor);
      }
      case CUT -> other.ifPresent(to -> cut(world, relay, to, end));
      case CUT_BOTH_WAYS ->
          other.ifPresent(
              to -> {
                cut(world, relay, to, end);
                cut(world, to, relay, end);
              });
      case BREAK_STREAM, CLIENT_DIES, CLIENT_PAUSES ->
          throw new IllegalArgumentException(kind + " does not happen to relays");
    }
  }

  private static void comeBack(RelayNode relay) {
    if (!relay.isUp()) {
      relay.restart();
    }
  }

  private static void cut(World world, Node from, Node to, long end) {
    Network network = world.network();
    network.cut(from, to);
    world.at(end, () -> network.mend(from, to));
  }

  private static void strikeClient(
      World world, Fault.Kind kind, ClientNode client, Optional<Node> other, long end) {
    if (!client.isUp() || client.isFinished()) {
      return;
    }
    switch (kind) {
      case CLIENT_DIES -> client.die();
      case CLIENT_PAUSES -> {
        client.pause();
        world.at(end, client::resume);
      }
      case BREAK_STREAM ->
          other.ifPresent(
              node -> {
                if (node instanceof RelayNode relay) {
                  client.breakStream(relay);
                }
              });
      default -> throw new IllegalArgumentException(kind + " does not happen to clients");
    }
  }

  /** Ends all faults: every node is up, and every link clean. */
  void heal(World world) {
    end();
    world.network().heal();
    for (RelayNode relay : world.relays()) {
      relay.resume();
      relay.unhangExecutor();
      if (!relay.isReady()) {
        relay.restart();
      }
      if (relay.isSlow()) {
        relay.slowDown(1);
      }
    }
    world.clients().forEach(ClientNode::resume);
  }
}

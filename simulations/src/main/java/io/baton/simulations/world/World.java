package io.baton.simulations.world;

import io.baton.session.route.Candidate;
import io.baton.session.route.RouteInput;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Relays and clients that run the protocol's machines in virtual time. Everything that happens
 * follows from the configuration's seed and from what is done to the world. Not thread-safe.
 */
public final class World {

  private final WorldConfig config;
  private final Protocol protocol;
  private final Mischief mischief;
  private final WorldObserver observer;
  private final Draws draws;
  private final Timeline timeline = new Timeline();
  private final Network network;
  private final WorldStatistics statistics = new WorldStatistics();
  private final List<RelayNode> relays = new ArrayList<>();
  private final List<ClientNode> clients = new ArrayList<>();
  private final Map<String, RelayNode> relaysByName = new HashMap<>();
  private int nodes;
  private int unfinished;

  public World(WorldConfig config, Protocol protocol, Mischief mischief, WorldObserver observer) {
    this.config = config;
    this.protocol = protocol;
    this.mischief = mischief;
    this.observer = observer;
    this.draws = new Draws(config.seed());
    this.network = new Network(this, config.links(), draws.split("network"));
  }

  /** A world of the production machines, in which nothing goes wrong of its own accord. */
  public static World of(WorldConfig config) {
    return new World(config, Protocol.PRODUCTION, Mischief.NONE, WorldObserver.NONE);
  }

  // ---- its parts

  public RelayNode addRelay(RelayConfig relay) {
    RelayNode node = new RelayNode(this, relay, nodes++);
    if (relaysByName.putIfAbsent(relay.name(), node) != null) {
      throw new IllegalArgumentException("there is a relay named " + relay.name() + " already");
    }
    relays.add(node);
    return node;
  }

  /** Adds a client that makes its first request after a while. */
  public ClientNode addClient(ClientConfig client, long delayNanos) {
    ClientNode node = new ClientNode(this, client, nodes++);
    clients.add(node);
    unfinished++;
    node.start(delayNanos);
    return node;
  }

  public WorldConfig config() {
    return config;
  }

  public List<RelayNode> relays() {
    return Collections.unmodifiableList(relays);
  }

  public List<ClientNode> clients() {
    return Collections.unmodifiableList(clients);
  }

  public @Nullable RelayNode relay(String name) {
    return relaysByName.get(name);
  }

  public Network network() {
    return network;
  }

  public Timeline timeline() {
    return timeline;
  }

  public WorldStatistics statistics() {
    return statistics;
  }

  /** The world's own draws; take a part of them for a purpose of your own. */
  public Draws draws() {
    return draws;
  }

  public long nowNanos() {
    return timeline.nowNanos();
  }

  Protocol protocol() {
    return protocol;
  }

  Mischief mischief() {
    return mischief;
  }

  WorldObserver observer() {
    return observer;
  }

  Timings timings() {
    return config.timings();
  }

  long sizeOf(Message message) {
    return config.wire().of(message);
  }

  // ---- running

  /** Lets something be done at a point of time. */
  public void at(long timeNanos, Runnable action) {
    timeline.schedule(
        new Event() {
          @Override
          protected void run() {
            action.run();
          }
        },
        timeNanos);
  }

  /**
   * Runs until a condition holds, which is looked at after every event, or a point of time is
   * reached, or nothing is left to happen.
   *
   * @return whether the condition holds
   */
  public boolean runUntil(BooleanSupplier condition, long limitNanos) {
    while (!condition.getAsBoolean()) {
      if (!timeline.runNext(limitNanos)) {
        timeline.advanceTo(limitNanos);
        return condition.getAsBoolean();
      }
      observer.afterEvent(this);
    }
    return true;
  }

  /** Runs until every client has all that it wanted; false if one has not when time is over. */
  public boolean runUntilFinished(long limitNanos) {
    return runUntil(this::isFinished, limitNanos);
  }

  /** Runs until a point of time. */
  public void runTo(long timeNanos) {
    runUntil(() -> false, timeNanos);
  }

  /** Whether no living client wants anything more. */
  public boolean isFinished() {
    return unfinished == 0;
  }

  void finished() {
    unfinished--;
  }

  // ---- what nodes ask for

  /** Tells the client, when the news can have got there, that the relay's end is gone. */
  void resets(Connection stream) {
    stream.closedAtRelay = true;
    if (network.isCut(stream.relay, stream.client)) {
      if (timings().noticeNanos() > 0) {
        lostLater(stream, timings().noticeNanos(), "no sign of life");
      }
    } else {
      lostLater(
          stream, network.profile(stream.relay, stream.client).latencyNanos(), "not reachable");
    }
  }

  /** Lets both ends notice after a while that a stream is broken; never, if the while is 0. */
  void breaks(Connection stream, long nanos, String why) {
    stream.toRelay.severed = true;
    stream.toClient.severed = true;
    if (nanos > 0) {
      lostLater(stream, nanos, why);
      relayLosesLater(stream, nanos);
    }
  }

  /** Lets the relay notice that the client has dropped a stream. */
  void tellsRelay(Connection stream) {
    relayLosesLater(stream, network.profile(stream.client, stream.relay).latencyNanos());
  }

  private void lostLater(Connection stream, long nanos, String why) {
    timeline.schedule(
        new Event() {
          @Override
          protected void run() {
            if (!stream.client.keeps(this)) {
              stream.client.lost(stream, why);
            }
          }
        },
        nowNanos() + nanos);
  }

  private void relayLosesLater(Connection stream, long nanos) {
    timeline.schedule(
        new Event() {
          @Override
          protected void run() {
            if (!stream.relay.keeps(this)) {
              stream.relay.streamGone(stream);
            }
          }
        },
        nowNanos() + nanos);
  }

  /** Gives a client's machine an input once it is done with the one that it is at. */
  void later(ClientNode client, RouteInput input) {
    at(nowNanos(), () -> client.feed(input));
  }

  void discovers(ClientNode client) {
    List<Candidate> candidates = config.directory().candidates(this, client);
    timeline.schedule(
        new Event() {
          @Override
          protected void run() {
            if (!client.keeps(this) && client.isUp()) {
              client.feed(new RouteInput.Discovered(candidates));
            }
          }
        },
        nowNanos() + timings().discoveryNanos());
  }
}

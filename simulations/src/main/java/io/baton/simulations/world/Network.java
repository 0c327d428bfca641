package io.baton.simulations.world;

import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.route.RouteInput;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Carries messages. A stream between client and relay keeps its order; what a link loses of it
 * comes late, and across a cut it comes to nothing, until both ends notice. Pushes may be lost,
 * doubled and reordered. What a {@link Mischief} decides is done to either.
 */
public final class Network {

  /** A held-up message comes later by up to so many times the link's latency. */
  private static final int HOLD_UP = 8;

  private final World world;
  private final LinkModel links;
  private final Draws draws;
  private final Map<Long, Way> pushWays = new HashMap<>();
  private final Set<Long> cuts = new HashSet<>();
  private boolean calm;
  private long inFlight;

  Network(World world, LinkModel links, Draws draws) {
    this.world = world;
    this.links = links;
    this.draws = draws;
  }

  /** Lets nothing through from one node to another, in this direction. */
  public void cut(Node from, Node to) {
    cuts.add(key(from, to));
  }

  /** Takes a cut back. */
  public void mend(Node from, Node to) {
    cuts.remove(key(from, to));
  }

  /** Takes all cuts back; links lose, double and reorder nothing from now on. */
  public void heal() {
    cuts.clear();
    calm = true;
  }

  public boolean isCut(Node from, Node to) {
    return !cuts.isEmpty() && cuts.contains(key(from, to));
  }

  /** Messages that are under way. */
  public long inFlight() {
    return inFlight;
  }

  private static long key(Node from, Node to) {
    return ((long) from.index() << 32) | to.index();
  }

  LinkProfile profile(Node from, Node to) {
    LinkProfile profile = links.between(from, to);
    return calm ? profile.calm() : profile;
  }

  // ---- streams

  void send(Connection stream, Node to, Message message) {
    Node from = to == stream.relay ? stream.client : stream.relay;
    Way way = stream.way(to);
    long number = way.messages++;
    Fate fate =
        world.mischief().fate(new Mischief.Transmission(from, to, message, stream.number, number));
    count(from, to, message);
    world.observer().onSent(from, to, message, fate);
    if (isCut(from, to) && !way.severed) {
      way.severed = true;
      world.breaks(stream, world.timings().noticeNanos(), "nothing gets through any more");
    }
    if (way.severed || fate == Fate.LOSE) {
      return;
    }
    LinkProfile profile = profile(from, to);
    if (fate == Fate.BREAK) {
      way.severed = true;
      world.breaks(stream, profile.latencyNanos(), "the stream broke");
      return;
    }
    long salt = stream.number * 2 + (to == stream.relay ? 0 : 1);
    Draws chance = draws.split(key(from, to)).split(salt);
    long arrival = arrival(way, profile, world.sizeOf(message), chance, number);
    if (profile.loss() > 0 && chance.fraction(number, 1) < profile.loss()) {
      arrival += 2 * profile.latencyNanos() + world.timings().repeatNanos();
    }
    if (fate == Fate.DELAY) {
      arrival += heldUp(profile, chance, number);
    } else {
      arrival = Math.max(arrival, way.lastArrivalNanos);
      way.lastArrivalNanos = arrival;
    }
    Message arriving = fate == Fate.CORRUPT ? refused(stream, message) : message;
    deliver(stream, to, arriving, arrival);
    if (fate == Fate.DOUBLE) {
      deliver(stream, to, arriving, arrival + heldUp(profile, chance, number));
    }
  }

  /** What a receiver makes of a message whose payload has not the digest that was announced. */
  private static Message refused(Connection stream, Message message) {
    return message instanceof Message.Reply(RouteInput.Answered answered)
        ? new Message.Reply(
            new RouteInput.Refused(
                stream.meant, answered.step().id(), Refusal.BAD_DIGEST, "damaged on its way"))
        : message instanceof Message.StepMessage(var send) && send.payload().isPresent()
            ? new Message.StepMessage(
                new io.baton.session.route.RouteEffect.Send(
                    send.relay(),
                    send.step(),
                    send.nextPeers(),
                    send.digest(),
                    send.payload().map(Network::flipped)))
            : message;
  }

  private void deliver(Connection stream, Node to, Message message, long atNanos) {
    inFlight++;
    world.timeline().schedule(new Arrival(stream, to, message), atNanos);
  }

  private final class Arrival extends Event {
    private final Connection stream;
    private final Node to;
    private final Message message;

    Arrival(Connection stream, Node to, Message message) {
      this.stream = stream;
      this.to = to;
      this.message = message;
    }

    @Override
    protected void run() {
      if (to.keeps(this)) {
        return;
      }
      inFlight--;
      if (to == stream.relay) {
        stream.relay.arrives(stream, message);
      } else {
        stream.client.arrives(stream, message);
      }
    }
  }

  // ---- pushes

  void push(RelayNode from, RelayNode to, Push push) {
    // Mixed, because the hash of a Long would put most pairs of nodes in a few buckets.
    Way way = pushWays.computeIfAbsent(Mix.mix(key(from, to)), _ -> new Way());
    long number = way.messages++;
    Message message = new Message.Pushed(push);
    Fate fate = world.mischief().fate(new Mischief.Transmission(from, to, message, 0, number));
    count(from, to, message);
    world.observer().onSent(from, to, message, fate);
    LinkProfile profile = profile(from, to);
    Draws chance = draws.split(key(from, to));
    if (isCut(from, to)
        || fate == Fate.LOSE
        || fate == Fate.BREAK
        || (profile.loss() > 0 && chance.fraction(number, 1) < profile.loss())) {
      return;
    }
    long arrival = arrival(way, profile, world.sizeOf(message), chance, number);
    if (fate == Fate.DELAY
        || (profile.reordering() > 0 && chance.fraction(number, 2) < profile.reordering())) {
      arrival += heldUp(profile, chance, number);
    }
    Push arriving = fate == Fate.CORRUPT ? flipped(push) : push;
    deliver(from, to, arriving, arrival);
    if (fate == Fate.DOUBLE
        || (profile.duplication() > 0 && chance.fraction(number, 3) < profile.duplication())) {
      deliver(from, to, arriving, arrival + heldUp(profile, chance, number + 1));
    }
  }

  private void deliver(RelayNode from, RelayNode to, Push push, long atNanos) {
    inFlight++;
    world.timeline().schedule(new PushArrival(from, to, push), atNanos);
  }

  private final class PushArrival extends Event {
    private final io.baton.session.model.RelayId from;
    private final RelayNode to;
    private final Push push;

    PushArrival(RelayNode from, RelayNode to, Push push) {
      this.from = from.id();
      this.to = to;
      this.push = push;
    }

    @Override
    protected void run() {
      if (!to.keeps(this)) {
        inFlight--;
        to.pushed(from, push);
      }
    }
  }

  private static Push flipped(Push push) {
    return new Push(
        push.session(), push.ticket(), push.step(), push.nextPeers(), flipped(push.payload()));
  }

  /** Other bytes, and the digest that is theirs. */
  private static Payload flipped(Payload payload) {
    long[] rows = OraclePayloads.rows(payload);
    for (int i = 0; i < rows.length; i++) {
      rows[i] ^= 1L << (i & 63);
    }
    return OraclePayloads.payload(rows);
  }

  // ---- time

  private long arrival(Way way, LinkProfile profile, long bytes, Draws chance, long number) {
    long begin = Math.max(world.nowNanos(), way.busyUntilNanos);
    way.busyUntilNanos = begin + profile.transmissionNanos(bytes);
    long jitter =
        profile.jitterNanos() == 0
            ? 0
            : (long) (profile.jitterNanos() * chance.fraction(number, 0));
    return way.busyUntilNanos + profile.latencyNanos() + jitter;
  }

  private static long heldUp(LinkProfile profile, Draws chance, long number) {
    long most = HOLD_UP * (profile.latencyNanos() + profile.jitterNanos()) + 1;
    return (long) (most * chance.fraction(number, 4));
  }

  private void count(Node from, Node to, Message message) {
    WorldStatistics statistics = world.statistics();
    long bytes = world.sizeOf(message);
    statistics.messages++;
    if (from instanceof ClientNode) {
      statistics.clientBytesSent += bytes;
    } else if (to instanceof ClientNode) {
      statistics.clientBytesReceived += bytes;
    } else {
      statistics.serverBytes += bytes;
    }
  }
}

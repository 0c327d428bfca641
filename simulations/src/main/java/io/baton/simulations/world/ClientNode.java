package io.baton.simulations.world;

import io.baton.session.Transition;
import io.baton.session.model.Proof;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.verification.SessionSecret;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A client with one session and the application that uses it. */
public final class ClientNode extends Node {

  private static final int HEARTBEATS_A_LEASE = 3;

  private final World world;
  private final ClientConfig config;
  private final SessionId id;
  private final SessionSecret secret;
  private final Protocol.Route machine;
  private final Transcript transcript = new Transcript();
  private final List<Connection> connections = new ArrayList<>(4);
  private final Timer timer = new Timer();
  private final Heartbeats heartbeats = new Heartbeats();
  private final NextRequest nextRequest = new NextRequest();
  private RouteState state;
  private @Nullable Request pending;
  private long requests;
  private long streams;
  private long failures;
  private long startedNanos;
  private long firstAcceptedNanos = -1;
  private long finishedNanos = -1;
  private boolean up = true;
  private boolean held;
  private boolean heldUp;

  ClientNode(World world, ClientConfig config, int index) {
    super(config.name(), index);
    this.world = world;
    this.config = config;
    Draws draws = world.draws().split("client").split(index);
    this.id = new SessionId(draws.bits(0), index);
    this.secret = secret(draws.split("secret"));
    this.machine = world.protocol().route(id, OraclePayloads.PAYLOADS, draws.bits(1));
    this.state = RouteState.initial(config.route());
  }

  /** Begins with its first request after a while. */
  void start(long delayNanos) {
    startedNanos = world.nowNanos() + delayNanos;
    world.timeline().schedule(nextRequest, startedNanos);
    world.timeline().schedule(heartbeats, startedNanos + config.leaseNanos() / HEARTBEATS_A_LEASE);
  }

  private static SessionSecret secret(Draws draws) {
    ByteBuffer bytes = ByteBuffer.allocate(SessionSecret.BYTES);
    for (int i = 0; bytes.hasRemaining(); i++) {
      bytes.putLong(draws.bits(i));
    }
    return new SessionSecret(bytes.array());
  }

  private Proof proof(Candidate relay) {
    return secret.proof(id, relay.relay(), relay.address());
  }

  public ClientConfig config() {
    return config;
  }

  public SessionId id() {
    return id;
  }

  public RouteState state() {
    return state;
  }

  public Transcript transcript() {
    return transcript;
  }

  /** The request under way, or to be made again. */
  public @Nullable Request pending() {
    return pending;
  }

  @Override
  public long nowNanos() {
    return world.nowNanos();
  }

  @Override
  WorldObserver observer() {
    return world.observer();
  }

  @Override
  public boolean isUp() {
    return up;
  }

  /** Whether the application has got all that it wanted. */
  public boolean isFinished() {
    return finishedNanos >= 0;
  }

  public long startedNanos() {
    return startedNanos;
  }

  /** When the first request was accepted; negative before. */
  public long firstAcceptedNanos() {
    return firstAcceptedNanos;
  }

  /** When the last request was accepted; negative before. */
  public long finishedNanos() {
    return finishedNanos;
  }

  /** How often the session gave up, so that the application had to ask again. */
  public long failures() {
    return failures;
  }

  /** Streams that the client has open. */
  public int streams() {
    return connections.size();
  }

  /** When the machine's timer fires; empty if it is not set. */
  public OptionalLong timerNanos() {
    return timer.isPending() ? OptionalLong.of(timer.timeNanos()) : OptionalLong.empty();
  }

  /** Whether the application is going to ask for something of its own accord. */
  public boolean isAboutToRequest() {
    return nextRequest.isPending();
  }

  // ---- what can be done to it

  /** The process dies; its streams break. */
  public void die() {
    if (!up || isFinished()) {
      return;
    }
    world.observer().onFault(this, "dies");
    up = false;
    forgetBacklog();
    stopTimers();
    for (Connection stream : connections) {
      stream.openAtClient = false;
      world.tellsRelay(stream);
    }
    connections.clear();
    world.finished();
  }

  /** Breaks the stream to a relay, if there is one. */
  public void breakStream(RelayNode relay) {
    for (Connection stream : connections) {
      if (stream.relay == relay) {
        world.observer().onFault(this, "loses its stream to " + relay);
        world.breaks(stream, 1, "the stream broke");
        return;
      }
    }
  }

  /**
   * Lets the application wait with its next request until {@link #release}; the session's route is
   * opened all the same.
   */
  public void hold() {
    held = true;
  }

  /** Lets the application go on; if its request was due meanwhile, it is made at once. */
  public void release() {
    held = false;
    if (heldUp) {
      heldUp = false;
      world.timeline().schedule(nextRequest, world.nowNanos());
    }
  }

  private void stopTimers() {
    world.timeline().cancel(timer);
    world.timeline().cancel(heartbeats);
    world.timeline().cancel(nextRequest);
  }

  // ---- the application

  private final class NextRequest extends Event {
    @Override
    protected void run() {
      if (keeps(this)) {
        return;
      }
      if (!held) {
        request();
        return;
      }
      heldUp = true;
      if (requests == 0) {
        feed(new RouteInput.Begin());
      }
    }
  }

  private void request() {
    if (pending == null) {
      pending = config.application().next(transcript);
    }
    if (pending == null) {
      finish();
      return;
    }
    requests++;
    feed(
        new RouteInput.Submit(
            requests, pending.position(), OraclePayloads.payload(pending.rows())));
  }

  private void finish() {
    finishedNanos = world.nowNanos();
    feed(new RouteInput.Close());
    stopTimers();
    world.observer().onFinished(this);
    world.finished();
  }

  private void accepted(Request request, long[] outputs) {
    pending = null;
    if (firstAcceptedNanos < 0) {
      firstAcceptedNanos = world.nowNanos();
    }
    world.observer().onAccepted(this, request, outputs);
    transcript.accept(request, outputs);
    world.timeline().schedule(nextRequest, world.nowNanos() + config.thinkNanos());
  }

  // ---- the machine

  private final class Timer extends Event {
    @Override
    protected void run() {
      if (!keeps(this)) {
        OptionalLong due = state.nextDeadlineNanos();
        if (due.isPresent() && due.getAsLong() <= world.nowNanos()) {
          feed(new RouteInput.Tick());
        } else {
          setTimer();
        }
      }
    }
  }

  private final class Heartbeats extends Event {
    @Override
    protected void run() {
      if (!keeps(this)) {
        for (Connection stream : connections) {
          world.network().send(stream, stream.relay, new Message.Heartbeat());
        }
        world
            .timeline()
            .schedule(this, world.nowNanos() + config.leaseNanos() / HEARTBEATS_A_LEASE);
      }
    }
  }

  void feed(RouteInput input) {
    RouteState before = state;
    Transition<RouteState, RouteEffect> made = machine.step(before, input, world.nowNanos());
    state = made.state();
    world.statistics().routeInputs++;
    world.observer().onRoute(this, input, before, made);
    for (RouteEffect effect : made.effects()) {
      if (up) {
        carryOut(effect);
      }
    }
    if (up) {
      setTimer();
    }
  }

  /** Set only if it would fire too late: one that fires too early sets itself again. */
  private void setTimer() {
    OptionalLong due = state.nextDeadlineNanos();
    if (due.isPresent() && (!timer.isPending() || timer.timeNanos() > due.getAsLong())) {
      world.timeline().move(timer, due.getAsLong());
    }
  }

  private void carryOut(RouteEffect effect) {
    switch (effect) {
      case RouteEffect.Open open ->
          send(stream(open.relay()), new Message.Opening(open, proof(open.relay())));
      case RouteEffect.Send send -> {
        Connection stream = find(send.relay());
        if (stream == null) {
          world.later(this, new RouteInput.RelayLost(send.relay(), "its stream is gone"));
        } else {
          send(stream, new Message.StepMessage(send));
        }
      }
      case RouteEffect.CloseStage(RelayId relay) -> {
        Connection stream = find(relay);
        if (stream != null) {
          send(stream, new Message.Closing());
          drop(stream);
        }
      }
      case RouteEffect.Disconnect(RelayId relay) -> {
        Connection stream = find(relay);
        if (stream != null) {
          drop(stream);
          world.tellsRelay(stream);
        }
      }
      case RouteEffect.Discover _ -> world.discovers(this);
      case RouteEffect.Accepted(long _, int _, var output) -> {
        Request request = pending;
        if (request == null) {
          throw new IllegalStateException("an output that nobody has asked for: " + effect);
        }
        accepted(request, OraclePayloads.rows(output));
      }
      case RouteEffect.Declined declined ->
          throw new IllegalStateException(
              "%s declined: %s: %s".formatted(this, declined.reason(), declined.message()));
      case RouteEffect.Failed(long request, var _) -> {
        if (request > 0 && pending != null && !isFinished()) {
          failures++;
          world.timeline().schedule(nextRequest, world.nowNanos() + config.retryNanos());
        }
      }
      case RouteEffect.RouteOpened _,
          RouteEffect.MismatchSeen _,
          RouteEffect.StandbyReady _,
          RouteEffect.StandbyLost _ -> {}
    }
  }

  private void send(Connection stream, Message message) {
    world.network().send(stream, stream.relay, message);
  }

  private Connection stream(Candidate relay) {
    Connection known = find(relay.relay());
    if (known != null) {
      return known;
    }
    RelayNode node = world.relay(relay.relay().name());
    if (node == null) {
      throw new IllegalArgumentException("there is no relay " + relay);
    }
    Connection stream = new Connection(this, node, relay.relay(), ++streams);
    connections.add(stream);
    return stream;
  }

  private @Nullable Connection find(RelayId relay) {
    for (Connection stream : connections) {
      if (stream.meant.equals(relay)) {
        return stream;
      }
    }
    return null;
  }

  private void drop(Connection stream) {
    stream.openAtClient = false;
    connections.remove(stream);
  }

  // ---- what arrives

  void arrives(Connection stream, Message message) {
    if (!stream.openAtClient || !up) {
      return;
    }
    switch (message) {
      case Message.Reply(RouteInput.Opened opened) when !opened.relay().equals(stream.meant) -> {
        drop(stream);
        world.tellsRelay(stream);
        feed(new RouteInput.RelayLost(stream.meant, "it has been restarted"));
      }
      case Message.Reply(RouteInput.Refused refused) ->
          feed(
              new RouteInput.Refused(
                  stream.meant, refused.step(), refused.reason(), refused.message()));
      case Message.Reply(RouteInput input) -> feed(input);
      case Message.EndOfStream(String why) -> lost(stream, why);
      case Message.Opening _,
          Message.StepMessage _,
          Message.Closing _,
          Message.Heartbeat _,
          Message.Pushed _ ->
          throw new IllegalArgumentException("no relay sends " + message);
    }
  }

  /** The stream is gone. */
  void lost(Connection stream, String why) {
    if (stream.openAtClient && up) {
      drop(stream);
      feed(new RouteInput.RelayLost(stream.meant, why));
    }
  }
}

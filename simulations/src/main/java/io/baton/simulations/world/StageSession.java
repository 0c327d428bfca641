package io.baton.simulations.world;

import io.baton.session.Transition;
import io.baton.session.model.Proof;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.model.SessionId;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.route.RouteInput;
import io.baton.session.stage.DropReason;
import io.baton.session.stage.Lease;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A session at a relay: feeds its machine and carries the effects out. */
public final class StageSession {

  private final RelayNode relay;
  private final SessionId id;
  private final Proof.Seal seal;
  private final Ticket ticket;
  private final Protocol.Stage machine;
  private final OracleExecutorState executor;
  private final Timer timer = new Timer();
  private StageState state;
  private @Nullable Connection client;
  private Lease lease;
  private long heldBytes;
  private boolean over;

  StageSession(RelayNode relay, SessionId id, StageConfig config, Proof.Seal seal, Ticket ticket) {
    this.relay = relay;
    this.id = id;
    this.seal = seal;
    this.ticket = ticket;
    this.machine = relay.world().protocol().stage(relay.id(), id);
    this.executor = new OracleExecutorState(relay.config().span());
    this.state = StageState.initial(config);
    this.lease =
        Lease.begin(relay.config().leaseNanos(), relay.config().idleNanos(), relay.nowNanos());
    world().timeline().schedule(timer, lease.endNanos());
  }

  public SessionId id() {
    return id;
  }

  public RelayNode relay() {
    return relay;
  }

  public StageState state() {
    return state;
  }

  /** What the executor holds of the session. */
  public OracleExecutorState executor() {
    return executor;
  }

  public boolean isOver() {
    return over;
  }

  public long leaseEndNanos() {
    return lease.endNanos();
  }

  /** When the session's timer fires; empty if it is not set, which must not be. */
  public OptionalLong timerNanos() {
    return timer.isPending() ? OptionalLong.of(timer.timeNanos()) : OptionalLong.empty();
  }

  Ticket ticket() {
    return ticket;
  }

  /** Of the proof by which the session's client is known. */
  Proof.Seal seal() {
    return seal;
  }

  /** Bytes that the session makes the relay keep, as it counts them; 0 if it has no limit. */
  public long heldBytes() {
    return heldBytes;
  }

  /** The world's time. */
  public long nowNanos() {
    return relay.nowNanos();
  }

  private World world() {
    return relay.world();
  }

  // ---- from the client

  void announce(Connection from, StageInput.Announce announcement) {
    client = from;
    lease = lease.heard(nowNanos());
    offer(announcement);
  }

  void clientStep(Connection from, StageInput.ClientStep step) {
    if (from == client) {
      lease = lease.stepped(nowNanos());
      offer(step);
    }
  }

  void heartbeat(Connection from) {
    if (from == client) {
      lease = lease.heard(nowNanos());
    }
  }

  void detach(Connection from) {
    if (from == client) {
      client = null;
    }
  }

  @Nullable Connection client() {
    return client;
  }

  // ---- the machine

  /** Brings something, if the relay has room for it. */
  void offer(StageInput input) {
    boolean room = relay.hasRoom(this, input);
    if (!room && input instanceof StageInput.PeerPush) {
      world().statistics().pushesShed++;
    }
    feed(room ? input : new StageInput.NoRoom(input));
  }

  void feed(StageInput input) {
    StageState before = state;
    Transition<StageState, StageEffect> made = machine.step(before, input, world().nowNanos());
    state = made.state();
    world().statistics().stageInputs++;
    world().observer().onStage(this, input, before, made);
    for (StageEffect effect : made.effects()) {
      if (!over) {
        carryOut(effect);
      }
    }
    if (!over) {
      relay.holds(this, heldBytes);
      setTimer();
    }
  }

  void setHeldBytes(long bytes) {
    heldBytes = bytes;
  }

  /** Set only if it would fire too late: one that fires too early sets itself again. */
  private void setTimer() {
    long due = dueNanos();
    if (!timer.isPending() || timer.timeNanos() > due) {
      world().timeline().move(timer, due);
    }
  }

  private long dueNanos() {
    OptionalLong deadline = state.nextDeadlineNanos();
    return deadline.isPresent()
        ? Math.min(deadline.getAsLong(), lease.endNanos())
        : lease.endNanos();
  }

  private final class Timer extends Event {
    @Override
    protected void run() {
      if (over || relay.keeps(this)) {
        return;
      }
      long now = world().nowNanos();
      if (lease.isOver(now)) {
        world().statistics().leasesEnded++;
        end(Refusal.NO_SESSION, "the lease is over");
      } else if (now >= dueNanos()) {
        feed(new StageInput.Tick());
      } else {
        setTimer();
      }
    }
  }

  private void carryOut(StageEffect effect) {
    switch (effect) {
      case StageEffect.Opened(long epoch, int length) ->
          reply(new RouteInput.Opened(relay.id(), epoch, length, ticket));
      case StageEffect.Rollback(int length) -> executor.rollback(length);
      case StageEffect.Compute compute -> relay.compute(this, compute);
      case StageEffect.PushOutput push -> pushOn(push);
      case StageEffect.Respond respond ->
          reply(
              new RouteInput.Answered(
                  relay.id(),
                  respond.step(),
                  respond.source(),
                  respond.inputDigest(),
                  respond.output()));
      case StageEffect.Absorbed absorbed ->
          reply(
              new RouteInput.Absorbed(
                  relay.id(),
                  absorbed.step(),
                  absorbed.source(),
                  absorbed.inputDigest(),
                  absorbed.currentLength()));
      case StageEffect.Working(StepId step, long workLeft) ->
          reply(new RouteInput.Working(relay.id(), step, workLeft));
      case StageEffect.AskPayload(StepId step) ->
          reply(new RouteInput.PayloadAsked(relay.id(), step));
      case StageEffect.ReportMismatch report ->
          reply(
              new RouteInput.MismatchReported(
                  relay.id(),
                  report.step(),
                  report.client(),
                  report.peer(),
                  report.from(),
                  report.rolledBack()));
      case StageEffect.Refuse refuse ->
          reply(
              new RouteInput.Refused(relay.id(), refuse.step(), refuse.reason(), refuse.message()));
      case StageEffect.Dropped(var _, var _, DropReason reason) ->
          world().statistics().drop(reason);
    }
  }

  private void pushOn(StageEffect.PushOutput effect) {
    RelayNode to = world().relay(effect.to().relay().name());
    if (to != null) {
      world()
          .network()
          .push(
              relay,
              to,
              new Push(
                  id, effect.to().ticket(), effect.step(), effect.nextPeers(), effect.output()));
    }
  }

  private void reply(RouteInput input) {
    if (client != null) {
      world().network().send(client, client.client, new Message.Reply(input));
    }
  }

  // ---- the executor

  /** The executor is at a step, or at what comes before it. */
  void working(StageEffect.Compute compute, long workLeft) {
    lease = lease.worked(nowNanos());
    feed(new StageInput.Working(compute.command(), workLeft));
  }

  /** The executor is done with a step, or has failed at it. */
  void computed(StageEffect.Compute compute, long nanos, boolean failed) {
    lease = lease.worked(nowNanos());
    if (failed) {
      feed(new StageInput.ComputeFailed(compute.command(), "the executor failed"));
      return;
    }
    long[] outputs =
        executor.forward(compute.step().position(), OraclePayloads.rows(compute.input()));
    feed(new StageInput.Computed(compute.command(), OraclePayloads.payload(outputs), nanos));
  }

  // ---- its end

  void drain() {
    reply(new RouteInput.RelayDraining(relay.id()));
  }

  /** The relay gives the session up, and tells the client. */
  void end(Refusal reason, String why) {
    reply(new RouteInput.Refused(relay.id(), new StepId(state.epoch(), 0), reason, why));
    end(why);
  }

  /** The client is done with the session, unless it has opened another stream for it since. */
  void closedBy(Connection from) {
    if (from == client) {
      world().network().send(from, from.client, new Message.EndOfStream("closed"));
      end("closed");
    }
  }

  /** Nobody is told. */
  void end(String why) {
    if (over) {
      return;
    }
    over = true;
    client = null;
    world().timeline().cancel(timer);
    relay.ended(this, why);
  }

  @Override
  public String toString() {
    return "%s@%s".formatted(Objects.toString(id.low()), relay);
  }
}

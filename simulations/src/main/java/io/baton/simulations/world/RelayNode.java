package io.baton.simulations.world;

import io.baton.session.FairShare;
import io.baton.session.model.Proof;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.stage.DropReason;
import io.baton.session.stage.Footprint;
import io.baton.session.stage.HeldRules;
import io.baton.session.stage.OpeningRules;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A relay with its executor. */
public final class RelayNode extends Node {

  private final World world;
  private final RelayConfig config;
  private final StageConfig stageConfig;
  private final OpeningRules opening;
  private final Draws draws;
  private final Map<SessionId, StageSession> sessions = new LinkedHashMap<>(4);
  private final Executor executor;
  private RelayId id;
  private Candidate candidate;
  private long incarnations;
  private long tickets;
  private boolean up = true;
  private boolean silent;
  private boolean draining;
  private double slowdown = 1;
  private long heldBytes;
  private long failingComputations;

  RelayNode(World world, RelayConfig config, int index) {
    super(config.name(), index);
    this.world = world;
    this.config = config;
    this.draws = world.draws().split("relay").split(index);
    StageInfo stage =
        OraclePayloads.stage(world.config().layers(), config.span(), world.config().maxLength());
    this.stageConfig =
        new StageConfig(stage, stage.maxLength(), OraclePayloads.ALGORITHM, config.limits());
    this.executor = new Executor(this);
    this.opening = new OpeningRules(config.maxSessions(), FairShare.WHOLE);
    this.id = newId();
    this.candidate = new Candidate(id, config.name(), stage);
  }

  private RelayId newId() {
    return new RelayId(config.name(), draws.split("incarnation").bits(incarnations++));
  }

  World world() {
    return world;
  }

  public RelayConfig config() {
    return config;
  }

  /** Another one after each restart. */
  public RelayId id() {
    return id;
  }

  public Candidate candidate() {
    return candidate;
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

  /** Whether it takes new sessions. */
  public boolean isReady() {
    return up && !draining && !executor.isStalled();
  }

  public boolean isDraining() {
    return draining;
  }

  public Collection<StageSession> sessions() {
    return Collections.unmodifiableCollection(sessions.values());
  }

  public @Nullable StageSession session(SessionId session) {
    return sessions.get(session);
  }

  /** Bytes that the sessions make it keep; counted only if there is a limit. */
  public long heldBytes() {
    return heldBytes;
  }

  /** Computations that wait or run. */
  public int executorQueue() {
    return executor.size();
  }

  // ---- what can be done to it

  /** The process dies with its memory; its clients' streams break. */
  public void crash() {
    crash("crashes");
  }

  /** The machine dies, and nobody is told: what is sent to it vanishes. */
  public void vanish() {
    if (up) {
      silent = true;
      crash("vanishes");
    }
  }

  private void crash(String how) {
    if (!up) {
      return;
    }
    world.observer().onFault(this, how);
    up = false;
    forgetBacklog();
    executor.reset();
    for (StageSession session : List.copyOf(sessions.values())) {
      Connection client = session.client();
      if (client != null && !silent) {
        world.resets(client);
      }
      session.end(how);
    }
  }

  /** Comes back without its memory, as another incarnation. */
  public void restart() {
    crash();
    world.observer().onFault(this, "restarts");
    id = newId();
    candidate = new Candidate(id, config.name(), candidate.stage());
    up = true;
    silent = false;
    draining = false;
  }

  /** Computes so many times slower from the next computation on. */
  public void slowDown(double factor) {
    world.observer().onFault(this, "computes %s times slower".formatted(factor));
    slowdown = factor;
  }

  public boolean isSlow() {
    return slowdown != 1;
  }

  /** Takes no new sessions, and tells its clients. */
  public void drain() {
    if (up && !draining) {
      world.observer().onFault(this, "drains");
      draining = true;
      List.copyOf(sessions.values()).forEach(StageSession::drain);
    }
  }

  /** Lets the next computations fail. */
  public void failComputations(int times) {
    world.observer().onFault(this, "fails at computing");
    failingComputations += times;
  }

  /** The executor's process dies, and with it what it held; another one takes its place. */
  public void loseExecutor() {
    if (up) {
      world.observer().onFault(this, "loses its executor");
      executor.reset();
      List.copyOf(sessions.values())
          .forEach(session -> session.end(Refusal.NO_SESSION, "the executor is gone"));
    }
  }

  /** The executor gets on with nothing, until it goes on. */
  public void hangExecutor() {
    if (up) {
      world.observer().onFault(this, "has an executor that hangs");
      executor.hang(false);
    }
  }

  /** The same, and the relay says all the while how it gets on. */
  public void pretend() {
    if (up) {
      world.observer().onFault(this, "pretends to work");
      executor.hang(true);
    }
  }

  /** The executor goes on with what it was at, if it had stopped. */
  public void unhangExecutor() {
    executor.goOn();
  }

  /** It has been seen to hang: what it holds is not to be counted on. */
  void executorHangs() {
    List.copyOf(sessions.values())
        .forEach(
            session ->
                session.end(Refusal.STAGE_FAILED, "the stage executor has made no progress"));
  }

  // ---- what arrives

  void arrives(Connection stream, Message message) {
    if (!up) {
      if (!silent) {
        world.resets(stream);
      }
      return;
    }
    if (stream.acceptedAs == null) {
      stream.acceptedAs = id;
    }
    if (!stream.acceptedAs.equals(id) || stream.closedAtRelay) {
      // The stream was another process's, or has ended here.
      world.resets(stream);
      return;
    }
    StageSession session = sessions.get(stream.client.id());
    switch (message) {
      case Message.Opening(RouteEffect.Open open, Proof proof) ->
          open(stream, session, open, proof);
      case Message.StepMessage(RouteEffect.Send send) -> {
        if (session == null) {
          refuse(stream, send.step().id().epoch(), Refusal.NO_SESSION, "no such session");
        } else {
          session.clientStep(
              stream,
              new StageInput.ClientStep(
                  send.step(), send.nextPeers(), send.digest(), send.payload()));
        }
      }
      case Message.Closing() -> {
        if (session != null) {
          session.closedBy(stream);
        }
      }
      case Message.Heartbeat() -> {
        if (session != null) {
          session.heartbeat(stream);
        }
      }
      case Message.Reply _, Message.EndOfStream _, Message.Pushed _ ->
          throw new IllegalArgumentException("no client sends " + message);
    }
  }

  private void open(
      Connection stream, @Nullable StageSession known, RouteEffect.Open open, Proof proof) {
    if (executor.isStalled()) {
      refuse(stream, open.epoch(), Refusal.STAGE_NOT_SERVED, "the stage executor hangs");
      return;
    }
    OpeningRules.Occupancy occupancy =
        new OpeningRules.Occupancy(
            Optional.ofNullable(known).map(StageSession::seal),
            sessions.size(),
            known == null ? 0 : 1,
            draining);
    StageSession session =
        switch (opening.judge(proof, occupancy)) {
          case OpeningRules.Verdict.Again() -> Objects.requireNonNull(known);
          case OpeningRules.Verdict.New() -> begin(stream, proof);
          case OpeningRules.Verdict.Refused(Refusal reason, String message) -> {
            refuse(stream, open.epoch(), reason, message);
            yield null;
          }
        };
    if (session != null) {
      session.announce(
          stream,
          new StageInput.Announce(open.epoch(), open.length(), open.pushSources(), open.role()));
    }
  }

  private StageSession begin(Connection stream, Proof proof) {
    StageSession session =
        new StageSession(this, stream.client.id(), stageConfig, proof.seal(), newTicket());
    sessions.put(session.id(), session);
    world.statistics().sessionsOpened++;
    world.observer().onSessionBegun(session);
    return session;
  }

  private void refuse(Connection stream, long epoch, Refusal reason, String why) {
    world.statistics().openingsRefused++;
    world
        .network()
        .send(
            stream,
            stream.client,
            new Message.Reply(new RouteInput.Refused(id, new StepId(epoch, 0), reason, why)));
  }

  private Ticket newTicket() {
    Draws ticket = draws.split("ticket");
    byte[] value = new byte[16];
    ByteBuffer.wrap(value).putLong(ticket.bits(tickets, 0)).putLong(ticket.bits(tickets, 1));
    tickets++;
    return new Ticket(value);
  }

  void pushed(RelayId from, Push push) {
    if (!up) {
      return;
    }
    StageSession session = sessions.get(push.session());
    if (session == null) {
      world.statistics().drop(DropReason.UNKNOWN_SESSION);
    } else if (!session.ticket().equals(push.ticket())) {
      world.statistics().drop(DropReason.BAD_TICKET);
    } else {
      session.offer(new StageInput.PeerPush(from, push));
    }
  }

  /** The bound on what all sessions make it keep, if there is one. */
  boolean hasRoom(StageSession session, StageInput input) {
    return config.poolBytes() == 0
        || new HeldRules(config.poolBytes(), config.pushShare())
            .need(session.state(), input)
            .fits(heldBytes);
  }

  /** The stream is gone; the session stays until its lease is over. */
  void streamGone(Connection stream) {
    stream.closedAtRelay = true;
    StageSession session = sessions.get(stream.client.id());
    if (session != null) {
      session.detach(stream);
    }
  }

  // ---- its sessions

  void compute(StageSession session, StageEffect.Compute compute) {
    executor.submit(session, compute);
  }

  long computeNanos(Step step) {
    return (long) (config.compute().nanos(step.count(), step.position()) * slowdown);
  }

  boolean nextComputationFails() {
    if (failingComputations == 0) {
      return false;
    }
    failingComputations--;
    return true;
  }

  /** Counts what a session holds now, if the pool has a limit. */
  void holds(StageSession session, long before) {
    if (config.poolBytes() > 0) {
      long after = Footprint.of(session.state());
      session.setHeldBytes(after);
      heldBytes += after - before;
    }
  }

  void ended(StageSession session, String why) {
    sessions.remove(session.id());
    executor.forget(session);
    heldBytes -= session.heldBytes();
    world.statistics().sessionsEnded++;
    world.observer().onSessionEnded(session, why);
  }
}

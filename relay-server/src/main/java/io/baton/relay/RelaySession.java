package io.baton.relay;

import io.baton.proto.v1.StageFrame;
import io.baton.session.Transition;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Proof;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageRole;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.session.model.Ticket;
import io.baton.session.stage.DropReason;
import io.baton.session.stage.Footprint;
import io.baton.session.stage.HeldRules;
import io.baton.session.stage.Lease;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageMachine;
import io.baton.session.stage.StageState;
import io.baton.transport.Alarm;
import io.baton.transport.OutOfMemory;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
import io.baton.transport.grpc.Caller;
import io.baton.transport.peer.PeerLinks;
import io.baton.verification.PayloadDigester;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session at this relay: feeds its {@link StageMachine} and carries the effects out.
 *
 * <p>All inputs, from the client's stream, from peers, from the executor and from the clock, go
 * through one synchronization context, which runs them one after the other on whichever thread
 * brought the first: the machine needs no lock, and an arrival at a quiet session is handled
 * without a switch of threads.
 */
final class RelaySession {

  private static final Logger log = LoggerFactory.getLogger(RelaySession.class);

  /** Pushes that may wait for the session's loop, beyond those that the machine has taken. */
  private static final int PUSHES_WAITING = 64;

  private final Owner owner;
  private final SessionId id;
  private final StageConfig config;
  private final Duration granted;
  private final ExecutorLink executor;
  private final RelayContext relay;
  private final PeerLinks.User links;
  private final PayloadDigester digester;
  private final SynchronizationContext loop;
  private final AtomicInteger pushesWaiting = new AtomicInteger();
  private final Alarm alarm;
  private volatile long heldBytes;
  private volatile StageRole role = StageRole.ACTIVE;

  // Below: only in the loop.
  private StageState state;
  private @Nullable ClientSink client;
  private Lease lease;
  private long reserved;
  private boolean opened;
  private boolean openFailed;
  private boolean closed;
  private StageInput.@Nullable Announce announced;

  /**
   * Whose session it is, and what lets others into it.
   *
   * @param seal of the proof by which its client is known
   * @param ticket with which peers may push into it
   */
  record Owner(SessionId id, Caller caller, Proof.Seal seal, Ticket ticket) {}

  /**
   * @param granted how long it is kept without a word from its client
   */
  RelaySession(
      Owner owner,
      StageConfig config,
      Duration granted,
      ExecutorLink executor,
      RelayContext relay) {
    this.owner = owner;
    this.id = owner.id();
    this.config = config;
    this.granted = granted;
    this.executor = executor;
    this.relay = relay;
    this.links = relay.links().user(owner.caller());
    this.digester = new PayloadDigester(config.algorithm());
    this.loop = new SynchronizationContext((_, error) -> crashed(error));
    this.alarm = new Alarm(relay.timer(), () -> loop.execute(this::tick));
    this.state = StageState.initial(config);
    this.lease = Lease.begin(granted.toNanos(), relay.limits().idle().toNanos(), System.nanoTime());
  }

  SessionId id() {
    return id;
  }

  StageConfig config() {
    return config;
  }

  ExecutorLink executor() {
    return executor;
  }

  Ticket ticket() {
    return owner.ticket();
  }

  /** Of the proof by which the session's client is known. */
  Proof.Seal seal() {
    return owner.seal();
  }

  /** At whose limits it counts. */
  Caller caller() {
    return owner.caller();
  }

  /** Bytes of payload that the session makes the relay keep. */
  long heldBytes() {
    return heldBytes;
  }

  /** The part that the stage takes in the session's epoch. */
  StageRole role() {
    return role;
  }

  /** Makes room in the executor; the first announcement is answered after that. */
  void start() {
    loop.execute(() -> alarm.set(lease.endNanos()));
    executor.submit(
        new ExecutorCommand.Open(id, config.maxLength()),
        reply -> loop.execute(() -> executorOpened(reply)));
  }

  // ---- from the client

  /** The client announces an epoch on this stream, which becomes the session's. */
  void announce(ClientSink sink, StageInput.Announce announcement) {
    loop.execute(
        () -> {
          if (closed) {
            refuse(sink, announcement.epoch(), "the session is over");
            return;
          }
          if (client != null && !client.equals(sink)) {
            client.end("the client has opened another stream");
          }
          client = sink;
          lease = lease.heard(System.nanoTime());
          if (opened) {
            offer(announcement);
          } else {
            announced = announcement;
          }
        });
  }

  void clientStep(ClientSink sink, StageInput.ClientStep step) {
    loop.execute(
        () -> {
          if (closed) {
            refuse(sink, step.step().id().epoch(), "the session is over");
          } else if (sink.equals(client)) {
            lease = lease.stepped(System.nanoTime());
            offer(step);
            connectAhead(step.step().id(), step.nextPeers());
          }
        });
  }

  /** A word on the stream keeps the session, unless another stream has taken its place. */
  void renewLease(ClientSink sink) {
    loop.execute(
        () -> {
          if (sink.equals(client)) {
            lease = lease.heard(System.nanoTime());
          }
        });
  }

  /** The stream is gone; the session stays until its lease is over. */
  void detach(ClientSink sink) {
    loop.execute(
        () -> {
          if (sink.equals(client)) {
            client = null;
          }
        });
  }

  /** The client is done, and says so on the stream, unless another has taken its place. */
  void closedBy(ClientSink sink) {
    loop.execute(
        () -> {
          if (sink.equals(client)) {
            end(Optional.empty(), "the client has closed it");
          }
        });
  }

  /** The relay is done. */
  void close(String why) {
    loop.execute(() -> end(Optional.empty(), why));
  }

  /** The session cannot go on here, and the client is told. */
  void abandon(Refusal reason, String why) {
    loop.execute(() -> end(Optional.of(reason), why));
  }

  void drain(Duration remaining) {
    loop.execute(() -> send(List.of(StageFrames.draining(remaining))));
  }

  // ---- from peers

  /** A push with a valid ticket. */
  void push(RelayId from, Push push) {
    if (pushesWaiting.incrementAndGet() > PUSHES_WAITING) {
      pushesWaiting.decrementAndGet();
      relay.counters().drop(DropReason.PUSH_SHARE_FULL);
      return;
    }
    // While it waits for the loop; there it is seen what the session has room for.
    long bytes = push.payload().bytes();
    if (!relay.held().tryTake(owner.caller(), bytes)) {
      pushesWaiting.decrementAndGet();
      relay.counters().drop(DropReason.NO_ROOM);
      return;
    }
    loop.execute(
        () -> {
          pushesWaiting.decrementAndGet();
          relay.held().giveBack(owner.caller(), bytes);
          if (closed || !opened) {
            relay.counters().drop(DropReason.UNKNOWN_SESSION);
          } else {
            offer(new StageInput.PeerPush(from, push));
            connectAhead(push.step().id(), push.nextPeers());
          }
        });
  }

  // ---- the loop

  private void executorOpened(ExecutorReply reply) {
    if (closed) {
      return;
    }
    switch (reply) {
      case ExecutorReply.Done _ -> {
        opened = true;
        if (announced != null) {
          offer(announced);
          announced = null;
        }
      }
      case ExecutorReply.Working(long workLeft) -> {
        if (announced != null) {
          send(List.of(StageFrames.working(new StepId(announced.epoch(), 0), workLeft)));
        }
      }
      case ExecutorReply.Failed(String message) -> {
        openFailed = true;
        end(Optional.of(Refusal.NO_ROOM), message);
      }
      case ExecutorReply.Lost(String message) -> {
        openFailed = true;
        end(Optional.of(Refusal.STAGE_NOT_SERVED), message);
      }
    }
  }

  private void tick() {
    if (closed) {
      return;
    }
    if (lease.isOver(System.nanoTime())) {
      end(
          Optional.of(Refusal.NO_SESSION),
          lease.isIdleFirst()
              ? "no step came for %s".formatted(relay.limits().idle())
              : "the lease of %s ran out without a word from the client".formatted(granted));
    } else {
      feed(new StageInput.Tick());
    }
  }

  /** Takes in what a client or a peer brings, if all sessions together have room for it. */
  private void offer(StageInput input) {
    HeldRules.Need need = relay.heldRules().need(state, input);
    if (relay.held().tryTake(owner.caller(), need.bytes(), need.upTo())) {
      reserved += need.bytes();
      feed(input);
    } else {
      feed(new StageInput.NoRoom(input));
    }
  }

  /** Keeps that much of what was set aside. */
  private void settle(long bytes) {
    relay.held().giveBack(owner.caller(), reserved - bytes);
    reserved = bytes;
  }

  private void feed(StageInput input) {
    Transition<StageState, StageEffect> next = StageMachine.step(state, input, System.nanoTime());
    state = next.state();
    settle(Footprint.of(state));
    next.effects().forEach(this::carryOut);
    heldBytes = state.heldBytes();
    role = state.role();
    OptionalLong deadline = state.nextDeadlineNanos();
    long leaseEndNanos = lease.endNanos();
    alarm.set(
        deadline.isPresent() && deadline.getAsLong() - leaseEndNanos < 0
            ? deadline.getAsLong()
            : leaseEndNanos);
  }

  private void carryOut(StageEffect effect) {
    switch (effect) {
      case StageEffect.Opened open ->
          send(List.of(StageFrames.opened(open, 1, relay.self(), owner.ticket(), granted)));
      case StageEffect.Rollback(int length) ->
          executor.submit(new ExecutorCommand.Rollback(id, length), this::rolledBack);
      case StageEffect.Compute compute -> compute(compute);
      case StageEffect.PushOutput push -> pushOn(push);
      case StageEffect.Respond respond -> {
        relay.counters().step(respond.source());
        if (client != null) {
          client.respond(respond);
        }
      }
      case StageEffect.Absorbed absorbed -> {
        relay.counters().step(absorbed.source());
        send(List.of(StageFrames.absorbed(absorbed)));
      }
      case StageEffect.Working(StepId step, long workLeft) ->
          send(List.of(StageFrames.working(step, workLeft)));
      case StageEffect.AskPayload(StepId step) -> send(List.of(StageFrames.askPayload(step)));
      case StageEffect.ReportMismatch report -> {
        log.warn(
            "session {} step {}: {} pushed {} where the client vouches for {}",
            id,
            report.step(),
            report.from(),
            report.peer(),
            report.client());
        relay
            .counters()
            .keep(new Evidence(id, report.step(), report.client(), report.peer(), report.from()));
        send(List.of(StageFrames.mismatch(report)));
      }
      case StageEffect.Refuse(StepId step, Refusal reason, String message, int length) ->
          send(List.of(StageFrames.refused(step, reason, message, length)));
      case StageEffect.Dropped(RelayId from, StepId step, DropReason reason) -> {
        log.debug("session {}: push {} from {} dropped: {}", id, step, from, reason);
        relay.counters().drop(reason);
      }
    }
  }

  private void compute(StageEffect.Compute compute) {
    executor.submit(
        new ExecutorCommand.Forward(id, compute.step().position(), compute.input()),
        reply -> computed(compute, reply));
  }

  /** Runs on the executor's thread, which so pays for the digest of what it made. */
  private void computed(StageEffect.Compute compute, ExecutorReply reply) {
    long command = compute.command();
    switch (reply) {
      case ExecutorReply.Done(Optional<Tensor> output, long nanos) -> {
        TensorSpec expected = config.stage().outputRow().withRows(compute.step().count());
        if (output.isEmpty() || !output.get().spec().equals(expected)) {
          String message =
              "the executor made %s of a step that takes %s"
                  .formatted(output.map(Tensor::spec), expected);
          loop.execute(() -> feedIfOpen(new StageInput.ComputeFailed(command, message)));
          return;
        }
        Payload payload = digester.payload(output.get(), compute.input().sideInputs());
        loop.execute(() -> feedIfOpen(new StageInput.Computed(command, payload, nanos)));
      }
      case ExecutorReply.Working(long workLeft) ->
          loop.execute(() -> feedIfOpen(new StageInput.Working(command, workLeft)));
      case ExecutorReply.Failed(String message) ->
          loop.execute(() -> feedIfOpen(new StageInput.ComputeFailed(command, message)));
      case ExecutorReply.Lost(String message) -> {
        abandon(Refusal.NO_SESSION, message);
        loop.execute(() -> settle(0));
      }
    }
  }

  private void rolledBack(ExecutorReply reply) {
    switch (reply) {
      case ExecutorReply.Done _, ExecutorReply.Working _ -> {}
      // What the executor holds is unknown now, so the session cannot be trusted any more.
      case ExecutorReply.Failed(String message) ->
          abandon(Refusal.NO_SESSION, "the executor could not roll back: " + message);
      case ExecutorReply.Lost(String message) -> abandon(Refusal.NO_SESSION, message);
    }
  }

  /** What the executor says of a step. */
  private void feedIfOpen(StageInput input) {
    if (closed) {
      settle(0);
    } else {
      lease = lease.worked(System.nanoTime());
      feed(input);
    }
  }

  /** While a step is computed, its output's way can be made. */
  private void connectAhead(StepId step, List<Peer> nextPeers) {
    if (role == StageRole.ACTIVE && state.isUnderWay(step)) {
      nextPeers.stream().findFirst().ifPresent(links::prepare);
    }
  }

  private void pushOn(StageEffect.PushOutput effect) {
    Push push =
        new Push(id, effect.to().ticket(), effect.step(), effect.nextPeers(), effect.output());
    boolean sent = links.push(effect.to(), push, effect.role());
    relay.counters().push(effect.role(), sent);
  }

  private void send(List<StageFrame> frames) {
    if (client != null) {
      client.send(frames);
    }
  }

  private void refuse(ClientSink sink, long epoch, String why) {
    sink.send(List.of(StageFrames.refused(new StepId(epoch, 0), Refusal.NO_SESSION, why, 0)));
  }

  private void end(Optional<Refusal> reason, String why) {
    if (closed) {
      return;
    }
    closed = true;
    log.debug("session {} ends: {}", id, why);
    alarm.cancel();
    links.close();
    long epoch = announced != null ? announced.epoch() : state.epoch();
    reason.ifPresent(
        refusal ->
            send(
                List.of(
                    StageFrames.refused(
                        new StepId(epoch, 0), refusal, why, state.currentLength()))));
    if (client != null) {
      client.sessionOver(this);
      if (reason.isEmpty()) {
        client.end(why);
      }
    }
    client = null;
    // What is computed is kept until that is over, and this session is told.
    settle(Footprint.computing(state));
    state = StageState.initial(config);
    heldBytes = 0;
    if (!openFailed) {
      executor.submit(new ExecutorCommand.Close(id), _ -> {});
    }
    relay.sessions().remove(this);
  }

  /** A bug: nothing that this session says can be trusted any more, and all others go on. */
  private void crashed(Throwable error) {
    log.error("session {} is given up after an error that should not be", id, error);
    OutOfMemory.report(error);
    end(Optional.of(Refusal.NO_SESSION), "an internal error ended the session: " + error);
  }
}

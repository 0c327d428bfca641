package io.baton.simulations.swarm;

import io.baton.session.Transition;
import io.baton.session.model.Digest;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import io.baton.simulations.world.Protocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Protocols that lack one guard. */
final class BrokenProtocols {

  private BrokenProtocols() {}

  /** Messages of older epochs are taken for messages of the current one. */
  static Protocol withoutEpochFence() {
    return new Wrapped(
        machine -> (state, input, now) -> machine.step(state, inEpoch(input, state.epoch()), now),
        machine -> (state, input, now) -> machine.step(state, inEpoch(input, state.epoch()), now));
  }

  private static StageInput inEpoch(StageInput input, long epoch) {
    return switch (input) {
      case StageInput.ClientStep s when s.step().id().epoch() < epoch ->
          new StageInput.ClientStep(
              inEpoch(s.step(), epoch), s.nextPeers(), s.digest(), s.payload());
      case StageInput.PeerPush p when p.push().step().id().epoch() < epoch ->
          with(p, inEpoch(p.push().step(), epoch));
      default -> input;
    };
  }

  private static RouteInput inEpoch(RouteInput input, long epoch) {
    return input instanceof RouteInput.Answered a
        ? new RouteInput.Answered(
            a.relay(), inEpoch(a.step(), epoch), a.source(), a.inputDigest(), a.output())
        : input;
  }

  private static Step inEpoch(Step step, long epoch) {
    return new Step(new StepId(epoch, step.id().number()), step.position(), step.count());
  }

  private static StageInput.PeerPush with(StageInput.PeerPush push, Step step) {
    return new StageInput.PeerPush(
        push.from(),
        new Push(
            push.push().session(),
            push.push().ticket(),
            step,
            push.push().nextPeers(),
            push.push().payload()));
  }

  /** Replays are pushed on to stages that have them, and the client takes what comes for new. */
  static Protocol withoutTrimming() {
    return Wrapped.routes(Untrimmed::new);
  }

  private static final class Untrimmed implements Protocol.Route {
    private final Protocol.Route machine;
    private final Map<RelayId, Ticket> tickets = new HashMap<>();
    private List<Candidate> route = List.of();

    Untrimmed(Protocol.Route machine) {
      this.machine = machine;
    }

    @Override
    public Transition<RouteState, RouteEffect> step(
        RouteState state, RouteInput input, long nowNanos) {
      if (input instanceof RouteInput.Opened opened) {
        tickets.put(opened.relay(), opened.ticket());
      }
      Transition<RouteState, RouteEffect> made = machine.step(state, input, nowNanos);
      List<RouteEffect> effects = new ArrayList<>();
      for (RouteEffect effect : made.effects()) {
        if (effect instanceof RouteEffect.RouteOpened opened) {
          route = opened.route();
        }
        effects.add(effect instanceof RouteEffect.Send send ? pushedOn(send) : effect);
      }
      if (input instanceof RouteInput.Answered answer
          && !route.isEmpty()
          && route.getLast().relay().equals(answer.relay())
          && answer.step().position() < state.length()
          && answer.step().count() > 0
          && state.request().isPresent()) {
        effects.add(
            new RouteEffect.Accepted(
                state.request().get(), answer.step().position(), answer.output()));
      }
      return new Transition<>(made.state(), effects);
    }

    private RouteEffect pushedOn(RouteEffect.Send send) {
      List<Peer> all = new ArrayList<>();
      boolean after = false;
      for (Candidate hop : route) {
        Ticket ticket = tickets.get(hop.relay());
        if (after && ticket != null) {
          all.add(new Peer(hop.relay(), hop.address(), ticket));
        }
        after |= hop.relay().equals(send.relay());
      }
      return new RouteEffect.Send(send.relay(), send.step(), all, send.digest(), send.payload());
    }
  }

  /** Nobody compares what a peer has brought with what the client vouches for. */
  static Protocol withoutDigestCheck() {
    return new Wrapped(TrustingStage::new, TrustingClient::new);
  }

  /** Takes the client's word on a step for a confirmation of whatever a peer has pushed. */
  private static final class TrustingStage implements Protocol.Stage {
    private final Protocol.Stage machine;
    private final Map<StepId, Digest> pushed = new HashMap<>();

    TrustingStage(Protocol.Stage machine) {
      this.machine = machine;
    }

    @Override
    public Transition<StageState, StageEffect> step(
        StageState state, StageInput input, long nowNanos) {
      StageInput given = input;
      if (input instanceof StageInput.PeerPush push) {
        pushed.putIfAbsent(push.push().step().id(), push.push().payload().digest());
      } else if (input instanceof StageInput.ClientStep step) {
        Digest first = pushed.get(step.step().id());
        if (first != null && !first.equals(step.digest())) {
          given = new StageInput.ClientStep(step.step(), step.nextPeers(), first, Optional.empty());
        }
      }
      return machine.step(state, given, nowNanos);
    }
  }

  /** Takes every answer for one to the bytes that it has sent. */
  private static final class TrustingClient implements Protocol.Route {
    private final Protocol.Route machine;
    private final Map<String, Digest> sent = new HashMap<>();
    private final Map<String, RouteInput.Answered> early = new HashMap<>();

    TrustingClient(Protocol.Route machine) {
      this.machine = machine;
    }

    private static String key(RelayId relay, StepId step) {
      return relay.name() + relay.incarnation() + step;
    }

    @Override
    public Transition<RouteState, RouteEffect> step(
        RouteState state, RouteInput input, long nowNanos) {
      if (input instanceof RouteInput.MismatchReported) {
        return new Transition<>(state, List.of());
      }
      if (input instanceof RouteInput.Answered answer) {
        Digest digest = sent.get(key(answer.relay(), answer.step().id()));
        if (digest == null) {
          early.put(key(answer.relay(), answer.step().id()), answer);
          return new Transition<>(state, List.of());
        }
        return trusting(state, answer, digest, nowNanos);
      }
      return remembering(machine.step(state, input, nowNanos), nowNanos);
    }

    private Transition<RouteState, RouteEffect> trusting(
        RouteState state, RouteInput.Answered answer, Digest digest, long nowNanos) {
      return remembering(
          machine.step(
              state,
              new RouteInput.Answered(
                  answer.relay(), answer.step(), answer.source(), digest, answer.output()),
              nowNanos),
          nowNanos);
    }

    /** Gives answers that came early as soon as what they answer has been sent. */
    private Transition<RouteState, RouteEffect> remembering(
        Transition<RouteState, RouteEffect> made, long nowNanos) {
      RouteState state = made.state();
      List<RouteEffect> effects = new ArrayList<>(made.effects());
      for (RouteEffect effect : made.effects()) {
        if (effect instanceof RouteEffect.Send send) {
          String key = key(send.relay(), send.step().id());
          sent.put(key, send.digest());
          RouteInput.Answered answer = early.remove(key);
          if (answer != null) {
            Transition<RouteState, RouteEffect> more =
                trusting(state, answer, send.digest(), nowNanos);
            state = more.state();
            effects.addAll(more.effects());
          }
        }
      }
      return new Transition<>(state, effects);
    }
  }

  /** A standby claims the length that it is told, and goes on from there on top of what it has. */
  static Protocol withStandbyPromotedWhileBehind() {
    return Wrapped.stages(Boasting::new);
  }

  private static final class Boasting implements Protocol.Stage {
    private final Protocol.Stage machine;
    private boolean hasStoodBy;

    /** Tokens that it claims and does not have. */
    private int missing;

    Boasting(Protocol.Stage machine) {
      this.machine = machine;
    }

    @Override
    public Transition<StageState, StageEffect> step(
        StageState state, StageInput input, long nowNanos) {
      return switch (input) {
        case StageInput.Announce announce -> announce(state, announce, nowNanos);
        case StageInput.ClientStep s when s.step().position() < missing ->
            new Transition<>(state, List.of());
        case StageInput.PeerPush p when p.push().step().position() < missing ->
            new Transition<>(state, List.of());
        case StageInput.ClientStep s ->
            outside(
                machine.step(
                    state,
                    new StageInput.ClientStep(
                        moved(s.step(), -missing), s.nextPeers(), s.digest(), s.payload()),
                    nowNanos));
        case StageInput.PeerPush p ->
            outside(machine.step(state, with(p, moved(p.push().step(), -missing)), nowNanos));
        default -> outside(machine.step(state, input, nowNanos));
      };
    }

    private Transition<StageState, StageEffect> announce(
        StageState state, StageInput.Announce announce, long nowNanos) {
      Transition<StageState, StageEffect> made =
          machine.step(
              state,
              new StageInput.Announce(
                  announce.epoch(),
                  Math.max(0, announce.length() - missing),
                  announce.pushSources(),
                  announce.role()),
              nowNanos);
      boolean boasts = hasStoodBy && announce.role() == StageRole.ACTIVE;
      hasStoodBy |= announce.role() == StageRole.STANDBY;
      if (boasts && announce.length() > made.state().settled()) {
        missing = announce.length() - made.state().settled();
      }
      return outside(made);
    }

    private Transition<StageState, StageEffect> outside(Transition<StageState, StageEffect> made) {
      return new Transition<>(made.state(), made.effects().stream().map(this::outside).toList());
    }

    private StageEffect outside(StageEffect effect) {
      return switch (effect) {
        case StageEffect.Opened o -> new StageEffect.Opened(o.epoch(), o.currentLength() + missing);
        case StageEffect.PushOutput p ->
            new StageEffect.PushOutput(
                moved(p.step(), missing), p.to(), p.nextPeers(), p.output(), p.role());
        case StageEffect.Respond r ->
            new StageEffect.Respond(
                moved(r.step(), missing),
                r.source(),
                r.inputDigest(),
                r.output(),
                r.currentLength() + missing,
                r.stageNanos(),
                r.computeNanos());
        case StageEffect.Absorbed a ->
            new StageEffect.Absorbed(
                moved(a.step(), missing), a.source(), a.inputDigest(), a.currentLength() + missing);
        default -> effect;
      };
    }

    private static Step moved(Step step, int by) {
      return new Step(step.id(), step.position() + by, step.count());
    }
  }

  /** What has been sent before is sent under the number that it had then. */
  static Protocol withReplayUnderTheOldStepNumber() {
    return Wrapped.routes(OldNumbers::new);
  }

  private static final class OldNumbers implements Protocol.Route {
    private final Protocol.Route machine;
    private final Map<Long, Long> firstNumber = new HashMap<>();
    private final Map<StepId, StepId> backToNew = new HashMap<>();

    OldNumbers(Protocol.Route machine) {
      this.machine = machine;
    }

    @Override
    public Transition<RouteState, RouteEffect> step(
        RouteState state, RouteInput input, long nowNanos) {
      Transition<RouteState, RouteEffect> made = machine.step(state, known(input), nowNanos);
      return new Transition<>(made.state(), made.effects().stream().map(this::renumbered).toList());
    }

    private RouteEffect renumbered(RouteEffect effect) {
      if (!(effect instanceof RouteEffect.Send send) || send.step().count() == 0) {
        return effect;
      }
      Step step = send.step();
      long tokens = ((long) step.position() << 32) | step.count();
      long number = firstNumber.computeIfAbsent(tokens, _ -> step.id().number());
      StepId old = new StepId(step.id().epoch(), number);
      backToNew.put(old, step.id());
      return new RouteEffect.Send(
          send.relay(),
          new Step(old, step.position(), step.count()),
          send.nextPeers(),
          send.digest(),
          send.payload());
    }

    private StepId known(StepId id) {
      return backToNew.getOrDefault(id, id);
    }

    private Step known(Step step) {
      return new Step(known(step.id()), step.position(), step.count());
    }

    private RouteInput known(RouteInput input) {
      return switch (input) {
        case RouteInput.Answered a ->
            new RouteInput.Answered(
                a.relay(), known(a.step()), a.source(), a.inputDigest(), a.output());
        case RouteInput.Absorbed a ->
            new RouteInput.Absorbed(
                a.relay(), known(a.step()), a.source(), a.inputDigest(), a.currentLength());
        case RouteInput.PayloadAsked a -> new RouteInput.PayloadAsked(a.relay(), known(a.step()));
        case RouteInput.Refused r ->
            new RouteInput.Refused(r.relay(), known(r.step()), r.reason(), r.message());
        case RouteInput.MismatchReported m ->
            new RouteInput.MismatchReported(
                m.relay(), known(m.step()), m.client(), m.peer(), m.from(), m.rolledBack());
        default -> input;
      };
    }
  }
}

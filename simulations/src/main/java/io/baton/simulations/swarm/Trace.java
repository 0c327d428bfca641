package io.baton.simulations.swarm;

import io.baton.session.Transition;
import io.baton.session.model.Payload;
import io.baton.session.model.StageRole;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.Fate;
import io.baton.simulations.world.Message;
import io.baton.simulations.world.Node;
import io.baton.simulations.world.Request;
import io.baton.simulations.world.StageSession;
import io.baton.simulations.world.World;
import io.baton.simulations.world.WorldObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * What happens in a world, in lines to be read: the virtual time in milliseconds, who, what came to
 * it, and what it does about it.
 */
public final class Trace implements WorldObserver {

  private static final int WHO = 4;

  private final int mostLines;
  private final List<String> lines = new ArrayList<>();
  private long left;
  private long nowNanos;

  /**
   * @param mostLines lines kept; of a longer trace the first and the last
   */
  public Trace(int mostLines) {
    this.mostLines = mostLines;
  }

  /** The lines, with one that says how many are left out, if some are. */
  public List<String> lines() {
    if (left == 0) {
      return List.copyOf(lines);
    }
    List<String> all = new ArrayList<>(lines);
    all.add(mostLines / 2, "      ... %d lines ...".formatted(left));
    return all;
  }

  private void add(String who, String what) {
    if (lines.size() >= mostLines) {
      lines.remove(mostLines / 2);
      left++;
    }
    lines.add(
        String.format(Locale.ROOT, "%11.3f  %s %s", nowNanos / 1e6, padded(who), what)
            .stripTrailing());
  }

  private static String padded(String who) {
    return who + " ".repeat(Math.max(0, WHO - who.length()));
  }

  // ---- hooks

  @Override
  public void onStage(
      StageSession session,
      StageInput input,
      StageState before,
      Transition<StageState, StageEffect> made) {
    nowNanos = session.nowNanos();
    StringJoiner effects = new StringJoiner(", ", " => ", "").setEmptyValue("");
    made.effects().forEach(effect -> effects.add(text(effect)));
    add(
        session.relay().name(),
        "c%d %s%s [%d settled, %d]"
            .formatted(
                session.id().low(),
                text(input),
                effects,
                made.state().settled(),
                made.state().currentLength()));
  }

  @Override
  public void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {
    nowNanos = client.nowNanos();
    StringJoiner effects = new StringJoiner(", ", " => ", "").setEmptyValue("");
    made.effects().forEach(effect -> effects.add(text(effect)));
    add(client.name(), text(input) + effects);
  }

  @Override
  public void onSent(Node from, Node to, Message message, Fate fate) {
    if (fate != Fate.DELIVER) {
      add(from.name(), "   !! %s: %s to %s".formatted(fate, text(message), to));
    }
  }

  @Override
  public void onAccepted(ClientNode client, Request request, long[] outputs) {
    add(client.name(), "   == tokens [%d,%d)".formatted(request.position(), request.end()));
  }

  @Override
  public void onSessionEnded(StageSession session, String why) {
    nowNanos = session.nowNanos();
    add(session.relay().name(), "c%d ends: %s".formatted(session.id().low(), why));
  }

  @Override
  public void onFault(Node node, String what) {
    nowNanos = node.nowNanos();
    add(node.name(), "   !! " + what);
  }

  @Override
  public void onFinished(ClientNode client) {
    add(client.name(), "   == done");
  }

  @Override
  public void afterEvent(World world) {
    nowNanos = world.nowNanos();
  }

  // ---- words

  private static String text(Message message) {
    return switch (message) {
      case Message.Opening(var open, var _) -> text(open);
      case Message.StepMessage(var send) -> text(send);
      case Message.Closing() -> "close";
      case Message.Heartbeat() -> "heartbeat";
      case Message.Reply(var input) -> text(input);
      case Message.EndOfStream(String why) -> "end of stream: " + why;
      case Message.Pushed(var push) -> "push %s %s".formatted(push.step(), brief(push.payload()));
    };
  }

  private static String text(StageInput input) {
    return switch (input) {
      case StageInput.Announce a ->
          "epoch %d length %d %s".formatted(a.epoch(), a.length(), lower(a.role()));
      case StageInput.ClientStep s ->
          "step %s %s%s"
              .formatted(
                  s.step(),
                  s.payload().isPresent() ? "payload " : "digest ",
                  s.digest().toString().substring(0, 4));
      case StageInput.PeerPush p ->
          "push %s %s from %s"
              .formatted(p.push().step(), brief(p.push().payload()), p.from().name());
      case StageInput.Computed c -> "computed #%d".formatted(c.command());
      case StageInput.Working w -> "works on #%d, %d left".formatted(w.command(), w.workLeft());
      case StageInput.ComputeFailed c -> "failed #%d".formatted(c.command());
      case StageInput.Tick _ -> "tick";
      case StageInput.NoRoom(StageInput refused) -> "no room for " + text(refused);
    };
  }

  private static String text(StageEffect effect) {
    return switch (effect) {
      case StageEffect.Opened(long _, int length) -> "opened %d".formatted(length);
      case StageEffect.Rollback(int length) -> "rollback %d".formatted(length);
      case StageEffect.Compute c -> "compute #%d %s".formatted(c.command(), c.step());
      case StageEffect.PushOutput p ->
          "push %s %s to %s%s"
              .formatted(
                  p.step().id(), brief(p.output()), p.to().relay().name(), standby(p.role()));
      case StageEffect.Respond r -> "answer %s %s".formatted(r.step().id(), brief(r.output()));
      case StageEffect.Absorbed a -> "absorbed %s".formatted(a.step().id());
      case StageEffect.Working w -> "works on %s".formatted(w.step());
      case StageEffect.AskPayload(var step) -> "ask %s".formatted(step);
      case StageEffect.ReportMismatch m ->
          "mismatch %s of %s%s"
              .formatted(m.step(), m.from().name(), m.rolledBack() ? " rolled back" : "");
      case StageEffect.Refuse r -> "refuse %s %s".formatted(r.step(), r.reason());
      case StageEffect.Dropped d -> "drop %s %s".formatted(d.step(), d.reason());
    };
  }

  private static String text(RouteInput input) {
    return switch (input) {
      case RouteInput.Begin _ -> "begin";
      case RouteInput.Submit s ->
          "submit [%d,%d)".formatted(s.position(), s.position() + s.payload().tokens());
      case RouteInput.Discovered d -> "discovered %d relays".formatted(d.candidates().size());
      case RouteInput.Opened o ->
          "%s opened in %d with %d".formatted(o.relay().name(), o.epoch(), o.currentLength());
      case RouteInput.Answered a ->
          "%s answers %s %s".formatted(a.relay().name(), a.step(), brief(a.output()));
      case RouteInput.Absorbed a -> "%s absorbed %s".formatted(a.relay().name(), a.step());
      case RouteInput.Working w ->
          "%s works on %s, %d left".formatted(w.relay().name(), w.step(), w.workLeft());
      case RouteInput.PayloadAsked a -> "%s asks %s".formatted(a.relay().name(), a.step());
      case RouteInput.MismatchReported m ->
          "%s mismatch %s of %s".formatted(m.relay().name(), m.step(), m.from().name());
      case RouteInput.Refused r ->
          "%s refuses %s %s: %s".formatted(r.relay().name(), r.step(), r.reason(), r.message());
      case RouteInput.RelayLost l -> "%s lost: %s".formatted(l.relay().name(), l.cause());
      case RouteInput.RelayDraining d -> "%s drains".formatted(d.relay().name());
      case RouteInput.Tick _ -> "tick";
      case RouteInput.Close _ -> "close";
    };
  }

  private static String text(RouteEffect effect) {
    return switch (effect) {
      case RouteEffect.Open o ->
          "open %s in %d with %d%s"
              .formatted(o.relay().relay().name(), o.epoch(), o.length(), standby(o.role()));
      case RouteEffect.Send s ->
          "send %s %s %s%s"
              .formatted(
                  s.relay().name(),
                  s.step(),
                  s.payload().isPresent() ? "payload " : "digest ",
                  s.digest().toString().substring(0, 4));
      case RouteEffect.CloseStage(var relay) -> "close " + relay.name();
      case RouteEffect.Disconnect(var relay) -> "disconnect " + relay.name();
      case RouteEffect.Discover _ -> "discover";
      case RouteEffect.RouteOpened r -> "ROUTE in %d (%s)".formatted(r.epoch(), r.cause());
      case RouteEffect.StandbyReady s ->
          "standby %s ready at %d".formatted(s.standby().relay().name(), s.length());
      case RouteEffect.StandbyLost s ->
          "standby %s lost: %s".formatted(s.standby().relay().name(), s.cause());
      case RouteEffect.Accepted a -> "accept from %d".formatted(a.position());
      case RouteEffect.Declined d -> "DECLINED %s".formatted(d.reason());
      case RouteEffect.Failed f -> "FAILED: %s".formatted(f.failure().message());
      case RouteEffect.MismatchSeen m ->
          "mismatch at %s, %s is blamed".formatted(m.stage().name(), m.blamed().name());
    };
  }

  private static String brief(Payload payload) {
    return payload.digest().toString().substring(0, 4);
  }

  private static String standby(StageRole role) {
    return role == StageRole.STANDBY ? " standby" : "";
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}

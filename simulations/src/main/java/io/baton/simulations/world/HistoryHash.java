package io.baton.simulations.world;

import io.baton.session.Transition;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;

/** A hash over everything that happens in a world, to tell whether two histories are the same. */
public final class HistoryHash implements WorldObserver {

  private long hash;

  public long value() {
    return hash;
  }

  private void add(long value) {
    hash = Mix.mix(hash * 31 + value);
  }

  private void add(String text) {
    add(text.hashCode());
  }

  @Override
  public void onStage(
      StageSession session,
      StageInput input,
      StageState before,
      Transition<StageState, StageEffect> made) {
    add(session.relay().world().nowNanos());
    add(session.relay().index());
    add(input.getClass().getSimpleName());
    add(made.state().settled());
    add(made.state().currentLength());
    for (StageEffect effect : made.effects()) {
      add(effect.toString());
    }
  }

  @Override
  public void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {
    add(client.index());
    add(input.getClass().getSimpleName());
    add(made.state().epoch());
    add(made.effects().size());
  }

  @Override
  public void onSent(Node from, Node to, Message message, Fate fate) {
    add(from.index());
    add(to.index());
    add(message.getClass().getSimpleName());
    add(fate.name());
  }

  @Override
  public void onAccepted(ClientNode client, Request request, long[] outputs) {
    add(request.position());
    for (long output : outputs) {
      add(output);
    }
  }
}

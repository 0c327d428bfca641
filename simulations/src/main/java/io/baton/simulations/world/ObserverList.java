package io.baton.simulations.world;

import io.baton.session.Transition;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import java.util.List;

/** Tells several observers. */
record ObserverList(List<WorldObserver> observers) implements WorldObserver {

  ObserverList {
    observers = List.copyOf(observers);
  }

  @Override
  public void onStage(
      StageSession session,
      StageInput input,
      StageState before,
      Transition<StageState, StageEffect> made) {
    observers.forEach(observer -> observer.onStage(session, input, before, made));
  }

  @Override
  public void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {
    observers.forEach(observer -> observer.onRoute(client, input, before, made));
  }

  @Override
  public void onSent(Node from, Node to, Message message, Fate fate) {
    observers.forEach(observer -> observer.onSent(from, to, message, fate));
  }

  @Override
  public void onAccepted(ClientNode client, Request request, long[] outputs) {
    observers.forEach(observer -> observer.onAccepted(client, request, outputs));
  }

  @Override
  public void onSessionBegun(StageSession session) {
    observers.forEach(observer -> observer.onSessionBegun(session));
  }

  @Override
  public void onSessionEnded(StageSession session, String why) {
    observers.forEach(observer -> observer.onSessionEnded(session, why));
  }

  @Override
  public void onCompute(StageSession session, StageEffect.Compute compute, long nanos) {
    observers.forEach(observer -> observer.onCompute(session, compute, nanos));
  }

  @Override
  public void onFault(Node node, String what) {
    observers.forEach(observer -> observer.onFault(node, what));
  }

  @Override
  public void onFinished(ClientNode client) {
    observers.forEach(observer -> observer.onFinished(client));
  }

  @Override
  public void afterEvent(World world) {
    observers.forEach(observer -> observer.afterEvent(world));
  }
}

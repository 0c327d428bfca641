package io.baton.simulations.world;

import io.baton.session.Transition;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import java.util.List;

/**
 * Is told what happens in a world. What it throws ends the run. Hooks see the world as it is before
 * the effects that they are given are carried out.
 */
public interface WorldObserver {

  WorldObserver NONE = new WorldObserver() {};

  /** A stage's machine has taken an input; the session's state is the new one already. */
  default void onStage(
      StageSession session,
      StageInput input,
      StageState before,
      Transition<StageState, StageEffect> made) {}

  /** A client's machine has taken an input; the client's state is the new one already. */
  default void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {}

  default void onSent(Node from, Node to, Message message, Fate fate) {}

  /** The client has accepted the chain's outputs for a request, one for each of its tokens. */
  default void onAccepted(ClientNode client, Request request, long[] outputs) {}

  /** A session has begun at a relay. */
  default void onSessionBegun(StageSession session) {}

  /** A session is no longer at its relay. */
  default void onSessionEnded(StageSession session, String why) {}

  /** An executor begins to compute a step, and will be done after so many nanoseconds. */
  default void onCompute(StageSession session, StageEffect.Compute compute, long nanos) {}

  /** Something was done to a node. */
  default void onFault(Node node, String what) {}

  /** The client has nothing more to ask. */
  default void onFinished(ClientNode client) {}

  /** Everything that an event has brought about is done. */
  default void afterEvent(World world) {}

  /** Tells several observers, in their order. */
  static WorldObserver all(List<WorldObserver> observers) {
    return new ObserverList(observers);
  }
}

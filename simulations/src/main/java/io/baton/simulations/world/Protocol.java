package io.baton.simulations.world;

import io.baton.session.Transition;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteMachine;
import io.baton.session.route.RouteState;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageMachine;
import io.baton.session.stage.StageState;

/**
 * The machines that the world runs. A test that wants the protocol broken wraps {@link
 * #PRODUCTION}.
 */
public interface Protocol {

  /** The classes that relays and clients run. */
  Protocol PRODUCTION =
      new Protocol() {
        @Override
        public Stage stage(RelayId relay, SessionId session) {
          return StageMachine::step;
        }

        @Override
        public Route route(SessionId session, PayloadOperations operations, long jitterSeed) {
          return new RouteMachine(operations, jitterSeed)::step;
        }
      };

  /** The machine of one session at one relay. */
  Stage stage(RelayId relay, SessionId session);

  /** The machine of one session at its client. */
  Route route(SessionId session, PayloadOperations operations, long jitterSeed);

  /** A session's step function at a relay. */
  @FunctionalInterface
  interface Stage {
    Transition<StageState, StageEffect> step(StageState state, StageInput input, long nowNanos);
  }

  /** A session's step function at its client. */
  @FunctionalInterface
  interface Route {
    Transition<RouteState, RouteEffect> step(RouteState state, RouteInput input, long nowNanos);
  }
}

package io.baton.simulations.swarm;

import io.baton.session.model.PayloadOperations;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.simulations.world.Protocol;
import java.util.function.UnaryOperator;

/** The production machines, each in a wrapper of its own. */
record Wrapped(UnaryOperator<Protocol.Stage> stages, UnaryOperator<Protocol.Route> routes)
    implements Protocol {

  static Protocol stages(UnaryOperator<Protocol.Stage> wrapper) {
    return new Wrapped(wrapper, UnaryOperator.identity());
  }

  static Protocol routes(UnaryOperator<Protocol.Route> wrapper) {
    return new Wrapped(UnaryOperator.identity(), wrapper);
  }

  @Override
  public Stage stage(RelayId relay, SessionId session) {
    return stages.apply(PRODUCTION.stage(relay, session));
  }

  @Override
  public Route route(SessionId session, PayloadOperations operations, long jitterSeed) {
    return routes.apply(PRODUCTION.route(session, operations, jitterSeed));
  }
}

package io.baton.simulations.scale;

import io.baton.session.Transition;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.Oracle;
import io.baton.simulations.world.Transcript;
import io.baton.simulations.world.WorldObserver;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Counts what re-routes change, and holds every token against what it must be. */
final class ScaleObserver implements WorldObserver {

  private final LayerSpan model;
  private final Map<ClientNode, Set<RelayId>> routes = new HashMap<>();
  long relaysChanged;
  long wholeRoutesTokens;
  long finished;

  ScaleObserver(LayerSpan model) {
    this.model = model;
  }

  /** Whether a relay has a part in a client's route. */
  boolean isOnRoute(ClientNode client, RelayId relay) {
    return routes.getOrDefault(client, Set.of()).contains(relay)
        || client.state().standingBy().stream().anyMatch(c -> c.relay().equals(relay));
  }

  @Override
  public void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {
    for (RouteEffect effect : made.effects()) {
      if (effect instanceof RouteEffect.RouteOpened(long _, List<Candidate> route, String _)) {
        opened(client, route, made.state().length());
      }
    }
  }

  private void opened(ClientNode client, List<Candidate> route, int length) {
    Set<RelayId> now = new HashSet<>();
    route.forEach(candidate -> now.add(candidate.relay()));
    Set<RelayId> before = routes.put(client, now);
    if (before != null) {
      long changed = now.stream().filter(relay -> !before.contains(relay)).count();
      relaysChanged += changed;
      wholeRoutesTokens += (long) length * route.size();
    }
  }

  /** Outputs are held against a chain of one piece, computed from all that was asked. */
  @Override
  public void onFinished(ClientNode client) {
    routes.remove(client);
    Transcript transcript = client.transcript();
    long[] inputs = new long[transcript.length()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = transcript.input(i);
    }
    if (!Arrays.equals(Oracle.run(model, inputs), transcript.outputs())) {
      throw new IllegalStateException(client + " got other tokens than without failures");
    }
    finished++;
  }
}

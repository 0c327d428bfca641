package io.baton.simulations.scale;

import io.baton.session.route.Candidate;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.Directory;
import io.baton.simulations.world.Draws;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.World;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells each client of a few relays a stage, so that what a client knows does not grow with the
 * fleet. Whom it hears of is drawn anew each time it asks.
 */
final class Neighbourhood implements Directory {

  private static final int RELAYS_A_STAGE = 4;

  private final int stages;
  private final Draws draws;
  private long asked;

  Neighbourhood(int stages, Draws draws) {
    this.stages = stages;
    this.draws = draws;
  }

  @Override
  public List<Candidate> candidates(World world, ClientNode client) {
    List<RelayNode> relays = world.relays();
    int serving = relays.size() / stages;
    List<Candidate> heardOf = new ArrayList<>(stages * RELAYS_A_STAGE);
    asked++;
    for (int stage = 0; stage < stages; stage++) {
      for (int i = 0; i < RELAYS_A_STAGE; i++) {
        long drawn = draws.bits(asked, stage * RELAYS_A_STAGE + i) >>> 1;
        RelayNode relay = relays.get((int) (drawn % serving) * stages + stage);
        if (relay.isReady()) {
          heardOf.add(relay.candidate());
        }
      }
    }
    return heardOf;
  }
}

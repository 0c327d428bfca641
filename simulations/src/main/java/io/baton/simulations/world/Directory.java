package io.baton.simulations.world;

import io.baton.session.route.Candidate;
import java.util.ArrayList;
import java.util.List;

/** Tells clients which relays there are. */
@FunctionalInterface
public interface Directory {

  /** All relays that are up, not about to stop, and within the client's reach. */
  Directory ALL =
      (world, client) -> {
        List<Candidate> candidates = new ArrayList<>();
        for (RelayNode relay : world.relays()) {
          if (relay.isReady()
              && !relay.isPaused()
              && !world.network().isCut(client, relay)
              && !world.network().isCut(relay, client)) {
            candidates.add(relay.candidate());
          }
        }
        return candidates;
      };

  /** What a client gets for an answer, in order of preference. */
  List<Candidate> candidates(World world, ClientNode client);
}

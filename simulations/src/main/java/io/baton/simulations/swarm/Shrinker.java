package io.baton.simulations.swarm;

import io.baton.session.route.RouteConfig;
import io.baton.simulations.world.Generation;
import io.baton.simulations.world.LinkProfile;
import io.baton.simulations.world.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Makes a failing run small: leaves out faults by delta debugging (Zeller and Hildebrandt 2002),
 * sessions, relays and tokens, and makes links calm, as long as the run fails in the same way.
 */
public final class Shrinker {

  /** Runs after which what has been reached is good enough. */
  private static final int MOST_RUNS = 3_000;

  private final Protocol protocol;
  private SwarmOutcome best;
  private int runs;

  private Shrinker(SwarmOutcome failing, Protocol protocol) {
    this.best = failing;
    this.protocol = protocol;
  }

  /**
   * The smallest run found that fails like {@code failing} does.
   *
   * @throws IllegalArgumentException if it does not fail
   */
  public static SwarmOutcome shrink(SwarmOutcome failing, Protocol protocol) {
    if (!failing.failed()) {
      throw new IllegalArgumentException("only a run that fails can be shrunk");
    }
    return new Shrinker(failing, protocol).run();
  }

  private SwarmOutcome run() {
    boolean smaller = true;
    while (smaller && runs < MOST_RUNS) {
      smaller = fewerFaults();
      smaller |= each(config -> config.clients().size(), Shrinker::withoutClient);
      smaller |= each(config -> config.relays().size(), Shrinker::withoutRelay);
      smaller |= fewerTokens();
      smaller |= calmer();
    }
    return best;
  }

  private boolean tries(SwarmConfig config, List<Fault> faults) {
    if (runs >= MOST_RUNS) {
      return false;
    }
    runs++;
    SwarmOutcome outcome = SwarmRun.of(config, faults, protocol, List.of());
    boolean same =
        outcome.failed()
            && outcome.violation().orElseThrow().kind() == best.violation().orElseThrow().kind();
    if (same) {
      best = outcome;
    }
    return same;
  }

  // ---- faults

  private boolean fewerFaults() {
    int before = best.faults().size();
    int parts = 2;
    if (before > 0 && tries(best.config(), List.of())) {
      return true;
    }
    while (best.faults().size() >= 2 && runs < MOST_RUNS) {
      if (withoutOnePart(parts)) {
        parts = Math.max(2, parts - 1);
      } else if (parts < best.faults().size()) {
        parts = Math.min(best.faults().size(), 2 * parts);
      } else {
        break;
      }
    }
    return best.faults().size() < before;
  }

  private boolean withoutOnePart(int parts) {
    List<Fault> all = best.faults();
    int size = all.size();
    for (int i = 0; i < parts; i++) {
      List<Fault> some = new ArrayList<>(all.subList(0, i * size / parts));
      some.addAll(all.subList((i + 1) * size / parts, size));
      if (some.size() < size && tries(best.config(), some)) {
        return true;
      }
    }
    return false;
  }

  // ---- what there is

  @FunctionalInterface
  private interface Without {
    SwarmConfig apply(SwarmConfig config, int index);
  }

  private boolean each(Function<SwarmConfig, Integer> size, Without without) {
    boolean smaller = false;
    for (int i = size.apply(best.config()) - 1; i >= 0; i--) {
      if (size.apply(best.config()) > 1) {
        smaller |= tries(without.apply(best.config(), i), best.faults());
      }
    }
    return smaller;
  }

  private static SwarmConfig withoutClient(SwarmConfig config, int index) {
    return config.withClients(without(config.clients(), index));
  }

  /** Never one that the chain cannot do without: the run would fail for another reason. */
  private static SwarmConfig withoutRelay(SwarmConfig config, int index) {
    List<SwarmConfig.Relay> fewer = without(config.relays(), index);
    return covers(fewer, config.layers()) ? config.withRelays(fewer) : config;
  }

  private static boolean covers(List<SwarmConfig.Relay> relays, int layers) {
    boolean[] reached = new boolean[layers + 1];
    reached[0] = true;
    for (int layer = 0; layer < layers; layer++) {
      for (SwarmConfig.Relay relay : relays) {
        if (reached[layer] && relay.span().first() == layer) {
          reached[relay.span().end()] = true;
        }
      }
    }
    return reached[layers];
  }

  private static <T> List<T> without(List<T> all, int index) {
    List<T> fewer = new ArrayList<>(all);
    fewer.remove(index);
    return fewer;
  }

  // ---- what the sessions ask for

  private boolean fewerTokens() {
    boolean smaller = false;
    for (int i = 0; i < best.config().clients().size(); i++) {
      smaller |= shorter(i, g -> tokens(g, Math.max(1, g.tokens() / 2)));
      smaller |= shorter(i, g -> tokens(g, Math.max(1, g.tokens() - 1)));
      smaller |= shorter(i, g -> new Generation(g.prompt(), 1, g.tokens(), g.detours()));
      smaller |=
          shorter(i, g -> new Generation(g.prompt(), g.promptTokens(), g.tokens(), List.of()));
    }
    return smaller;
  }

  private static Generation tokens(Generation generation, int tokens) {
    return new Generation(
        generation.prompt(), generation.promptTokens(), tokens, generation.detours());
  }

  private boolean shorter(int index, Function<Generation, Generation> change) {
    boolean smaller = false;
    while (true) {
      SwarmConfig.Client client = best.config().clients().get(index);
      Generation changed = change.apply(client.generation());
      if (changed.equals(client.generation())) {
        return smaller;
      }
      List<SwarmConfig.Client> clients = new ArrayList<>(best.config().clients());
      clients.set(
          index,
          new SwarmConfig.Client(client.name(), changed, client.startNanos(), client.thinkNanos()));
      if (!tries(best.config().withClients(clients), best.faults())) {
        return smaller;
      }
      smaller = true;
    }
  }

  // ---- how it goes on between them

  private boolean calmer() {
    LinkProfile link = best.config().link();
    RouteConfig route = best.config().route();
    boolean smaller = false;
    if (link.jitterNanos() > 0 || link.bytesPerSecond() > 0) {
      smaller =
          tries(best.config().withLink(LinkProfile.ofLatency(link.latencyNanos())), best.faults());
    }
    if (route.standby()) {
      smaller |= tries(best.config().withRoute(route.withStandby(false)), best.faults());
    }
    if (route.mergeTokens() > 1) {
      smaller |=
          tries(best.config().withRoute(best.config().route().withMergeTokens(1)), best.faults());
    }
    return smaller;
  }
}

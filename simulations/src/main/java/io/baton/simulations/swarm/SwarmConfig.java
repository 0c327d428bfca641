package io.baton.simulations.swarm;

import io.baton.session.model.LayerSpan;
import io.baton.session.route.RouteConfig;
import io.baton.session.stage.StageConfig;
import io.baton.simulations.world.Draws;
import io.baton.simulations.world.Generation;
import io.baton.simulations.world.LinkProfile;
import io.baton.simulations.world.OraclePayloads;
import io.baton.simulations.world.RelayConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A run of the swarm, but for its faults.
 *
 * @param link the middle of what links are like: each pair's is drawn around it
 * @param signs how relays tell slow executors from those that hang
 * @param noticeNanos until a stream through which nothing gets is noticed; 0 for never
 * @param faultyNanos when the faults end
 */
public record SwarmConfig(
    long seed,
    int layers,
    List<Relay> relays,
    List<Client> clients,
    RouteConfig route,
    StageConfig.Limits limits,
    RelayConfig.Signs signs,
    LinkProfile link,
    long leaseNanos,
    long noticeNanos,
    FaultRates pushes,
    FaultRates controls,
    long faultyNanos) {

  private static final long MS = 1_000_000;

  /** A relay; {@code poolTokens} is 0 for a pool without limit. */
  public record Relay(
      String name, LayerSpan span, long computeNanos, int maxSessions, int poolTokens) {}

  /** A client and what it asks for. */
  public record Client(String name, Generation generation, long startNanos, long thinkNanos) {}

  public SwarmConfig {
    relays = List.copyOf(relays);
    clients = List.copyOf(clients);
  }

  int maxLength() {
    return route.maxLength();
  }

  /** Draws everything from a seed. */
  public static SwarmConfig draw(long seed) {
    return new Drawing(seed).config();
  }

  public SwarmConfig withRelays(List<Relay> some) {
    return new SwarmConfig(
        seed,
        layers,
        some,
        clients,
        route,
        limits,
        signs,
        link,
        leaseNanos,
        noticeNanos,
        pushes,
        controls,
        faultyNanos);
  }

  public SwarmConfig withClients(List<Client> some) {
    return new SwarmConfig(
        seed,
        layers,
        relays,
        some,
        route,
        limits,
        signs,
        link,
        leaseNanos,
        noticeNanos,
        pushes,
        controls,
        faultyNanos);
  }

  public SwarmConfig withRoute(RouteConfig other) {
    return new SwarmConfig(
        seed,
        layers,
        relays,
        clients,
        other,
        limits,
        signs,
        link,
        leaseNanos,
        noticeNanos,
        pushes,
        controls,
        faultyNanos);
  }

  public SwarmConfig withLink(LinkProfile other) {
    return new SwarmConfig(
        seed,
        layers,
        relays,
        clients,
        route,
        limits,
        signs,
        other,
        leaseNanos,
        noticeNanos,
        pushes,
        controls,
        faultyNanos);
  }

  /** The dice, and what was drawn so far. */
  private static final class Drawing {

    private final long seed;
    private final SplittableRandom random;
    private final SplittableRandom others;

    Drawing(long seed) {
      this.seed = seed;
      this.random = new SplittableRandom(seed);
      this.others = new Draws(seed).split("signs").generator();
    }

    SwarmConfig config() {
      List<LayerSpan> spans = spans();
      int layers = spans.getLast().end();
      List<Client> clients = clients();
      int longest = clients.stream().mapToInt(c -> c.generation().longest()).max().orElseThrow();
      LinkProfile link = link();
      long compute = between(1, 3_000) * 1_000;
      RouteConfig route = patient(route(layers, longest + random.nextInt(4)), clients, compute);
      RelayConfig.Signs signs = signs(route.patience());
      return new SwarmConfig(
          seed,
          layers,
          relays(spans, layers, compute, clients.size()),
          clients,
          route.withPatience(towards(route.patience(), signs)),
          limits(route.window()),
          signs,
          link,
          between(500, 3_000) * MS,
          one(3) ? 0 : between(20, 500) * MS,
          FaultRates.draw(random, 0.15),
          one(2) ? FaultRates.NONE : FaultRates.draw(random, 0.04),
          runNanos(spans.size(), clients, link, compute));
    }

    private boolean one(int in) {
      return random.nextInt(in) == 0;
    }

    private long between(long low, long high) {
      return random.nextLong(low, high + 1);
    }

    /** The chain: one to five stages of one to three layers. */
    private List<LayerSpan> spans() {
      List<LayerSpan> spans = new ArrayList<>();
      int stages = 1 + random.nextInt(5);
      int first = 0;
      for (int i = 0; i < stages; i++) {
        int end = first + 1 + random.nextInt(3);
        spans.add(new LayerSpan(first, end));
        first = end;
      }
      return spans;
    }

    private List<Relay> relays(List<LayerSpan> chain, int layers, long compute, int clients) {
      List<LayerSpan> spans = new ArrayList<>(chain);
      if (one(2)) {
        spans.addAll(chain);
      }
      int spares = random.nextInt(4);
      for (int i = 0; i < spares; i++) {
        spans.add(spare(chain, layers));
      }
      // Not two: sessions that each hold the one that the other waits for would wait for ever.
      int tight = one(4) ? random.nextInt(spans.size()) : -1;
      List<Relay> relays = new ArrayList<>();
      for (LayerSpan span : spans) {
        relays.add(
            new Relay(
                "r" + relays.size(),
                span,
                between(compute / 2, compute),
                relays.size() == tight ? Math.max(1, clients - 1) : clients + 1,
                one(6) ? (int) between(4, 60) : 0));
      }
      return relays;
    }

    /** Mostly a stage of the chain once more, else any other span. */
    private LayerSpan spare(List<LayerSpan> chain, int layers) {
      if (!one(4)) {
        return chain.get(random.nextInt(chain.size()));
      }
      int first = random.nextInt(layers);
      return new LayerSpan(first, first + 1 + random.nextInt(layers - first));
    }

    private List<Client> clients() {
      int count = one(2) ? 1 : one(3) ? 3 : 2;
      List<Client> clients = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        clients.add(
            new Client(
                "c" + i, generation(), between(0, 5) * MS, one(3) ? between(0, 5_000) * 1_000 : 0));
      }
      return clients;
    }

    private Generation generation() {
      int tokens = 3 + random.nextInt(23);
      List<Generation.Detour> detours = new ArrayList<>();
      while (one(2) && detours.size() < 3) {
        int back = one(2) ? 0 : 1 + random.nextInt(6);
        detours.add(new Generation.Detour(1 + random.nextInt(tokens), back));
      }
      return new Generation(random.nextLong(), 1 + random.nextInt(8), tokens, detours);
    }

    private RouteConfig route(int layers, int maxLength) {
      RouteConfig.Patience drawn =
          new RouteConfig.Patience(
              between(40, 300) * MS,
              between(60, 500) * MS,
              0,
              0,
              (int) between(1, 3),
              (int) between(2, 8),
              0,
              0,
              between(2, 30) * MS,
              between(50, 200) * MS,
              between(5, 100) * MS,
              between(100, 1_000) * MS);
      // A few searches, of which the last are as far apart as they may be.
      long search = drawn.failures() * drawn.maxBackoffNanos();
      return RouteConfig.of(layers, OraclePayloads.ROW, maxLength)
          .withPatience(drawn.withSearch(search, search))
          .withPush(!one(6))
          .withConfirm(one(4) ? RouteConfig.Confirm.FULL : RouteConfig.Confirm.DIGEST)
          .withStandby(one(3))
          .withWindow(one(3) ? (int) between(1, 4) : 32)
          .withMergeTokens(one(2) ? 1 : (int) between(2, 40));
    }

    /**
     * No merged step takes longer, with all clients at one executor, than half the patience for its
     * answer: a replay that is given up before it can be done would be begun again for ever.
     */
    private static RouteConfig patient(RouteConfig route, List<Client> clients, long compute) {
      long patience = route.patience().stepNanos() * route.patience().attempts();
      long affordable = patience / (2L * clients.size() * compute);
      return route.withMergeTokens(Math.clamp(affordable, 1, route.mergeTokens()));
    }

    /** A relay bears of its executor what a client bears of a relay that says nothing. */
    private RelayConfig.Signs signs(RouteConfig.Patience patience) {
      long tick = patience.stepNanos() / (2 + others.nextInt(5));
      long stall = patience.attempts() * patience.stepNanos() / tick + 1 + others.nextInt(4);
      return new RelayConfig.Signs(tick, Math.toIntExact(stall), others.nextInt(3) > 0);
    }

    /** A client believes a relay for longer than that bears its executor. */
    private RouteConfig.Patience towards(RouteConfig.Patience patience, RelayConfig.Signs signs) {
      long stall = (2L + others.nextInt(3)) * signs.stallTicks() * signs.tickNanos();
      return patience.withBelief(stall, (2 + others.nextInt(3)) * stall);
    }

    /** A stage lets as many steps wait as the client may have under way. */
    private StageConfig.Limits limits(int window) {
      return one(2)
          ? new StageConfig.Limits(8, 16, 1 << 20, 256, 4, between(5, 50) * MS)
          : new StageConfig.Limits(
              (int) between(1, 4),
              (int) between(1, 4),
              between(64, 1024),
              window + random.nextInt(4),
              (int) between(1, 4),
              between(5, 50) * MS);
    }

    private LinkProfile link() {
      long latency = between(50, 3_000) * 1_000;
      return new LinkProfile(
          latency,
          one(2) ? 0 : between(0, 2 * latency),
          one(3) ? between(50_000, 5_000_000) : 0,
          0,
          0,
          0);
    }

    /** How long it all takes if nothing goes wrong, roughly. */
    private static long runNanos(int stages, List<Client> clients, LinkProfile link, long compute) {
      long step = (stages + 1) * (link.latencyNanos() + link.jitterNanos()) + stages * compute;
      long most = 0;
      for (Client client : clients) {
        most = Math.max(most, client.generation().tokens() * (step + client.thinkNanos()));
      }
      return 2 * most;
    }
  }
}

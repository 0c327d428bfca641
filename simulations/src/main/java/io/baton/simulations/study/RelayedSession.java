package io.baton.simulations.study;

import io.baton.session.Transition;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.route.RouteStats;
import io.baton.session.stage.StageEffect;
import io.baton.simulations.study.SessionTimeline.Kind;
import io.baton.simulations.world.ClientConfig;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.ComputeProfile;
import io.baton.simulations.world.Fate;
import io.baton.simulations.world.Generation;
import io.baton.simulations.world.LinkModel;
import io.baton.simulations.world.LinkProfile;
import io.baton.simulations.world.Message;
import io.baton.simulations.world.Mischief;
import io.baton.simulations.world.Node;
import io.baton.simulations.world.OraclePayloads;
import io.baton.simulations.world.Protocol;
import io.baton.simulations.world.RelayConfig;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.Request;
import io.baton.simulations.world.StageSession;
import io.baton.simulations.world.Timings;
import io.baton.simulations.world.WireSize;
import io.baton.simulations.world.World;
import io.baton.simulations.world.WorldConfig;
import io.baton.simulations.world.WorldObserver;
import io.baton.simulations.world.WorldStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One session of Baton's machines. Strikes the transfers that {@link FailureModel} counts, as they
 * are sent: the message is lost, and its receiver dies at the moment at which it would have come.
 */
final class RelayedSession implements Mischief, WorldObserver {

  /** In a simulation's time. */
  private static final long NEVER = Long.MAX_VALUE / 4;

  /** What a message takes beside activations. */
  private static final long HEADER_BYTES = 64;

  private final Chain chain;
  private final Workload workload;
  private final FailureModel failures;
  private final SplittableRandom random;
  private final SessionTimeline timeline;
  private final World world;
  private final List<RelayNode> relays = new ArrayList<>();
  private final long[] downSince;
  private long deaths;

  RelayedSession(
      Chain chain, Workload workload, FailureModel failures, long seed, SessionTimeline timeline) {
    this.chain = chain;
    this.workload = workload;
    this.failures = failures;
    this.random = new SplittableRandom(seed);
    this.timeline = timeline;
    this.downSince = new long[chain.stages() + 1];
    Arrays.fill(downSince, -1);
    WorldConfig config =
        WorldConfig.of(seed, chain.stages(), length(), links(chain))
            .withWire(new WireSize(HEADER_BYTES, chain.activationBytes()))
            .withTimings(
                new Timings(
                    Timings.DEFAULT.noticeNanos(),
                    Timings.DEFAULT.repeatNanos(),
                    chain.roundTrips().mean().toNanos()));
    this.world = new World(config, Protocol.PRODUCTION, this, this);
  }

  private int length() {
    return workload.promptTokens() + workload.tokens();
  }

  private static LinkModel links(Chain chain) {
    int parties = chain.stages() + 1;
    LinkProfile[][] profiles = new LinkProfile[parties][parties];
    for (int from = 0; from < parties; from++) {
      for (int to = 0; to < parties; to++) {
        profiles[from][to] =
            LinkProfile.ofLatency(chain.roundTrips().oneWayNanos(from, to))
                .withBandwidth(Math.round(chain.bytesPerSecond()));
      }
    }
    return (from, to) -> profiles[party(chain, from)][party(chain, to)];
  }

  /** Relays are added stage after stage, then their standbys in the same order. */
  private static int party(Chain chain, Node node) {
    return node instanceof RelayNode ? node.index() % chain.stages() + 1 : 0;
  }

  private int party(Node node) {
    return party(chain, node);
  }

  SessionRun run(boolean push, boolean standby) {
    addRelays("");
    if (standby) {
      addRelays("-standby");
    }
    RouteConfig route =
        RouteConfig.of(chain.stages(), OraclePayloads.ROW, length())
            .withPush(push)
            .withStandby(standby)
            .withMergeTokens(chain.mergeTokens())
            .withPatience(patience());
    ClientNode client =
        world.addClient(
            ClientConfig.of(
                "client", route, Generation.of(7, workload.promptTokens(), workload.tokens())),
            0);
    boolean finished = world.runUntilFinished(workload.cap().toNanos());
    WorldStatistics statistics = world.statistics();
    RouteStats stats = client.state().stats();
    return new SessionRun(
        finished,
        finished ? client.finishedNanos() : workload.cap().toNanos(),
        client.transcript().requests(),
        deaths,
        stats.reroutes(),
        stats.takeovers(),
        stats.replayedTokens(),
        statistics.clientBytesSent(),
        statistics.serverBytes() + statistics.clientBytesReceived());
  }

  private void addRelays(String suffix) {
    for (int stage = 1; stage <= chain.stages(); stage++) {
      StageSpeed speed = chain.speeds().get(stage - 1);
      ComputeProfile compute =
          new ComputeProfile(
              0,
              speed.token().toNanos(),
              speed.prefillStart().toNanos(),
              Math.round(1e9 / speed.prefillTokensPerSecond()),
              speed.cachedToken().toNanos());
      relays.add(
          world.addRelay(
              RelayConfig.of("stage-" + stage + suffix, new LayerSpan(stage - 1, stage), compute)));
    }
  }

  /** A client that never gives up, and looks again often for a replacement that is to come. */
  private RouteConfig.Patience patience() {
    RouteConfig.Patience usual = RouteConfig.Patience.DEFAULT;
    long wholeReplay = 0;
    for (int stage = 1; stage <= chain.stages(); stage++) {
      wholeReplay =
          Math.max(
              wholeReplay,
              chain.computeNanos(stage, length(), 0) + chain.transferNanos(0, stage, length()));
    }
    return new RouteConfig.Patience(
        usual.openNanos() + 2 * chain.roundTrips().mean().toNanos(),
        usual.stepNanos() + 4 * wholeReplay,
        NEVER,
        NEVER,
        usual.attempts(),
        Integer.MAX_VALUE,
        NEVER,
        NEVER,
        usual.backoffNanos(),
        2 * usual.backoffNanos(),
        usual.banNanos(),
        usual.maxBanNanos());
  }

  private RouteState route() {
    return world.clients().getFirst().state();
  }

  // ---- failures

  @Override
  public Fate fate(Transmission transmission) {
    Node from = transmission.from();
    Node to = transmission.to();
    if (!to.isUp() || !isActivationTransfer(transmission)) {
      return Fate.DELIVER;
    }
    long arrival = arrivalNanos(from, to, transmission.message());
    show(from, to, arrival);
    if (!failures.strikes(random)) {
      return Fate.DELIVER;
    }
    RelayNode victim = to instanceof RelayNode receiver ? receiver : (RelayNode) from;
    RelayId now = victim.id();
    world.at(arrival, () -> kill(victim, now));
    return Fate.LOSE;
  }

  private boolean isActivationTransfer(Transmission transmission) {
    return switch (transmission.message()) {
      case Message.Pushed _ -> failures.copies() || isHop((RelayNode) transmission.to());
      case Message.StepMessage(RouteEffect.Send send) ->
          send.payload().isPresent()
              && (failures.copies()
                  || isHop((RelayNode) transmission.to())
                  || send.step().position() < route().length());
      case Message.Reply(RouteInput.Answered answered) ->
          answered.step().position() >= route().length()
              && party(transmission.from()) == chain.stages()
              && isHop((RelayNode) transmission.from());
      case Message.Reply _,
          Message.Opening _,
          Message.Closing _,
          Message.Heartbeat _,
          Message.EndOfStream _ ->
          false;
    };
  }

  private boolean isHop(RelayNode relay) {
    for (Candidate hop : route().route()) {
      if (hop.relay().equals(relay.id())) {
        return true;
      }
    }
    return false;
  }

  private long arrivalNanos(Node from, Node to, Message message) {
    int tokens = message.payload() == null ? 0 : message.payload().tokens();
    return world.nowNanos() + chain.transferNanos(party(from), party(to), tokens);
  }

  private void kill(RelayNode victim, RelayId id) {
    if (!victim.isUp() || !victim.id().equals(id)) {
      return;
    }
    int stage = party(victim);
    long now = world.nowNanos();
    deaths++;
    timeline.happened(Kind.DEATH, stage, stage, now, now);
    victim.crash();
    if (relays.stream().noneMatch(relay -> relay.isUp() && party(relay) == stage)) {
      downSince[stage] = now;
    }
    world.at(now + chain.replacement().toNanos(), () -> replace(victim, stage));
  }

  private void replace(RelayNode victim, int stage) {
    victim.restart();
    if (downSince[stage] >= 0) {
      timeline.happened(Kind.DOWN, stage, stage, downSince[stage], world.nowNanos());
      downSince[stage] = -1;
    }
  }

  // ---- what is shown

  private void show(Node from, Node to, long arrival) {
    timeline.happened(
        from instanceof RelayNode && to instanceof RelayNode ? Kind.PUSH : Kind.CLIENT,
        party(from),
        party(to),
        world.nowNanos(),
        arrival);
  }

  @Override
  public void onSent(Node from, Node to, Message message, Fate fate) {
    // Without push every output goes on by way of the client; that to the client has been shown.
    if (!route().config().push()
        && message instanceof Message.Reply(RouteInput.Answered _)
        && party(from) != chain.stages()) {
      show(from, to, arrivalNanos(from, to, message));
    }
  }

  @Override
  public void onCompute(StageSession session, StageEffect.Compute compute, long nanos) {
    int stage = party(session.relay());
    Kind kind =
        session.state().role() == StageRole.STANDBY
            ? Kind.STANDBY
            : compute.step().position() < route().length() ? Kind.REPLAY : Kind.COMPUTE;
    timeline.happened(kind, stage, stage, world.nowNanos(), world.nowNanos() + nanos);
  }

  @Override
  public void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {
    if (made.state().stats().takeovers() == before.stats().takeovers()) {
      return;
    }
    List<Candidate> old = before.route();
    for (Candidate hop : made.state().route()) {
      if (!old.contains(hop)) {
        int stage = hop.stage().span().end();
        timeline.happened(Kind.TAKEOVER, stage, stage, world.nowNanos(), world.nowNanos());
      }
    }
  }

  @Override
  public void onAccepted(ClientNode client, Request request, long[] outputs) {
    timeline.happened(Kind.TOKEN, 0, 0, world.nowNanos(), world.nowNanos());
  }
}

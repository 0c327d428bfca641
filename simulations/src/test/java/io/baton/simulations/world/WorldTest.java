package io.baton.simulations.world;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.LayerSpan;
import io.baton.session.route.RouteConfig;
import io.baton.session.stage.DropReason;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class WorldTest {

  private static final long MS = 1_000_000;
  private static final long HOUR = 3_600_000 * MS;
  private static final int LAYERS = 6;
  private static final int MAX_LENGTH = 128;
  private static final ComputeProfile COMPUTE = ComputeProfile.ofToken(2 * MS);

  private final HistoryHash history = new HistoryHash();

  private World world(LinkProfile link, Mischief mischief) {
    WorldConfig config = WorldConfig.of(7, LAYERS, MAX_LENGTH, LinkModel.uniform(link));
    return new World(config, Protocol.PRODUCTION, mischief, history);
  }

  private World healthy() {
    return world(LinkProfile.ofLatency(MS), Mischief.NONE);
  }

  /** Three stages of two layers, and so many spares for each. */
  private static void addChain(World world, int spares) {
    for (int i = 0; i <= spares; i++) {
      for (int stage = 0; stage < 3; stage++) {
        world.addRelay(
            RelayConfig.of(
                "r%d%s".formatted(stage, "'".repeat(i)),
                new LayerSpan(2 * stage, 2 * stage + 2),
                COMPUTE));
      }
    }
  }

  private static RouteConfig route() {
    return RouteConfig.of(LAYERS, OraclePayloads.ROW, MAX_LENGTH);
  }

  private static ClientNode addClient(World world, int tokens) {
    return world.addClient(ClientConfig.of("c", route(), Generation.of(5, 4, tokens)), 0);
  }

  private static void assertRight(ClientNode client) {
    Transcript transcript = client.transcript();
    long[] inputs = new long[transcript.length()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = transcript.input(i);
    }
    assertThat(client.isFinished()).isTrue();
    assertThat(transcript.outputs()).isEqualTo(Oracle.run(new LayerSpan(0, LAYERS), inputs));
  }

  private static void assertEmpty(World world) {
    world.runTo(world.nowNanos() + 60_000 * MS);
    for (RelayNode relay : world.relays()) {
      assertThat(relay.sessions()).isEmpty();
      assertThat(relay.heldBytes()).isZero();
      assertThat(relay.executorQueue()).isZero();
    }
    assertThat(world.network().inFlight()).isZero();
    assertThat(world.timeline().pending()).isZero();
  }

  /** The relay that computes the second stage of a client's route. */
  private static RelayNode second(World world, ClientNode client) {
    return Objects.requireNonNull(world.relay(client.state().route().get(1).relay().name()));
  }

  @Test
  void healthyChain_takesOneHopAStageAndEveryStepFromPeers() {
    World world = healthy();
    addChain(world, 0);
    ClientNode client = addClient(world, 20);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().stepsFromPeer()).isEqualTo(40);
    assertThat(client.state().stats().stepsFromClient()).isZero();
    // 19 steps of one token: four hops and three computations each.
    assertThat(client.finishedNanos() - client.firstAcceptedNanos()).isEqualTo(19 * (4 + 6) * MS);
    assertEmpty(world);
  }

  @Test
  void crash_goesOnWithTheSpare() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, () -> world.relays().get(1).crash());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isEqualTo(1);
    assertThat(client.state().stats().replayedTokens()).isPositive();
    assertEmpty(world);
  }

  @Test
  void crash_withAStandby_replaysNothing() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client =
        world.addClient(
            ClientConfig.of("c", route().withStandby(true), Generation.of(5, 4, 20)), 0);
    world.at(105 * MS, () -> second(world, client).crash());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().takeovers()).isEqualTo(1);
    assertThat(client.state().stats().replayedTokens()).isZero();
    assertEmpty(world);
  }

  private static final long SECOND = 1_000 * MS;

  @Test
  void slowExecutor_thatGetsOn_isWaitedForWhileItTakesMinutes() {
    World world = healthy();
    addChain(world, 1);
    // Two layers, 10 s each, for each of 20 tokens.
    world.relays().get(1).slowDown(10_000);
    ClientNode client = world.addClient(ClientConfig.of("c", route(), Generation.of(5, 20, 2)), 0);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isZero();
    assertThat(client.finishedNanos()).isGreaterThan(400 * SECOND);
    assertEmpty(world);
  }

  @Test
  void slowExecutor_thatSaysNothing_isTakenForOneThatHangs() {
    World world = healthy();
    for (int stage = 0; stage < 3; stage++) {
      for (String name : List.of("r" + stage, "r" + stage + "'")) {
        world.addRelay(
            RelayConfig.of(name, new LayerSpan(2 * stage, 2 * stage + 2), COMPUTE)
                .withSigns(new RelayConfig.Signs(SECOND, 30, false)));
      }
    }
    ClientNode client = addClient(world, 20);
    world.at(60 * MS, () -> second(world, client).slowDown(20_000));

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isEqualTo(1);
    assertThat(client.finishedNanos()).isBetween(29 * SECOND, 33 * SECOND);
    assertEmpty(world);
  }

  @Test
  void hangingExecutor_isNoticedByItsRelayAndLeft() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    RelayNode[] hung = new RelayNode[1];
    world.at(
        60 * MS,
        () -> {
          hung[0] = second(world, client);
          hung[0].hangExecutor();
        });

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isEqualTo(1);
    assertThat(client.finishedNanos()).isBetween(29 * SECOND, 33 * SECOND);
    assertThat(hung[0].isReady()).as("takes sessions").isFalse();
    assertThat(hung[0].sessions()).isEmpty();
    hung[0].unhangExecutor();
    assertEmpty(world);
    assertThat(hung[0].isReady()).isTrue();
  }

  @Test
  void pretendingRelay_isBelievedForSoLong() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    world.at(60 * MS, () -> second(world, client).pretend());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isEqualTo(1);
    long longest = route().patience().longestNanos();
    assertThat(client.finishedNanos()).isBetween(longest, longest + 20 * SECOND);
  }

  @Test
  void silentRelay_costsSeconds() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    world.at(60 * MS, () -> second(world, client).vanish());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.finishedNanos()).isLessThan(12 * SECOND);
  }

  @Test
  void restart_losesTheMemoryAndServesAgain() {
    World world = healthy();
    addChain(world, 0);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, () -> world.relays().get(1).restart());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(world.statistics().sessionsOpened()).isEqualTo(4);
    assertEmpty(world);
  }

  @Test
  void vanishedRelay_isNoticedByTheClientsTimerAlone() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, () -> world.relays().get(1).vanish());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.finishedNanos()).isGreaterThan(2 * route().patience().stepNanos());
    assertEmpty(world);
  }

  @Test
  void pausedRelay_goesOnWithWhatHasWaited() {
    World world = healthy();
    addChain(world, 0);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, () -> world.relays().get(1).pause());
    world.at(1_100 * MS, () -> world.relays().get(1).resume());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isZero();
    assertThat(client.finishedNanos()).isBetween(1_100 * MS, 2_000 * MS);
  }

  @Test
  void slowRelay_slowsTheChain() {
    World world = healthy();
    addChain(world, 0);
    ClientNode client = addClient(world, 20);
    world.relays().get(1).slowDown(5);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertThat(client.finishedNanos() - client.firstAcceptedNanos())
        .isEqualTo(19 * (4 + 4 + 10) * MS);
  }

  @Test
  void drainingRelay_isLeft() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    RelayNode draining = world.relays().get(1);
    world.at(100 * MS, draining::drain);

    assertThat(world.runUntil(() -> world.nowNanos() > 150 * MS, HOUR)).isTrue();
    assertThat(draining.sessions()).isEmpty();
    assertThat(world.runUntilFinished(HOUR)).isTrue();
    assertRight(client);
  }

  @Test
  void cutBetweenPeers_bringsThePayloadByTheClient() {
    World world = healthy();
    addChain(world, 0);
    ClientNode client = addClient(world, 20);
    world.network().cut(world.relays().get(0), world.relays().get(1));

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().stepsFromClient()).isEqualTo(20);
    assertThat(client.state().stats().stepsFromPeer()).isEqualTo(20);
  }

  @Test
  void cutFromTheClient_isNoticedAndGoneAround() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, () -> world.network().cut(client, world.relays().get(1)));

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().reroutes()).isEqualTo(1);
  }

  @Test
  void corruptedPush_isReportedAndTheTokensAreRight() {
    World world =
        world(
            LinkProfile.ofLatency(MS),
            sent ->
                sent.message() instanceof Message.Pushed && sent.number() == 3
                    ? Fate.CORRUPT
                    : Fate.DELIVER);
    addChain(world, 0);
    ClientNode client = addClient(world, 20);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().mismatches()).isEqualTo(2);
  }

  @Test
  void damagedAnswersAndSteps_areSentAgain() {
    World world =
        world(
            LinkProfile.ofLatency(MS),
            sent ->
                sent.message().payload() != null
                        && !(sent.message() instanceof Message.Pushed)
                        && sent.number() == 5
                    ? Fate.CORRUPT
                    : Fate.DELIVER);
    addChain(world, 0);
    ClientNode client = addClient(world, 20);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(client.state().stats().mismatches()).isZero();
  }

  @Test
  void deadClient_leavesNothingOnceLeasesAreOver() {
    World world = healthy();
    addChain(world, 0);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, client::die);

    assertThat(world.runUntilFinished(HOUR)).isTrue();
    world.runTo(200 * MS);

    assertThat(world.relays().getFirst().sessions()).hasSize(1);
    assertEmpty(world);
    assertThat(world.statistics().leasesEnded()).isEqualTo(3);
  }

  @Test
  void fullRelay_refusesAndTheSpareServes() {
    World world = healthy();
    world.addRelay(RelayConfig.of("a", new LayerSpan(0, LAYERS), COMPUTE).withMaxSessions(1));
    world.addRelay(RelayConfig.of("b", new LayerSpan(0, LAYERS), COMPUTE).withMaxSessions(1));
    addClient(world, 20);
    addClient(world, 20);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    world.clients().forEach(WorldTest::assertRight);
    assertThat(world.statistics().openingsRefused()).isEqualTo(1);
  }

  @Test
  void fullPool_shedsPushesAndTheClientBringsThem() {
    World world = healthy();
    for (int stage = 0; stage < 3; stage++) {
      world.addRelay(
          RelayConfig.of("r" + stage, new LayerSpan(2 * stage, 2 * stage + 2), COMPUTE)
              .withPool(100_000, 0.00001));
    }
    ClientNode client = addClient(world, 20);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(world.statistics().pushesShed()).isEqualTo(40);
    assertThat(client.state().stats().stepsFromClient()).isEqualTo(40);
    assertEmpty(world);
  }

  @Test
  void lossyLinks_changeNoToken() {
    World world = world(new LinkProfile(MS, MS, 1_000_000, 0.1, 0.1, 0.2), Mischief.NONE);
    addChain(world, 0);
    ClientNode client =
        world.addClient(
            ClientConfig.of(
                "c",
                route(),
                new Generation(
                    5, 4, 40, List.of(new Generation.Detour(5, 3), new Generation.Detour(9, 0)))),
            0);

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
    assertThat(world.statistics().drops(DropReason.DUPLICATE)).isPositive();
    assertEmpty(world);
  }

  @Test
  void computeFails_andAnotherRelayTakesOver() {
    World world = healthy();
    addChain(world, 1);
    ClientNode client = addClient(world, 20);
    world.at(100 * MS, () -> world.relays().get(1).failComputations(1));
    world.at(150 * MS, () -> world.relays().get(2).loseExecutor());

    assertThat(world.runUntilFinished(HOUR)).isTrue();

    assertRight(client);
  }

  @Test
  void sameSeed_givesTheSameHistory() {
    assertThat(eventful(w -> {})).isEqualTo(eventful(w -> {}));
    assertThat(eventful(w -> w.at(60 * MS, () -> w.relays().get(2).crash())))
        .isNotEqualTo(eventful(w -> {}));
  }

  private static long eventful(Consumer<World> more) {
    HistoryHash hash = new HistoryHash();
    World world =
        new World(
            WorldConfig.of(
                3,
                LAYERS,
                MAX_LENGTH,
                LinkModel.uniform(new LinkProfile(MS, 3 * MS, 500_000, 0.05, 0.1, 0.2))),
            Protocol.PRODUCTION,
            Mischief.NONE,
            hash);
    addChain(world, 1);
    addClient(world, 30);
    addClient(world, 30);
    world.at(70 * MS, () -> world.relays().get(1).restart());
    world.at(120 * MS, () -> world.relays().get(0).pause());
    world.at(90_000 * MS, () -> world.relays().get(0).resume());
    more.accept(world);
    assertThat(world.runUntilFinished(HOUR)).isTrue();
    world.clients().forEach(WorldTest::assertRight);
    return hash.value();
  }
}

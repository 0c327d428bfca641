package io.baton.simulations.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.simulations.world.Fate;
import io.baton.simulations.world.Protocol;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SwarmTest {

  private static final int FIXED_SEEDS = 300;
  private static final int FRESH_SEEDS = 300;

  private static void assertNoneFails(long first, int seeds) throws InterruptedException {
    Swarm swarm = new Swarm(first, first + seeds, Protocol.PRODUCTION);
    swarm.run(2, () -> {});
    if (swarm.lowestFailing() != Long.MAX_VALUE) {
      throw new AssertionError(
          "replay with: baton simulate swarm --seed %d --trace%n%s"
              .formatted(
                  swarm.lowestFailing(),
                  String.join(
                      "\n",
                      Swarm.explain(swarm.lowestFailing(), Protocol.PRODUCTION, 200).lines())));
    }
    assertThat(swarm.seeds()).isEqualTo(seeds);
  }

  @Test
  void fixedSeeds_breakNothing() throws InterruptedException {
    assertNoneFails(1_000_000, FIXED_SEEDS);
  }

  @Test
  void freshSeeds_breakNothing() throws InterruptedException {
    long first = System.currentTimeMillis() * 1_000;
    System.out.printf("fresh seeds from %d on%n", first);
    assertNoneFails(first, FRESH_SEEDS);
  }

  @Test
  void sameSeed_hasTheSameHistory() {
    Set<Long> histories = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      SwarmOutcome once = SwarmRun.ofSeed(seed, Protocol.PRODUCTION, List.of());
      SwarmOutcome again = SwarmRun.ofSeed(seed, Protocol.PRODUCTION, List.of());
      assertThat(again.history()).as("seed %d", seed).isEqualTo(once.history());
      assertThat(again.faults()).isEqualTo(once.faults());
      histories.add(once.history());
    }
    assertThat(histories).hasSize(50);
  }

  @Test
  void recordedFaults_givenExplicitly_repeatTheRun() {
    for (long seed = 0; seed < 50; seed++) {
      Trace drawn = new Trace(Integer.MAX_VALUE);
      SwarmOutcome outcome = SwarmRun.ofSeed(seed, Protocol.PRODUCTION, List.of(drawn));
      Trace given = new Trace(Integer.MAX_VALUE);
      SwarmRun.of(outcome.config(), outcome.faults(), Protocol.PRODUCTION, List.of(given));
      assertThat(given.lines()).as("seed %d", seed).isEqualTo(drawn.lines());
    }
  }

  @Test
  void drawnConfigurations_meetEveryKindOfFault() {
    Set<Object> kinds = new HashSet<>();
    for (long seed = 0; seed < 300; seed++) {
      for (Fault fault : SwarmRun.ofSeed(seed, Protocol.PRODUCTION).faults()) {
        switch (fault) {
          case Fault.OfMessage message -> kinds.add(message.fate());
          case Fault.OfNode node -> kinds.add(node.kind());
        }
      }
    }
    assertThat(kinds).contains((Object[]) Fault.Kind.values());
    assertThat(kinds).contains(Fate.LOSE, Fate.DOUBLE, Fate.DELAY, Fate.CORRUPT, Fate.BREAK);
  }

  @Test
  void shrinking_keepsTheKindAndLeavesLittle() throws InterruptedException {
    Protocol broken = BrokenProtocols.withoutDigestCheck();
    Swarm swarm = new Swarm(0, 1_000, broken);
    swarm.run(2, () -> {});
    SwarmOutcome failing = SwarmRun.ofSeed(swarm.lowestFailing(), broken);

    Swarm.Failure small = Swarm.explain(swarm.lowestFailing(), broken, 200);

    assertThat(small.outcome().violation().orElseThrow().kind())
        .isEqualTo(failing.violation().orElseThrow().kind());
    assertThat(small.outcome().faults()).hasSize(1);
    assertThat(small.outcome().config().clients()).hasSize(1);
    assertThat(small.lines()).hasSizeLessThan(60).anyMatch(line -> line.contains("CORRUPT"));
    System.out.println(String.join("\n", small.lines()));
  }

  @Test
  void shrinking_ofARunThatFailsNot_isRefused() {
    SwarmOutcome fine = SwarmRun.ofSeed(0, Protocol.PRODUCTION);
    assertThatThrownBy(() -> Shrinker.shrink(fine, Protocol.PRODUCTION))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void trace_ofManyLines_keepsTheFirstAndTheLast() {
    Trace whole = new Trace(Integer.MAX_VALUE);
    SwarmRun.ofSeed(1, Protocol.PRODUCTION, List.of(whole));
    Trace some = new Trace(10);
    SwarmRun.ofSeed(1, Protocol.PRODUCTION, List.of(some));

    assertThat(some.lines()).hasSize(11);
    assertThat(some.lines().subList(0, 5)).isEqualTo(whole.lines().subList(0, 5));
    assertThat(some.lines().getLast()).isEqualTo(whole.lines().getLast());
  }
}

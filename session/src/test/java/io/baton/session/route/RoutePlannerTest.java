package io.baton.session.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.testing.TestPayloads;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RoutePlannerTest {

  @Test
  void plan_joinsSpansWithoutGapOrOverlap() {
    assertThat(plan(3, c("a", 0, 1), c("b", 0, 2), c("c", 1, 3))).containsExactly("a", "c");
  }

  @Test
  void plan_prefersTheCheapest() {
    List<Candidate> candidates = List.of(c("a", 0, 2), c("b", 0, 1), c("c", 1, 2));
    assertThat(names(RoutePlanner.plan(2, candidates, x -> x.relay().name().equals("a") ? 9 : 4)))
        .containsExactly("b", "c");
  }

  @Test
  void plan_thenTheOneWithTheFewestHops() {
    assertThat(plan(2, c("a", 0, 1), c("b", 1, 2), c("c", 0, 2))).containsExactly("c");
  }

  @Test
  void plan_thenTheOnePreferred() {
    assertThat(plan(2, c("a", 0, 1), c("b", 0, 1), c("c", 1, 2), c("d", 1, 2)))
        .containsExactly("a", "c");
  }

  @Test
  void plan_withoutACoveringIsEmpty() {
    assertThat(RoutePlanner.plan(2, List.of(), _ -> 0)).isEmpty();
    assertThat(RoutePlanner.plan(3, List.of(c("a", 0, 2), c("b", 1, 3)), _ -> 0)).isEmpty();
    assertThat(RoutePlanner.plan(2, List.of(c("a", 0, 3)), _ -> 0)).isEmpty();
  }

  @Test
  void plan_isAsCheapAsAnyOther() {
    SplittableRandom random = new SplittableRandom(7);
    for (int round = 0; round < 300; round++) {
      List<Candidate> candidates = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int first = random.nextInt(4);
        candidates.add(c("r" + i, first, first + 1 + random.nextInt(4 - first)));
      }
      long[] costs = random.longs(8, 0, 10).toArray();
      Optional<List<Candidate>> best = RoutePlanner.plan(4, candidates, x -> cost(costs, x));
      long cheapest = cheapest(0, candidates, costs);
      assertThat(best.map(route -> route.stream().mapToLong(x -> cost(costs, x)).sum()))
          .isEqualTo(cheapest == Long.MAX_VALUE ? Optional.empty() : Optional.of(cheapest));
    }
  }

  private static long cheapest(int layer, List<Candidate> candidates, long[] costs) {
    if (layer == 4) {
      return 0;
    }
    long cheapest = Long.MAX_VALUE;
    for (Candidate candidate : candidates) {
      if (candidate.span().first() == layer) {
        long rest = cheapest(candidate.span().end(), candidates, costs);
        if (rest != Long.MAX_VALUE) {
          cheapest = Math.min(cheapest, rest + cost(costs, candidate));
        }
      }
    }
    return cheapest;
  }

  private static long cost(long[] costs, Candidate candidate) {
    return costs[Integer.parseInt(candidate.relay().name().substring(1))];
  }

  @Test
  void missingLayer_isTheFirstThatNobodyServes() {
    assertThat(RoutePlanner.missingLayer(List.of())).isZero();
    assertThat(RoutePlanner.missingLayer(List.of(c("a", 0, 2), c("b", 3, 4)))).isEqualTo(2);
    assertThat(RoutePlanner.missingLayer(List.of(c("a", 0, 2), c("b", 2, 4)))).isEqualTo(4);
  }

  private static List<String> plan(int layers, Candidate... candidates) {
    return names(RoutePlanner.plan(layers, List.of(candidates), _ -> 0));
  }

  private static List<String> names(Optional<List<Candidate>> route) {
    return route.orElseThrow().stream().map(candidate -> candidate.relay().name()).toList();
  }

  private static Candidate c(String name, int first, int end) {
    return new Candidate(
        new RelayId(name, 1), name + ":1", TestPayloads.stage(5, new LayerSpan(first, end), 10));
  }
}

package io.baton.session.route;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Finds the relays that cover a model: spans that join without gap or overlap. Of all coverings it
 * takes the one that makes the fewest layers replay, then the one with the fewest hops, then the
 * one whose relays are preferred. One span may so be replaced by several, and several by one.
 * Solved from the last layer backwards, in time proportional to the number of candidates.
 */
final class RoutePlanner {

  private RoutePlanner() {}

  private record Plan(long cost, int hops, int rank, Candidate head, @Nullable Plan rest) {}

  private static final Comparator<Plan> CHEAPEST =
      Comparator.comparingLong(Plan::cost)
          .thenComparingInt(Plan::hops)
          .thenComparingInt(Plan::rank);

  /**
   * @param candidates in the order of preference
   * @param cost what a candidate would have to replay, in layers times tokens
   */
  static Optional<List<Candidate>> plan(
      int layers, List<Candidate> candidates, ToLongFunction<Candidate> cost) {
    @Nullable Plan[] from = new @Nullable Plan[layers + 1];
    for (int first = layers - 1; first >= 0; first--) {
      for (int rank = 0; rank < candidates.size(); rank++) {
        Candidate candidate = candidates.get(rank);
        if (candidate.span().first() != first || candidate.span().end() > layers) {
          continue;
        }
        Plan rest = from[candidate.span().end()];
        if (rest == null && candidate.span().end() != layers) {
          continue;
        }
        long own = cost.applyAsLong(candidate);
        Plan plan =
            rest == null
                ? new Plan(own, 1, rank, candidate, null)
                : new Plan(own + rest.cost, 1 + rest.hops, rank + rest.rank, candidate, rest);
        Plan best = from[first];
        if (best == null || CHEAPEST.compare(plan, best) < 0) {
          from[first] = plan;
        }
      }
    }
    return Optional.ofNullable(from[0]).map(RoutePlanner::toList);
  }

  private static List<Candidate> toList(Plan plan) {
    List<Candidate> route = new ArrayList<>();
    for (Plan at = plan; at != null; at = at.rest) {
      route.add(at.head);
    }
    return route;
  }

  /** The first boundary that cannot be reached from layer 0: where a stage is missing. */
  static int missingLayer(List<Candidate> candidates) {
    int reached = 0;
    boolean moved = true;
    while (moved) {
      moved = false;
      for (Candidate candidate : candidates) {
        if (candidate.span().first() <= reached && candidate.span().end() > reached) {
          reached = candidate.span().end();
          moved = true;
        }
      }
    }
    return reached;
  }
}

package io.baton.session.route;

import io.baton.session.model.RelayId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a session has tried in vain since it last got on: since a step was accepted, or asked for.
 *
 * <p>Only failures of relays count. To wait until a relay can be found is none: that is bounded by
 * time, in {@link Quest}. When as many have failed as the session bears, it goes on all the same
 * while a route can be made of relays that have not failed yet; each relay fails once at most
 * beyond that bound, and so it ends.
 *
 * @param failures of relays that were on the route
 * @param failed addresses of these relays: what restarts at the same place is not new
 * @param resynchronised how often each relay has made the route be opened anew
 * @param noise messages of each relay that nobody waited for
 * @param latest failures, to be told; at most {@link #KEPT}
 */
record Trials(
    int failures,
    Set<String> failed,
    Map<RelayId, Integer> resynchronised,
    Map<RelayId, Integer> noise,
    List<RouteFailure.Tried> latest) {

  static final int KEPT = 32;

  /**
   * More than an honest relay may have on its way when an epoch ends: the answers to all steps that
   * a window holds, and what it says besides.
   */
  static final int NOISE = 256;

  static final Trials NONE = new Trials(0, Set.of(), Map.of(), Map.of(), List.of());

  Trials {
    failed = Set.copyOf(failed);
    resynchronised = Map.copyOf(resynchronised);
    noise = Map.copyOf(noise);
    latest = List.copyOf(latest);
  }

  Trials failed(Candidate relay, String why) {
    Set<String> more = new HashSet<>(failed);
    more.add(relay.address());
    List<RouteFailure.Tried> told = new ArrayList<>(latest);
    told.add(new RouteFailure.Tried(relay, why));
    return new Trials(
        failures + 1,
        more,
        resynchronised,
        noise,
        told.subList(Math.max(0, told.size() - KEPT), told.size()));
  }

  Trials resynchronised(RelayId relay) {
    return new Trials(failures, failed, withOneMore(resynchronised, relay), noise, latest);
  }

  /** A relay has said what changes nothing. */
  Trials disturbed(RelayId relay) {
    return new Trials(failures, failed, resynchronised, withOneMore(noise, relay), latest);
  }

  private static Map<RelayId, Integer> withOneMore(Map<RelayId, Integer> counts, RelayId relay) {
    Map<RelayId, Integer> more = new HashMap<>(counts);
    more.merge(relay, 1, Integer::sum);
    return more;
  }

  boolean isNoisy(RelayId relay) {
    return noise.getOrDefault(relay, 0) > NOISE;
  }

  /** A request has come: nothing counts against it; what failed lately is told all the same. */
  Trials forgiven() {
    return new Trials(0, Set.of(), Map.of(), Map.of(), latest);
  }

  int resynchronisations(RelayId relay) {
    return resynchronised.getOrDefault(relay, 0);
  }

  /** Whether so many have failed that none is tried a second time. */
  boolean areMany(RouteConfig.Patience patience) {
    return failures > patience.failures();
  }

  boolean hasFailed(Candidate relay) {
    return failed.contains(relay.address());
  }
}

package io.baton.session.route;

import io.baton.session.model.RelayId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A session at its client.
 *
 * @param epoch of the current route; 0 before the first
 * @param hops the current route
 * @param standbys for stages of the route, in no order
 * @param held for each relay that has held the session, the tokens there that are still the
 *     session's
 * @param request the request under way
 * @param nextNumber of a step
 * @param bans relays that failed
 * @param disputes mismatches between two relays, of which one is wrong
 * @param trials what was tried in vain since the session last got on
 * @param quest the search for a route, while there is none
 * @param seek when to look for standbys that are missing
 * @param cause why the current route is opened
 */
public record RouteState(
    RouteConfig config,
    Phase phase,
    long epoch,
    List<Candidate> candidates,
    List<Hop> hops,
    List<Hop> standbys,
    History history,
    Map<RelayId, Integer> held,
    Optional<Long> request,
    long nextNumber,
    Map<RelayId, Ban> bans,
    Map<Dispute, Integer> disputes,
    Trials trials,
    Quest quest,
    Seek seek,
    String cause,
    RouteStats stats) {

  /**
   * Where a session stands.
   *
   * <pre>
   * from \ to   DORMANT   SEARCHING   OPENING   RUNNING   CLOSED
   * DORMANT        -         yes        yes        -        yes    a request comes
   * SEARCHING     yes         -         yes        -        yes    relays are found, or none in time
   * OPENING       yes        yes        yes       yes       yes    all hops answer, or one fails
   * RUNNING       yes        yes        yes        -        yes    a hop fails, disagrees, or is rewound
   * </pre>
   */
  public enum Phase {
    /** No route, and nobody asks for one. */
    DORMANT,
    /**
     * No route can be made of the relays that are known; waiting for others, or for a ban to end.
     */
    SEARCHING,
    /** The hops have been told of the epoch, and not all have answered. */
    OPENING,
    /** Steps are under way, or could be. */
    RUNNING,
    /** The application is done. */
    CLOSED
  }

  /**
   * A relay that is left alone.
   *
   * @param failures how often it has failed since it last took part in an accepted step
   */
  record Ban(long untilNanos, int failures) {}

  /** Two relays of which one says that the other pushed it wrong bytes. */
  record Dispute(RelayId from, RelayId to) {}

  /**
   * The search for standbys.
   *
   * @param atNanos when relays are to be discovered next, in case a stage has no standby then
   * @param misses discoveries in a row that brought none
   */
  record Seek(long atNanos, int misses) {}

  public RouteState {
    candidates = List.copyOf(candidates);
    hops = List.copyOf(hops);
    standbys = List.copyOf(standbys);
    held = Map.copyOf(held);
    bans = Map.copyOf(bans);
    disputes = Map.copyOf(disputes);
  }

  public static RouteState initial(RouteConfig config) {
    return new RouteState(
        config,
        Phase.DORMANT,
        0,
        List.of(),
        List.of(),
        List.of(),
        History.EMPTY,
        Map.of(),
        Optional.empty(),
        1,
        Map.of(),
        Map.of(),
        Trials.NONE,
        Quest.NONE,
        new Seek(0, 0),
        "",
        RouteStats.ZERO);
  }

  /** Tokens of which the whole chain's result has been accepted. */
  public int length() {
    return history.acceptedLength();
  }

  /** The relays of the current route, first stage first. */
  public List<Candidate> route() {
    return hops.stream().map(Hop::candidate).toList();
  }

  /** The relays that stand by, as far as they have answered. */
  public List<Candidate> standingBy() {
    return standbys.stream().filter(Hop::isOpen).map(Hop::candidate).toList();
  }

  /**
   * Whether every stage and every relay that stands by holds all of the session, and nothing is
   * under way.
   */
  public boolean isAtRest() {
    return phase == Phase.RUNNING
        && request.isEmpty()
        && Stream.concat(hops.stream(), standbys.stream())
            .allMatch(
                hop ->
                    hop.isOpen()
                        && hop.flights().isEmpty()
                        && hop.next() == history.segments().size());
  }

  /**
   * Whether standbys are sought: a stage is to have one and has none, and the session is in use.
   */
  private boolean seeksStandby() {
    return config.standby()
        && phase == Phase.RUNNING
        && request.isPresent()
        && standbys.size() < hops.size();
  }

  /** When the next {@link RouteInput.Tick} is due. */
  public OptionalLong nextDeadlineNanos() {
    return switch (phase) {
      case DORMANT, CLOSED -> OptionalLong.empty();
      case SEARCHING -> OptionalLong.of(quest.retryAtNanos());
      case OPENING, RUNNING ->
          LongStream.concat(
                  Stream.concat(hops.stream(), standbys.stream())
                      .filter(Hop::isWaiting)
                      .mapToLong(Hop::deadlineNanos),
                  seeksStandby() ? LongStream.of(seek.atNanos()) : LongStream.empty())
              .reduce((a, b) -> a - b < 0 ? a : b);
    };
  }
}

package io.baton.session.stage;

import io.baton.session.FairShare;
import io.baton.session.model.Proof;
import io.baton.session.model.Refusal;
import java.util.Optional;

/**
 * Who may open a session at a relay, and who may open it again.
 *
 * <p>Whoever opens a session shows a proof that the relay keeps the seal of, and only who shows the
 * same one opens it again, in whichever epoch. Anybody else is told what is told of a session that
 * cannot be had here, and changes nothing.
 *
 * @param sessions the most at a time
 * @param share of these that one client may have
 */
public record OpeningRules(int sessions, FairShare share) {

  /**
   * What is so when a client asks.
   *
   * @param known of the session with that id, if there is one
   * @param open sessions, of all clients
   * @param own of these, the client's own
   * @param shut whether new ones are taken no more
   */
  public record Occupancy(Optional<Proof.Seal> known, int open, int own, boolean shut) {}

  /** What becomes of the request. */
  public sealed interface Verdict {

    /** It is the client's own, and stays open. */
    record Again() implements Verdict {}

    record New() implements Verdict {}

    record Refused(Refusal reason, String message) implements Verdict {}
  }

  /** Decides on a request to open a session with that proof. */
  public Verdict judge(Proof shown, Occupancy now) {
    boolean foreign = now.known().isPresent();
    if (foreign && now.known().get().fits(shown)) {
      return new Verdict.Again();
    }
    if (now.shut()) {
      return new Verdict.Refused(Refusal.DRAINING, "the relay is about to stop");
    }
    if (now.open() >= sessions) {
      return new Verdict.Refused(
          Refusal.NO_ROOM,
          "the relay holds %d sessions, which is all it may".formatted(now.open()));
    }
    if (!share.admits(now.own(), 1, sessions - now.open())) {
      return new Verdict.Refused(
          Refusal.NO_ROOM,
          "%d of the relay's %d sessions are of one client, which is all that one may have"
              .formatted(now.own(), sessions));
    }
    return foreign
        ? new Verdict.Refused(Refusal.NO_SESSION, "no such session is open here")
        : new Verdict.New();
  }
}

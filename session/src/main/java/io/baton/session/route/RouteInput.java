package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import java.util.List;

/** What can happen to a session at its client. */
public sealed interface RouteInput {

  /** Open a route now, before the first step is there. */
  record Begin() implements RouteInput {}

  /**
   * The application wants a step computed; one at a time.
   *
   * @param request names the step between the application and the machine; positive
   * @param position the session's length, or an earlier position to rewind to
   */
  record Submit(long request, int position, Payload payload) implements RouteInput {}

  /**
   * The relays that can be reached, and what they serve, in the order in which they are preferred.
   *
   * @param silent relays that have been asked and may yet answer
   */
  record Discovered(List<Candidate> candidates, int silent) implements RouteInput {
    public Discovered {
      candidates = List.copyOf(candidates);
    }

    /** All have answered, or cannot be reached. */
    public Discovered(List<Candidate> candidates) {
      this(candidates, 0);
    }
  }

  /** A stage holds {@code currentLength} confirmed tokens and is ready for this epoch. */
  record Opened(RelayId relay, long epoch, int currentLength, Ticket ticket)
      implements RouteInput {}

  /** A stage's output. */
  record Answered(RelayId relay, Step step, Source source, Digest inputDigest, Payload output)
      implements RouteInput {}

  /** A standby has computed a step, and keeps the output. */
  record Absorbed(RelayId relay, Step step, Source source, Digest inputDigest, int currentLength)
      implements RouteInput {}

  /**
   * A stage works on a step, or, with number 0, on its opening.
   *
   * @param workLeft to be computed until it is done, those of others before it included
   */
  record Working(RelayId relay, StepId step, long workLeft) implements RouteInput {}

  /** A stage has the client's digest and no payload. */
  record PayloadAsked(RelayId relay, StepId step) implements RouteInput {}

  /** A stage got other bytes from a peer than the client vouches for. */
  record MismatchReported(
      RelayId relay, StepId step, Digest client, Digest peer, RelayId from, boolean rolledBack)
      implements RouteInput {}

  /** A relay refuses a step, or, with step number 0, the opening or the session as a whole. */
  record Refused(RelayId relay, StepId step, Refusal reason, String message)
      implements RouteInput {}

  /** The connection to a relay is gone, or could not be made. */
  record RelayLost(RelayId relay, String cause) implements RouteInput {}

  /** A relay is about to stop. */
  record RelayDraining(RelayId relay) implements RouteInput {}

  /** A deadline may have passed. */
  record Tick() implements RouteInput {}

  /** The application is done with the session. */
  record Close() implements RouteInput {}
}

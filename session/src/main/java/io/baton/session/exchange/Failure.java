package io.baton.session.exchange;

/**
 * Why a sending or a receiving came to nothing.
 *
 * @param message for a person: what was asked, and what stood against it
 */
public record Failure(Reason reason, String message) {

  /** What a program can do about it. */
  public enum Reason {
    /** Nothing came in time. The same request may be made again. */
    DEADLINE_EXCEEDED,
    /** There was no room in time, or too much is asked at once. The same may be tried later. */
    RESOURCE_EXHAUSTED,
    /** The bytes were here, and are no longer. They must be sent again. */
    GONE,
    /** That chunk has been sent before. Never try again. */
    ALREADY_EXISTS,
    /** The request contradicts itself or what is known. Never try again. */
    INVALID_ARGUMENT,
    /** No such registration, or not one for this. Register first. */
    FAILED_PRECONDITION,
    /** A relay could not be reached, or was lost on the way. The same may be tried again. */
    UNAVAILABLE,
    /** The request was withdrawn. */
    CANCELLED,
    /**
     * Somebody else has the name, or the same is being done already. The same may be tried again
     * when that is over; nothing of what was asked is here.
     */
    CONFLICT
  }
}

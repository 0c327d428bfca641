package io.baton.simulations.swarm;

import io.baton.simulations.world.Fate;

/**
 * Something that goes wrong. It is named by what it happens to, so that a run can be repeated with
 * some of its faults left out.
 */
public sealed interface Fault {

  /**
   * What becomes of a message.
   *
   * @param connection number of the stream among those of its client; 0 for a push
   * @param number of the message in its direction
   */
  record OfMessage(String from, String to, long connection, long number, Fate fate)
      implements Fault {
    @Override
    public String toString() {
      return connection == 0
          ? "%s push %d from %s to %s".formatted(fate, number, from, to)
          : "%s message %d of stream %d from %s to %s"
              .formatted(fate, number, connection, from, to);
    }
  }

  /** What can happen to a node. */
  enum Kind {
    /** The relay dies, its clients are told, and it comes back later. */
    CRASH,
    /** The relay dies, nobody is told, and it comes back later. */
    VANISH,
    /** The relay dies and is back at once. */
    RESTART,
    PAUSE,
    SLOW,
    DRAIN,
    FAIL_COMPUTE,
    LOSE_EXECUTOR,
    /** The executor gets on with nothing, for a while. */
    HANG,
    /** The same, and the relay says all the while how it gets on. */
    PRETEND,
    /** Nothing gets from the node to another, for a while. */
    CUT,
    /** Nothing gets through between the node and another, for a while. */
    CUT_BOTH_WAYS,
    /** A client's stream to a relay breaks. */
    BREAK_STREAM,
    CLIENT_DIES,
    CLIENT_PAUSES;

    /** Whether it happens to a client, or begins at one. */
    boolean isOfClient() {
      return this == BREAK_STREAM || this == CLIENT_DIES || this == CLIENT_PAUSES;
    }
  }

  /**
   * What happens to a node.
   *
   * @param other the other end, if it takes one
   * @param forNanos how long it lasts
   */
  record OfNode(long atNanos, Kind kind, String node, String other, long forNanos)
      implements Fault {
    @Override
    public String toString() {
      return "%s %s%s at %.3f ms for %.3f ms"
          .formatted(
              kind, node, other.isEmpty() ? "" : " and " + other, atNanos / 1e6, forNanos / 1e6);
    }
  }
}

package io.baton.proto.codec;

/**
 * A message that breaks the protocol. Its message names the field, by its path from the outermost
 * message that was being decoded, and the value: {@code next_peers[2].address: "host" has no port}.
 *
 * <p>Made without a stack trace: a peer that sends rubbish must not make the receiver pay for it,
 * and the field says where.
 */
public final class MalformedFrameException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String field;
  private final String problem;

  public MalformedFrameException(String field, String problem) {
    super(field + ": " + problem, null, false, false);
    this.field = field;
    this.problem = problem;
  }

  /** Path of the offending field. */
  public String field() {
    return field;
  }

  /** The same, seen from the message that holds the offending one in its field {@code outer}. */
  public MalformedFrameException in(String outer) {
    return new MalformedFrameException(outer + "." + field, problem);
  }
}

package io.baton.session.model;

/**
 * One unit of work in a session: the tokens {@code [position, position + count)}. A step of no
 * tokens is legal and changes nothing.
 */
public record Step(StepId id, int position, int count) {

  /**
   * @throws IllegalArgumentException if position or count is negative, or their sum is beyond what
   *     an int can count
   */
  public Step {
    if (position < 0 || count < 0 || position + count < 0) {
      throw new IllegalArgumentException(
          "step %s at position %d of %d tokens".formatted(id, position, count));
    }
  }

  /** Position after the step's last token. */
  public int end() {
    return position + count;
  }

  @Override
  public String toString() {
    return "%s[%d,%d)".formatted(id, position, end());
  }
}

package io.baton.session.model;

/** Names a step of a session: the epoch in which it was sent, and a number that is never reused. */
public record StepId(long epoch, long number) {

  @Override
  public String toString() {
    return "%d.%d".formatted(epoch, number);
  }
}

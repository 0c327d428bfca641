package io.baton.session.model;

/**
 * The 128-bit id of one inference stream through a chain of stages; made at random by the client.
 */
public record SessionId(long high, long low) {

  @Override
  public String toString() {
    return "%016x%016x".formatted(high, low);
  }
}

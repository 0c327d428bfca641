package io.baton.session.model;

/**
 * A relay. Its incarnation is drawn anew at every start, so that a relay that lost its memory is
 * never taken for the one that it was.
 */
public record RelayId(String name, long incarnation) {

  @Override
  public String toString() {
    return "%s~%08x".formatted(name, incarnation >>> 32);
  }
}

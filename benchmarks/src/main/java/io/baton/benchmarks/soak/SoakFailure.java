package io.baton.benchmarks.soak;

/** Something was not as it has to be, whatever happened to relays and links. */
final class SoakFailure extends Exception {

  private static final long serialVersionUID = 1L;

  SoakFailure(String message) {
    super(message);
  }
}

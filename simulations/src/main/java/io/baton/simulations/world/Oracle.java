package io.baton.simulations.world;

import io.baton.session.model.LayerSpan;

/**
 * What a model computes. A layer's output for a token is a hash of the layer, the position, the
 * input, and of all inputs that the layer has absorbed before. An input that is lost, doubled, out
 * of order or of another session, at any layer, so changes everything that comes after it; and a
 * chain of small spans computes exactly what one large span does.
 */
public final class Oracle {

  private Oracle() {}

  /** What a layer has absorbed before the first token. */
  public static long begin(int layer) {
    return layer;
  }

  /** What it has absorbed after one token more. */
  public static long absorb(long absorbed, long input) {
    return Mix.mix(absorbed * 31 + input);
  }

  /** Its output for the token that it absorbed last. */
  public static long output(long absorbed, int position) {
    return Mix.mix(absorbed + position);
  }

  /** The outputs of a span for a sequence of inputs, from the session's beginning. */
  public static long[] run(LayerSpan span, long... inputs) {
    return new OracleExecutorState(span).forward(0, inputs);
  }

  /** The token that follows, given the last layer's output for the one before. */
  public static long nextToken(long output) {
    return Mix.mix(~output);
  }

  /** A token of a prompt. */
  public static long promptToken(long prompt, int position) {
    return Mix.mix(prompt, position);
  }
}

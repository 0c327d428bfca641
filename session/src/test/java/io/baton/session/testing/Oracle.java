package io.baton.session.testing;

import io.baton.session.model.LayerSpan;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model computes. A layer's output for a token is a hash of the layer, the position, the
 * input, and of all inputs that the layer has absorbed before. An input that is lost, doubled, out
 * of order or of another session, at any layer, so changes everything that comes after it; and a
 * chain of small spans computes exactly what one large span does.
 */
public final class Oracle {

  private Oracle() {}

  /** The outputs of a span for a sequence of inputs, from the session's beginning. */
  public static List<Long> run(LayerSpan span, List<Long> inputs) {
    List<Long> rows = List.copyOf(inputs);
    for (int layer = span.first(); layer < span.end(); layer++) {
      rows = layer(layer, rows);
    }
    return rows;
  }

  private static List<Long> layer(int layer, List<Long> inputs) {
    List<Long> outputs = new ArrayList<>();
    long absorbed = layer;
    for (int position = 0; position < inputs.size(); position++) {
      absorbed = mix(absorbed * 31 + inputs.get(position));
      outputs.add(mix(absorbed + position));
    }
    return outputs;
  }

  private static long mix(long seed) {
    long z = seed + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}

package io.baton.simulations.world;

import io.baton.session.model.LayerSpan;
import java.util.Arrays;

/**
 * What an executor of the {@link Oracle} holds of one session: what each of its layers had absorbed
 * after each token, so that a rollback only sets the length. Not thread-safe.
 */
public final class OracleExecutorState {

  private final LayerSpan span;
  private long[] absorbed = {};
  private int length;

  public OracleExecutorState(LayerSpan span) {
    this.span = span;
  }

  /** Tokens absorbed. */
  public int length() {
    return length;
  }

  /**
   * Absorbs tokens and gives their outputs.
   *
   * @throws IllegalStateException if the tokens do not begin where those that are held end
   */
  public long[] forward(int position, long... inputs) {
    if (position != length) {
      throw new IllegalStateException(
          "tokens from %d on, and %d are held".formatted(position, length));
    }
    int layers = span.layers();
    ensureRoom((length + inputs.length) * layers);
    long[] outputs = new long[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      outputs[i] = token(length++, layers, inputs[i]);
    }
    return outputs;
  }

  private void ensureRoom(int longs) {
    if (absorbed.length < longs) {
      absorbed = Arrays.copyOf(absorbed, Math.max(longs, absorbed.length + absorbed.length / 2));
    }
  }

  private long token(int position, int layers, long input) {
    long value = input;
    for (int i = 0; i < layers; i++) {
      int at = position * layers + i;
      long before = position == 0 ? Oracle.begin(span.first() + i) : absorbed[at - layers];
      absorbed[at] = Oracle.absorb(before, value);
      value = Oracle.output(absorbed[at], position);
    }
    return value;
  }

  /**
   * Forgets the tokens from {@code to} on.
   *
   * @throws IllegalArgumentException if fewer are held
   */
  public void rollback(int to) {
    if (to < 0 || to > length) {
      throw new IllegalArgumentException("back to %d, and %d are held".formatted(to, length));
    }
    length = to;
  }
}

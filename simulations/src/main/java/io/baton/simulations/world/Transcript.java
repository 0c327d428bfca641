package io.baton.simulations.world;

import java.util.Arrays;

/** The tokens of a session that the chain has taken, and its outputs for them. */
public final class Transcript {

  private long[] inputs = new long[16];
  private long[] outputs = new long[16];
  private int length;
  private int requests;

  public int length() {
    return length;
  }

  /** Requests that were accepted. */
  public int requests() {
    return requests;
  }

  public long input(int position) {
    return inputs[position];
  }

  public long output(int position) {
    return outputs[position];
  }

  /** All outputs, in order. */
  public long[] outputs() {
    return Arrays.copyOf(outputs, length);
  }

  void accept(Request request, long[] made) {
    int end = request.end();
    if (end > inputs.length) {
      int room = Math.max(end, 2 * inputs.length);
      inputs = Arrays.copyOf(inputs, room);
      outputs = Arrays.copyOf(outputs, room);
    }
    System.arraycopy(request.rows(), 0, inputs, request.position(), made.length);
    System.arraycopy(made, 0, outputs, request.position(), made.length);
    length = end;
    requests++;
  }
}

package io.baton.simulations.world;

/**
 * A step that an application wants.
 *
 * @param position the session's length, or an earlier position to rewind to
 * @param rows its tokens; none is legal
 */
@SuppressWarnings("ArrayRecordComponent")
public record Request(int position, long... rows) {

  public int end() {
    return position + rows.length;
  }
}

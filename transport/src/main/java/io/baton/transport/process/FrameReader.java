package io.baton.transport.process;

import io.baton.transport.Room;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Cuts what comes on a socket into frames: four bytes of length, the most significant first, and so
 * many bytes. A frame that has not come whole costs as much memory as has come of it.
 */
final class FrameReader implements AutoCloseable {

  /** The length that stands before each frame. */
  static final int PREFIX_BYTES = 4;

  private static final byte[] NOTHING = {};
  private static final int FIRST_BYTES = 4096;

  /** Takes a frame; the bytes are its own only until it returns. */
  @FunctionalInterface
  interface Sink {
    void take(byte[] bytes, int offset, int length);
  }

  /** What comes is not taken: the stream has to end. */
  static final class RefusedException extends Exception {

    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  private final int maxFrame;
  private final Room room;
  private byte[] held = NOTHING;
  private int length;
  private boolean closed;

  /**
   * @param maxFrame the most bytes that a frame may have
   * @param room for frames that have come in part, of this and other streams
   */
  FrameReader(int maxFrame, Room room) {
    this.maxFrame = maxFrame;
    this.room = room;
  }

  /**
   * Takes what has come, all of it, or nothing more once it is closed.
   *
   * @param in backed by an array
   * @throws RefusedException for a frame that is longer than one may be, or for which there is no
   *     room; nothing may be fed after that
   */
  void feed(ByteBuffer in, Sink sink) throws RefusedException {
    while (in.hasRemaining() && !closed) {
      if (length == 0 && in.remaining() >= PREFIX_BYTES) {
        int size = checked(in.getInt(in.position()));
        if (in.remaining() - PREFIX_BYTES >= size) {
          int start = in.arrayOffset() + in.position() + PREFIX_BYTES;
          in.position(in.position() + PREFIX_BYTES + size);
          sink.take(in.array(), start, size);
          continue;
        }
      }
      fill(in, sink);
    }
  }

  /** Moves on with the frame that is held in part, or begins to hold one. */
  private void fill(ByteBuffer in, Sink sink) throws RefusedException {
    if (length < PREFIX_BYTES) {
      move(in, PREFIX_BYTES);
      if (length < PREFIX_BYTES) {
        return;
      }
    }
    int size = checked(ByteBuffer.wrap(held).getInt());
    move(in, PREFIX_BYTES + size);
    if (length == PREFIX_BYTES + size) {
      byte[] whole = held;
      letGo();
      sink.take(whole, PREFIX_BYTES, size);
    }
  }

  /** Holds what there is, up to so many bytes in all. */
  private void move(ByteBuffer in, int upTo) throws RefusedException {
    int more = Math.min(in.remaining(), upTo - length);
    if (length + more > held.length) {
      grow(Math.min(maxFrame + PREFIX_BYTES, Math.max(FIRST_BYTES, 2 * (length + more))));
    }
    in.get(held, length, more);
    length += more;
  }

  private void grow(int size) throws RefusedException {
    if (!room.tryTake((long) size - held.length)) {
      throw new RefusedException("no room for the rest of a frame: too many others are half there");
    }
    held = Arrays.copyOf(held, size);
  }

  private int checked(int size) throws RefusedException {
    if (size < 0 || size > maxFrame) {
      throw new RefusedException(
          "a frame of %s bytes; %d at most".formatted(Integer.toUnsignedString(size), maxFrame));
    }
    return size;
  }

  private void letGo() {
    room.giveBack(held.length);
    held = NOTHING;
    length = 0;
  }

  @Override
  public void close() {
    closed = true;
    letGo();
  }
}

package io.baton.benchmarks.node;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The body of a message: when it was sent, its number, and bytes that depend on both the number and
 * the place. Processes of one host have the same {@link System#nanoTime}, since it counts from when
 * the host was started.
 */
public final class Message {

  /** The smallest body. */
  public static final int MIN_BYTES = 32;

  private static final int HEAD = 2 * Long.BYTES;
  private static final int STEP = 31;
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Message() {}

  /**
   * Writes a body that is sent now.
   *
   * @param whole whether to write every byte; only the ends otherwise
   */
  public static void write(MemorySegment body, long number, boolean whole) {
    long last = body.byteSize() - 1;
    for (long i = whole ? HEAD : last; i <= last; i++) {
      body.set(ValueLayout.JAVA_BYTE, i, byteAt(number, i));
    }
    body.set(LONG, Long.BYTES, number);
    body.set(LONG, 0, System.nanoTime());
  }

  /**
   * Looks at a body.
   *
   * @return when it was sent
   * @throws IllegalStateException if it is not what was written
   */
  public static long sentNanos(MemorySegment body, boolean whole) {
    check(body, 0, body.byteSize(), number(body), whole);
    return stamp(body);
  }

  /**
   * Looks at a part of a body.
   *
   * @param from where it begins
   * @param bytes of the whole body
   * @throws IllegalStateException if it is not what was written
   */
  static void check(MemorySegment part, long from, long bytes, long number, boolean whole) {
    long end = from + part.byteSize();
    for (long i = whole ? Math.max(from, HEAD) : Math.max(from, bytes - 1); i < end; i++) {
      byte found = part.get(ValueLayout.JAVA_BYTE, i - from);
      if (found != byteAt(number, i)) {
        throw new IllegalStateException(
            "byte %d of message %d is %d instead of %d"
                .formatted(i, number, found, byteAt(number, i)));
      }
    }
  }

  static long number(MemorySegment body) {
    return body.get(LONG, Long.BYTES);
  }

  static long stamp(MemorySegment body) {
    return body.get(LONG, 0);
  }

  private static byte byteAt(long number, long place) {
    return (byte) (number * STEP + place);
  }
}

package io.baton.transport;

import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * How many bytes of payloads this process has copied from one place of its memory to another, for
 * measurements: each place where Baton's own code does so says it here. What the system, UCX, gRPC
 * and protobuf copy between a buffer of ours and the wire is not known here, nor what an executor,
 * a sender or a reader does with its own memory.
 *
 * <p>Counts only in a process that was started with {@code -Dbaton.copies.counted=true}; elsewhere
 * it costs nothing. Any thread may count.
 */
public final class CopiedBytes {

  /** The system property that has them counted. */
  public static final String PROPERTY = "baton.copies.counted";

  private static final boolean COUNTED = Boolean.getBoolean(PROPERTY);
  private static final LongAdder BYTES = new LongAdder();

  private CopiedBytes() {}

  /** So many bytes of a payload are being copied. */
  public static void add(long bytes) {
    if (COUNTED) {
      BYTES.add(bytes);
    }
  }

  /** All so far; empty where they are not counted. */
  public static OptionalLong total() {
    return COUNTED ? OptionalLong.of(BYTES.sum()) : OptionalLong.empty();
  }
}

package io.baton.proto.codec;

import io.baton.proto.v1.VersionRange;
import java.util.OptionalInt;

/** The versions of the protocol that this build speaks. */
public final class Versions {

  public static final int LOWEST = 1;
  public static final int HIGHEST = 1;

  private static final VersionRange SPOKEN =
      VersionRange.newBuilder().setLowest(LOWEST).setHighest(HIGHEST).build();

  private Versions() {}

  /** What to say in a first frame. */
  public static VersionRange spoken() {
    return SPOKEN;
  }

  public static boolean speaks(int version) {
    return version >= LOWEST && version <= HIGHEST;
  }

  /**
   * The highest version that both ends speak; empty if there is none, as with a range that is
   * missing or ends before it begins.
   */
  public static OptionalInt negotiate(VersionRange theirs) {
    // uint32: beyond 2^31 - 1 on the wire is negative here.
    long lowest = Integer.toUnsignedLong(theirs.getLowest());
    long highest = Integer.toUnsignedLong(theirs.getHighest());
    long common = Math.min(HIGHEST, highest);
    return common >= Math.max(LOWEST, lowest) ? OptionalInt.of((int) common) : OptionalInt.empty();
  }

  /** For an error message: {@code versions 2-3; this end speaks 1-1}. */
  public static String refusal(VersionRange theirs) {
    return "versions %s-%s; this end speaks %d-%d"
        .formatted(
            Integer.toUnsignedString(theirs.getLowest()),
            Integer.toUnsignedString(theirs.getHighest()),
            LOWEST,
            HIGHEST);
  }
}

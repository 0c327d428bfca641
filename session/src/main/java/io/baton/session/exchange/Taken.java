package io.baton.session.exchange;

import io.baton.session.PersistentIntMap;

/**
 * Which messages of one relay have been taken, whatever has become of them since, so that none is
 * taken twice: the highest number, and a window of {@value #WINDOW} below it. It takes the same
 * small space however many there were. Of what is older than the window nobody can say any more
 * whether it was taken, and so it is neither taken nor said to be.
 *
 * @param highest the highest number that was taken, unsigned
 * @param window the numbers, one a bit, in words that stand where their number falls in a ring
 */
public record Taken(long highest, PersistentIntMap<Long> window) {

  /**
   * So far may the numbers of messages that a relay has under way lie apart. A relay sends to
   * others in between, and a chunk may wait long for room while others pass.
   */
  public static final int WINDOW = 1 << 17;

  private static final int RECORD_BYTES = 512;

  /** With its place in the map. */
  private static final int WORD_BYTES = 32;

  private static final int WORDS = WINDOW / Long.SIZE;

  /** What is known of a message. */
  public enum Verdict {
    /** It was never taken. */
    NEW,
    /** It was. */
    TAKEN,
    /** It comes too late for anybody to know. */
    TOO_OLD
  }

  public static final Taken NOTHING = new Taken(0, PersistentIntMap.empty());

  /** What this takes of the heap, about. */
  public long heapBytes() {
    return RECORD_BYTES + (long) WORD_BYTES * window.size();
  }

  /** Whether the message of that number was taken. */
  public Verdict verdict(long transfer) {
    if (Long.compareUnsigned(transfer, highest) > 0) {
      return Verdict.NEW;
    }
    if (isBeyond(word(transfer))) {
      return Verdict.TOO_OLD;
    }
    return (bits(word(transfer)) & 1L << transfer) == 0 ? Verdict.NEW : Verdict.TAKEN;
  }

  /** Why a message is refused of which nobody knows whether it was taken. */
  public static Failure tooOld(String what) {
    return new Failure(
        Failure.Reason.UNAVAILABLE,
        "%s comes so long after others of its relay that nobody knows whether it was taken before: send it anew"
            .formatted(what));
  }

  /** With that message. One that is too old is not remembered. */
  public Taken with(long transfer) {
    if (Long.compareUnsigned(transfer, highest) <= 0) {
      return isBeyond(word(transfer)) ? this : marked(highest, window, transfer);
    }
    PersistentIntMap<Long> moved = window;
    if (word(transfer) - word(highest) >= WORDS) {
      moved = PersistentIntMap.empty();
    } else {
      for (long word = word(highest) + 1; word <= word(transfer); word++) {
        moved = moved.remove(place(word));
      }
    }
    return marked(transfer, moved, transfer);
  }

  private static Taken marked(long highest, PersistentIntMap<Long> window, long transfer) {
    int place = place(word(transfer));
    Long before = window.get(place);
    return new Taken(highest, window.put(place, (before == null ? 0 : before) | 1L << transfer));
  }

  private long bits(long word) {
    Long bits = window.get(place(word));
    return bits == null ? 0 : bits;
  }

  private boolean isBeyond(long word) {
    return word(highest) - word >= WORDS;
  }

  private static long word(long transfer) {
    return transfer >>> 6;
  }

  private static int place(long word) {
    return (int) (word & (WORDS - 1));
  }
}

package io.baton.session.exchange;

import java.util.ArrayList;
import java.util.List;

/**
 * How far the relays that sent a datum have come with it, by their incarnations. Whatever a relay
 * sends when the datum is sent anew has a higher number than all that it sent before, so that what
 * was sent before can be told from it for as long as this is kept.
 *
 * @param latest the highest number of each, the one that sent last at the end
 * @param earlier what they were when the datum was last begun anew
 */
record Senders(List<Origin> latest, List<Origin> earlier) {

  /** Of so many the numbers are kept; of the others no message is on its way any more. */
  private static final int KEPT = 64;

  static final Senders NONE = new Senders(List.of(), List.of());

  Senders {
    latest = List.copyOf(latest);
    earlier = List.copyOf(earlier);
  }

  /** How many numbers there are. */
  int size() {
    return latest.size() + earlier.size();
  }

  /** With a message that has been taken. */
  Senders having(Origin origin) {
    List<Origin> more = new ArrayList<>(latest.size() + 1);
    Origin highest = origin;
    for (Origin known : latest) {
      if (known.relay() != origin.relay()) {
        more.add(known);
      } else if (known.transfer() > origin.transfer()) {
        highest = known;
      }
    }
    more.add(highest);
    return new Senders(more.size() > KEPT ? more.subList(1, more.size()) : more, earlier);
  }

  /** What comes from now on is of the datum's next life. */
  Senders anew() {
    return new Senders(latest, latest);
  }

  /** True if that was sent before the datum was begun anew. */
  boolean isOfEarlierLife(Origin origin) {
    return isWithin(earlier, origin);
  }

  /** True if that may be the first of the datum's next life. */
  boolean isNew(Origin origin) {
    return !isWithin(latest, origin);
  }

  private static boolean isWithin(List<Origin> numbers, Origin origin) {
    for (Origin known : numbers) {
      if (known.relay() == origin.relay()) {
        return origin.transfer() <= known.transfer();
      }
    }
    return false;
  }
}

package io.baton.session.exchange;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far the relays that sent a datum have come with it, by their incarnations. Whatever a relay
 * sends when the datum is sent anew has a higher number than all that it sent before, so that what
 * was sent before can be told from it for as long as this is kept.
 *
 * @param latest the highest number of each, the one that sent last at the end
 * @param earlier what they were when the datum was last begun anew
 */
record Senders(Map<Long, Long> latest, Map<Long, Long> earlier) {

  /** Of so many the numbers are kept; of the others no message is on its way any more. */
  private static final int KEPT = 64;

  static final Senders NONE = new Senders(Map.of(), Map.of());

  Senders {
    latest = Collections.unmodifiableMap(new LinkedHashMap<>(latest));
    earlier = Collections.unmodifiableMap(new LinkedHashMap<>(earlier));
  }

  /** With a message that has been taken. */
  Senders having(Origin origin) {
    LinkedHashMap<Long, Long> more = new LinkedHashMap<>(latest);
    Long known = more.remove(origin.relay());
    more.put(
        origin.relay(), known == null ? origin.transfer() : Math.max(known, origin.transfer()));
    if (more.size() > KEPT) {
      more.pollFirstEntry();
    }
    return new Senders(more, earlier);
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

  private static boolean isWithin(Map<Long, Long> numbers, Origin origin) {
    Long number = numbers.get(origin.relay());
    return number != null && origin.transfer() <= number;
  }
}

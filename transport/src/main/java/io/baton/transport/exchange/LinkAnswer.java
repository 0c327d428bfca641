package io.baton.transport.exchange;

import io.baton.session.exchange.Failure;
import java.util.List;

/** What the receiving relay says to what it was offered. */
public sealed interface LinkAnswer {

  /** There is no room yet. */
  record Waiting(long transfer, String detail) implements LinkAnswer {}

  /** There is room. */
  record Granted(long transfer) implements LinkAnswer {}

  /** The chunk is there, or the closing is known. */
  record Taken(long transfer) implements LinkAnswer {}

  record Refused(long transfer, Failure failure) implements LinkAnswer {}

  /** Bytes that were shared are no longer needed. */
  record Released(List<Long> transfers) implements LinkAnswer {}
}

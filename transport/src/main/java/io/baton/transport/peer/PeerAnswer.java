package io.baton.transport.peer;

import io.baton.session.exchange.Failure;
import java.util.List;

/** What the receiving relay says to what it was offered. */
public sealed interface PeerAnswer {

  /** There is no room yet. */
  record Waiting(long transfer, String detail) implements PeerAnswer {}

  /** There is room. */
  record Granted(long transfer) implements PeerAnswer {}

  /** The chunk is there, or the closing is known. */
  record Taken(long transfer) implements PeerAnswer {}

  record Refused(long transfer, Failure failure) implements PeerAnswer {}

  /** Bytes that were shared are no longer needed. */
  record Released(List<Long> transfers) implements PeerAnswer {}
}

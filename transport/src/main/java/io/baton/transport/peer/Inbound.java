package io.baton.transport.peer;

import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import java.util.Optional;

/** A connection on which a peer offers chunks, to be answered. Any thread may call; none waits. */
public interface Inbound {

  /** Who it says that it is; nothing proves it. */
  RelayId remote();

  /**
   * From whom what is offered here comes: equal on all connections of one link of one relay, and
   * not to be guessed by another.
   */
  long origin();

  LaneKind lane();

  /** The sender's pool, on the lane {@link LaneKind#LOCAL}. */
  Optional<PoolMapping> pool();

  /** There is no room for what was offered; it will be answered again. */
  void waiting(long transfer, String detail);

  /**
   * The body is to be written there. The connection takes a reference of its own, and gives it back
   * when nothing can write there any more.
   */
  void grant(long transfer, Slot into);

  /**
   * Takes back what was granted, if it was and its body is not all on its way; the peer is told
   * nothing.
   *
   * @return whether it was taken back
   */
  boolean revoke(long transfer);

  /** How many bytes have come of a body for which there is a grant. */
  long written(long transfer);

  /** True from when the connection is lost, which is told after it. */
  boolean isOver();

  void taken(long transfer);

  void refused(long transfer, Failure failure);

  /** What was shared is no longer needed. */
  void released(long transfer, long bytes);
}

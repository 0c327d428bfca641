package io.baton.transport.ucx;

import com.google.protobuf.MessageLite;
import io.baton.transport.pinned.Slot;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A stream's hold on the way to another engine, which it shares with the other streams to it. What
 * it does not take goes on the stream. Any thread may call; none waits.
 */
public final class UcxWay implements AutoCloseable {

  private final UcxPeers peers;
  private final UcxPeers.Entry entry;
  private final Consumer<UcxFailure> onLost;

  UcxWay(UcxPeers peers, UcxPeers.Entry entry, Consumer<UcxFailure> onLost) {
    this.peers = peers;
    this.entry = entry;
    this.onLost = onLost;
  }

  /**
   * Whether something has got through to the other engine since it was last lost. If nothing has
   * and it is time for it, tries again.
   */
  public boolean isReady() {
    return peers.ready(entry) != null;
  }

  /** Why it is not ready, in words; empty while nothing has been found out. */
  public Optional<String> trouble() {
    return peers.trouble(entry);
  }

  /** Sends a frame, or answers false: it is not ready, too much is under way, or it is too long. */
  public boolean frame(long key, MessageLite frame) {
    UcxWire wire = peers.ready(entry);
    return wire != null && wire.frame(key, frame);
  }

  /** Sends a body, and keeps a reference to the slot until it is sent; or answers false. */
  public boolean body(long key, long number, Slot slot) {
    UcxWire wire = peers.ready(entry);
    if (wire == null) {
      return false;
    }
    wire.body(key, number, slot);
    return true;
  }

  /** Does not begin to send that body any more. */
  public void drop(long key, long number) {
    UcxWire wire = peers.ready(entry);
    if (wire != null) {
      wire.drop(key, number);
    }
  }

  void lost(UcxFailure failure) {
    onLost.accept(failure);
  }

  /** Idempotent. What was given to it goes out. */
  @Override
  public void close() {
    peers.release(entry, this);
  }
}

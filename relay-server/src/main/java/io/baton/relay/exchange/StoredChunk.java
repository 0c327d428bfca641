package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.Content;
import io.baton.transport.peer.Inbound;
import io.baton.transport.pinned.Holding;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A chunk as this relay keeps it for its readers. */
sealed interface StoredChunk extends Holding {

  /**
   * What it is, whatever becomes of its bytes.
   *
   * @param heap what it takes of the heap, given back with the chunk
   */
  record Label(
      Content content,
      OptionalInt count,
      List<String> nextPeers,
      String group,
      HeapRoom.Piece heap) {

    Label with(HeapRoom.Piece other) {
      return new Label(content, count, nextPeers, group, other);
    }
  }

  Label label();

  /** A small one, on the heap. */
  record Inline(Label label, ByteString body) implements StoredChunk {

    @Override
    public long bytes() {
      return body.size();
    }

    @Override
    public void release() {
      label.heap().release();
    }

    @Override
    public void charge(PoolUse use) {}
  }

  /** One in this relay's pool. */
  final class Pooled implements StoredChunk {

    private final Label label;
    private final SlotShares shares;
    private @Nullable PoolUse use;

    /** With a reference of its own. */
    Pooled(Label label, SlotShares shares) {
      this.label = label;
      this.shares = shares;
      shares.slot().retain();
    }

    @Override
    public Label label() {
      return label;
    }

    Slot slot() {
      return shares.slot();
    }

    @Override
    public long bytes() {
      return shares.slot().reserved();
    }

    @Override
    public void release() {
      label.heap().release();
      shares.leave(use);
    }

    @Override
    public void charge(PoolUse next) {
      shares.change(use, next, label.group());
      use = next;
    }
  }

  /** One that stays in the pool of the relay that sent it, until that is told that it may go. */
  record Foreign(
      Label label,
      Inbound from,
      long transfer,
      PoolMapping pool,
      SlotHandle handle,
      Runnable onReleased)
      implements StoredChunk {

    @Override
    public long bytes() {
      return label.content().bytes();
    }

    @Override
    public void release() {
      label.heap().release();
      from.released(transfer, bytes());
      onReleased.run();
    }

    @Override
    public void charge(PoolUse use) {}
  }
}

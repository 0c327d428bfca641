package io.baton.relay.exchange;

import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.LaneKind;
import io.baton.transport.peer.Inbound;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A connection that writes down what is said on it, and keeps what is granted as a real one. */
class FakeInbound implements Inbound {

  final List<String> said = new ArrayList<>();
  final Map<Long, Slot> granted = new TreeMap<>();
  final Optional<PoolMapping> pool;
  final Map<Long, Long> written = new TreeMap<>();
  boolean over;

  FakeInbound(Optional<PoolMapping> pool) {
    this.pool = pool;
  }

  @Override
  public RelayId remote() {
    return new RelayId("peer", 7);
  }

  @Override
  public long origin() {
    return 7;
  }

  @Override
  public LaneKind lane() {
    return pool.isPresent() ? LaneKind.LOCAL : LaneKind.GRPC;
  }

  @Override
  public Optional<PoolMapping> pool() {
    return pool;
  }

  @Override
  public void waiting(long transfer, String detail) {
    said.add("waiting " + transfer);
  }

  @Override
  public void grant(long transfer, Slot into) {
    into.retain();
    granted.put(transfer, into);
  }

  @Override
  public boolean revoke(long transfer) {
    Slot slot = granted.remove(transfer);
    if (slot != null) {
      slot.release();
    }
    return slot != null;
  }

  @Override
  public long written(long transfer) {
    return written.getOrDefault(transfer, 0L);
  }

  @Override
  public boolean isOver() {
    return over;
  }

  @Override
  public void taken(long transfer) {
    said.add("taken " + transfer);
  }

  @Override
  public void refused(long transfer, Failure failure) {
    said.add("refused %d %s".formatted(transfer, failure.reason()));
  }

  @Override
  public void released(long transfer, long bytes) {
    said.add("released " + transfer);
  }
}

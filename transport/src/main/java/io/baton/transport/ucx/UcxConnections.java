package io.baton.transport.ucx;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections of an engine, each for one wire at a time. One whose wire is closed is kept for
 * the next wire to the same peer, because over tcp UCX keeps the socket of a closed endpoint for as
 * long as both engines live: each reconnection would cost either side a descriptor. Any thread may
 * use it.
 */
final class UcxConnections {

  /** Idle connections that are kept; beyond, the one that has been idle for longest is closed. */
  static final int MAX_IDLE = 64;

  /** Whoever uses a connection now, if anybody does. */
  private final class Use implements UcxConnection.Listener {
    private @Nullable Consumer<UcxFailure> user;

    Use(Consumer<UcxFailure> user) {
      this.user = user;
    }

    @Override
    public void onLost(UcxFailure failure) {
      Consumer<UcxFailure> told = lost(this);
      if (told != null) {
        told.accept(failure);
      }
    }
  }

  private record Peer(ByteBuffer address, InetAddress host) {}

  private record Entry(Peer peer, UcxConnection connection, Use use) {}

  private final UcxEngine engine;

  /** The longest idle first. */
  private final Deque<Entry> idle = new ArrayDeque<>();

  UcxConnections(UcxEngine engine) {
    this.engine = engine;
  }

  /**
   * A wire to a peer.
   *
   * @param host where the peer said what its address is
   * @param onLost told at most once, on the engine's thread; not after the wire has been closed,
   *     unless at that very moment
   * @throws UcxConnectException if it cannot even be tried
   */
  UcxWire connect(byte[] address, InetAddress host, Consumer<UcxFailure> onLost)
      throws UcxConnectException {
    Peer peer = new Peer(ByteBuffer.wrap(address.clone()), host);
    Entry kept = takeIdle(peer, onLost);
    Entry entry = kept == null ? open(peer, new Use(onLost)) : kept;
    return new UcxWire(entry.connection, engine.maxHeaderBytes(), () -> giveBack(entry));
  }

  synchronized int idle() {
    return idle.size();
  }

  private Entry open(Peer peer, Use use) throws UcxConnectException {
    return new Entry(peer, engine.connect(peer.address().array(), peer.host(), use), use);
  }

  private synchronized @Nullable Entry takeIdle(Peer peer, Consumer<UcxFailure> onLost) {
    for (Iterator<Entry> entries = idle.iterator(); entries.hasNext(); ) {
      Entry entry = entries.next();
      if (entry.peer.equals(peer)) {
        entries.remove();
        if (entry.connection.isOpen()) {
          entry.use.user = onLost;
          return entry;
        }
      }
    }
    return null;
  }

  private void giveBack(Entry entry) {
    synchronized (this) {
      entry.use.user = null;
    }
    var _ =
        entry
            .connection
            .settle()
            .thenAccept(
                open -> {
                  if (open) {
                    keep(entry);
                  }
                });
  }

  private void keep(Entry entry) {
    Entry oldest = null;
    synchronized (this) {
      if (entry.connection.isOpen()) {
        idle.add(entry);
      }
      if (idle.size() > MAX_IDLE) {
        oldest = idle.remove();
      }
    }
    if (oldest != null) {
      var _ = oldest.connection.close();
    }
  }

  private synchronized @Nullable Consumer<UcxFailure> lost(Use use) {
    idle.removeIf(entry -> entry.use.equals(use));
    Consumer<UcxFailure> user = use.user;
    use.user = null;
    return user;
  }
}

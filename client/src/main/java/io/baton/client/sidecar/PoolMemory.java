package io.baton.client.sidecar;

import io.baton.transport.pinned.SlotHandle;
import java.lang.foreign.MemorySegment;

/** Memory of the relay's pool that this process may write, until it sends it or gives it back. */
final class PoolMemory {

  private final Link link;
  private final Registration registration;
  private final Connection connection;
  private final View view;

  PoolMemory(Link link, Registration registration, Connection connection, View view) {
    this.link = link;
    this.registration = registration;
    this.connection = connection;
    this.view = view;
  }

  Registration registration() {
    return registration;
  }

  /** On which the relay gave it. */
  Connection connection() {
    return connection;
  }

  SlotHandle slot() {
    return view.slot();
  }

  /**
   * @throws IllegalStateException if it has been taken away; the message says why
   */
  MemorySegment segment() {
    return view.memory();
  }

  /** See {@link View#tryClose}. */
  boolean tryClose(String why) {
    return view.tryClose(why);
  }

  /** A request to send it is about to follow; it is closed. */
  Outgoing sending() {
    link.sending(this);
    return new Outgoing.Pooled(this);
  }

  /** It is not wanted; it is closed. */
  void discard() {
    link.discarded(this);
  }
}

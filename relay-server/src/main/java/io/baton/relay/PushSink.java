package io.baton.relay;

import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.StageRole;

/** The way to the next relay. Never blocks. */
interface PushSink {

  /** Connects to a relay that will be pushed to soon. */
  void prepare(String address);

  /**
   * Sends a push; false if it was shed, because the lane is too full for its receiver's role or
   * down.
   */
  boolean push(Peer peer, Push push, StageRole receiver);
}

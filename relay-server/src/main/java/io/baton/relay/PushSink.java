package io.baton.relay;

import io.baton.session.model.Peer;
import io.baton.session.model.Push;

/** The way to the next relay. Never blocks. */
interface PushSink {

  /** Connects to a relay that will be pushed to soon. */
  void prepare(String address);

  /** Sends a push; false if it was shed, because the lane is full or down. */
  boolean push(Peer peer, Push push);
}

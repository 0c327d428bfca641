package io.baton.simulations.world;

import io.baton.session.model.RelayId;
import org.jspecify.annotations.Nullable;

/** A client's stream to a relay. */
final class Connection {

  final ClientNode client;
  final RelayNode relay;

  /** The relay that the client means, which may have been restarted since. */
  final RelayId meant;

  /** Number of the stream among those of its client. */
  final long number;

  final Way toRelay = new Way();
  final Way toClient = new Way();

  /** Whether the client has it still. */
  boolean openAtClient = true;

  /** The relay as which it was accepted; null until the first message has arrived. */
  @Nullable RelayId acceptedAs;

  /** Whether the relay's end is gone. */
  boolean closedAtRelay;

  Connection(ClientNode client, RelayNode relay, RelayId meant, long number) {
    this.client = client;
    this.relay = relay;
    this.meant = meant;
    this.number = number;
  }

  Way way(Node to) {
    return to == relay ? toRelay : toClient;
  }
}

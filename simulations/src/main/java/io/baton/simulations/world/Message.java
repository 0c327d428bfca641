package io.baton.simulations.world;

import io.baton.session.model.Payload;
import io.baton.session.model.Proof;
import io.baton.session.model.Push;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import org.jspecify.annotations.Nullable;

/** What travels in the world. */
public sealed interface Message {

  /** The payload that it carries, if it does. */
  default @Nullable Payload payload() {
    return null;
  }

  /** Client to relay: opens the session, or announces an epoch. */
  record Opening(RouteEffect.Open open, Proof proof) implements Message {}

  /** Client to relay: a step. */
  record StepMessage(RouteEffect.Send send) implements Message {
    @Override
    public @Nullable Payload payload() {
      return send.payload().orElse(null);
    }
  }

  /** Client to relay: the session is over. */
  record Closing() implements Message {}

  /** Client to relay: renews the lease. */
  record Heartbeat() implements Message {}

  /** Relay to client. */
  record Reply(RouteInput input) implements Message {
    @Override
    public @Nullable Payload payload() {
      return input instanceof RouteInput.Answered answered ? answered.output() : null;
    }
  }

  /** Relay to client: the stream is at its end. */
  record EndOfStream(String why) implements Message {}

  /** Relay to relay, fire-and-forget. */
  record Pushed(Push push) implements Message {
    @Override
    public Payload payload() {
      return push.payload();
    }
  }
}

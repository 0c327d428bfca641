package io.baton.simulations.world;

import org.jspecify.annotations.Nullable;

/** What uses a session: a pure function of what has been accepted so far. */
@FunctionalInterface
public interface Application {

  /** The next step; null once there is nothing more to ask. */
  @Nullable Request next(Transcript transcript);
}

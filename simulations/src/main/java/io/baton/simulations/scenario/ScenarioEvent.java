package io.baton.simulations.scenario;

import java.time.Duration;
import java.util.Optional;

/** Something that happens to a chain just before a token's step is submitted. */
public sealed interface ScenarioEvent {

  /** Tokens generated before. */
  int token();

  /** The relay that serves the stage now dies without a word, and its memory with it. */
  record Kill(int token, int stage) implements ScenarioEvent {
    @Override
    public String toString() {
      return "kill " + stage;
    }
  }

  /** The relay of the stage that has been dead for longest comes back, knowing nothing. */
  record Restart(int token, int stage) implements ScenarioEvent {
    @Override
    public String toString() {
      return "restart " + stage;
    }
  }

  /** The relay that serves the stage now does nothing for a while. */
  record Pause(int token, int stage, Duration length) implements ScenarioEvent {
    @Override
    public String toString() {
      return "pause %d for %s".formatted(stage, Times.text(length));
    }
  }

  /**
   * Messages take longer.
   *
   * @param by each way, beyond the hop latency
   * @param length until they do not any more; empty for good
   */
  record Delay(int token, Link link, Duration by, Optional<Duration> length)
      implements ScenarioEvent {
    @Override
    public String toString() {
      return "delay %s by %s%s".formatted(link, Times.text(by), Times.forText(length));
    }
  }

  /**
   * Connections break, and no new ones come about.
   *
   * @param length until they do again; empty for good
   */
  record Cut(int token, Link link, Optional<Duration> length) implements ScenarioEvent {
    @Override
    public String toString() {
      return "cut %s%s".formatted(link, Times.forText(length));
    }
  }
}

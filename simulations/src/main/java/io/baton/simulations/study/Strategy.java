package io.baton.simulations.study;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A way of living with failures. */
public enum Strategy {
  /**
   * Stages keep their caches; after a failure the session begins again. A model of other systems.
   */
  RESTART("restart", "Restart", "caches, and begins again after a failure"),

  /** Every step computes all tokens so far; a failure costs the step. A model of other systems. */
  NO_CACHE("no-cache", "No cache", "computes all tokens so far in every step"),

  /** Baton's machines; tensors go by way of the client, which replays what a replacement lacks. */
  CLIENT_REPLAY(
      "client-replay", "Client path + replay", "Baton without push: replays from the client"),

  /** Baton's machines; stages push to each other; the client replays what a replacement lacks. */
  PUSH_REPLAY("push-replay", "Push + replay", "Baton: pushes, and replays from the client"),

  /** Baton's machines; stages push to each other and to standbys, which take over. */
  PUSH_STANDBY("push-standby", "Push + standby", "Baton: pushes, and a warm standby takes over");

  private final String id;
  private final String label;
  private final String summary;

  Strategy(String id, String label, String summary) {
    this.id = id;
    this.label = label;
    this.summary = summary;
  }

  /** As written in options, files and reports. */
  public String id() {
    return id;
  }

  /** For a person, in a word or three. */
  public String label() {
    return label;
  }

  /** For a person, in half a sentence. */
  public String summary() {
    return summary;
  }

  /** Whether it runs Baton's own machines. */
  public boolean runsMachines() {
    return switch (this) {
      case RESTART, NO_CACHE -> false;
      case CLIENT_REPLAY, PUSH_REPLAY, PUSH_STANDBY -> true;
    };
  }

  public static Optional<Strategy> of(String id) {
    return Arrays.stream(values()).filter(strategy -> strategy.id.equals(id)).findFirst();
  }

  public static List<Strategy> all() {
    return List.of(values());
  }
}

package io.baton.simulations.scale;

/**
 * A fleet and those who use it.
 *
 * @param relays in all; each serves one of the stages
 * @param sessions all of them open at the same time
 * @param tokens that each session generates after a prompt of {@value #PROMPT_TOKENS}
 * @param churn the part of all relays that crash in a minute; each is back after {@value
 *     #DOWN_SECONDS} seconds, without its memory
 * @param deaths the part of all clients that die before they are done
 * @param standby whether another relay stands by for each stage
 */
public record ScaleConfig(
    long seed,
    int relays,
    int sessions,
    int stages,
    int tokens,
    double churn,
    double deaths,
    boolean standby) {

  static final int PROMPT_TOKENS = 4;
  static final int DOWN_SECONDS = 5;

  /**
   * @throws IllegalArgumentException if a number is out of its range; says which
   */
  public ScaleConfig {
    require(stages >= 1 && stages <= 64, "stages", stages, "from 1 to 64");
    require(relays >= 2 * stages, "relays", relays, "two for each stage or more");
    require(sessions >= 1, "sessions", sessions, "one or more");
    require(tokens >= 2 && tokens <= 4096, "tokens", tokens, "from 2 to 4096");
    require(churn >= 0 && churn <= 1, "churn", churn, "from 0 to 1");
    require(deaths >= 0 && deaths <= 1, "deaths", deaths, "from 0 to 1");
  }

  private static void require(boolean holds, String what, Object is, String range) {
    if (!holds) {
      throw new IllegalArgumentException("%s: %s; it must be %s".formatted(what, is, range));
    }
  }

  /** The same use of a fleet that is so many times smaller, and has at least two relays a stage. */
  public ScaleConfig smaller(int times) {
    return new ScaleConfig(
        seed,
        Math.max(2 * stages, relays / times),
        Math.max(1, sessions / times),
        stages,
        tokens,
        churn,
        deaths,
        standby);
  }
}

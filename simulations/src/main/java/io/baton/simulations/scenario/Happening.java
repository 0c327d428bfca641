package io.baton.simulations.scenario;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/**
 * An event that has happened.
 *
 * @param token tokens generated before
 * @param event what it was, as in {@code kill 2}
 * @param relay that it struck
 * @param gapMillis from the event to the next token
 */
public record Happening(
    @JsonProperty("at") int token,
    @JsonProperty("event") String event,
    @JsonProperty("relay") String relay,
    @JsonProperty("gap_ms") double gapMillis) {

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "token %d: %s (%s); the next token came after %.0f ms",
        token,
        event,
        relay,
        gapMillis);
  }
}

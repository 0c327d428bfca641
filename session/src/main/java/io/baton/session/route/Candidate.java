package io.baton.session.route;

import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageInfo;

/**
 * A relay that could serve a stage.
 *
 * @param address HOST:PORT
 */
public record Candidate(RelayId relay, String address, StageInfo stage) {

  LayerSpan span() {
    return stage.span();
  }

  @Override
  public String toString() {
    return "%s at %s (%s)".formatted(relay.name(), address, span());
  }
}

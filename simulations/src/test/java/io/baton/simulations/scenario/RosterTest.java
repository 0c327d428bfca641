package io.baton.simulations.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RosterTest {

  private static Roster roster(String events) throws ScenarioException {
    return new Roster(
        ScenarioReader.read(
            "f", "stages: 2\ntokens: 9\nstandby: on\nevents: [%s]".formatted(events)));
  }

  @Test
  void kill_strikesTheOneOnTheRoute() throws ScenarioException {
    Roster roster = roster("{at: 1, kill: 2}, {at: 2, kill: 2}, {at: 3, restart: 2}");
    assertThat(roster.relays(1)).containsExactly("stage-1", "stage-1-spare-1");
    assertThat(roster.relays(2)).containsExactly("stage-2", "stage-2-spare-1", "stage-2-spare-2");
    assertThat(roster.kill(2, List.of("stage-1", "stage-2-spare-1"))).isEqualTo("stage-2-spare-1");
    // Not noticed yet.
    assertThat(roster.kill(2, List.of("stage-1", "stage-2-spare-1"))).isEqualTo("stage-2");
    assertThat(roster.restart(2)).isEqualTo("stage-2-spare-1");
    assertThat(roster.restart(2)).isEqualTo("stage-2");
  }

  @Test
  void serving_withoutARoute_isThePreferredOneThatIsUp() throws ScenarioException {
    Roster roster = roster("{at: 1, kill: 2}");
    assertThat(roster.serving(2, List.of())).isEqualTo("stage-2");
    roster.cutOff("stage-2");
    assertThat(roster.serving(2, List.of())).isEqualTo("stage-2-spare-1");
  }
}

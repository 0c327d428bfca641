package io.baton.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TurnsTest {

  private final Turns turns = new Turns();

  @Test
  void medians_oneTurn_nothingToSay() {
    assertThat(turns.medians()).isEmpty();
    turns.add(49, 383);

    assertThat(turns.medians()).isEmpty();
  }

  @Test
  void medians_severalTurns_ofAllButTheFirst() {
    turns.add(1, 2);
    turns.add(600, 1300);
    turns.add(700, 1100);
    turns.add(400, 1200);

    assertThat(turns.medians())
        .hasValueSatisfying(
            said ->
                assertThat(said)
                    .startsWith("600 tokens a second, and 1200 unsplit")
                    .contains("3 turns"));
  }
}

package io.baton.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.cli.CommandException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailureRateTest {

  @Test
  void draw_sameSeed_isTheSameAndAnotherIsNot() throws CommandException {
    List<Kill> kills = FailureRate.draw(4, 200, 0.01, 7, true);
    assertThat(kills).isEqualTo(FailureRate.draw(4, 200, 0.01, 7, true)).isNotEmpty();
    assertThat(kills).isNotEqualTo(FailureRate.draw(4, 200, 0.01, 8, true));
  }

  @Test
  void draw_everyTransferCounts_theLastStageTwice() throws CommandException {
    List<Kill> kills = FailureRate.draw(4, 100_000, 0.01, 1, true);
    assertThat(kills.size()).isBetween(4_800, 5_200);
    for (int stage = 1; stage <= 4; stage++) {
      int number = stage;
      assertThat(kills.stream().filter(kill -> kill.stage() == number).count())
          .isBetween(stage == 4 ? 1_850L : 900L, stage == 4 ? 2_150L : 1_100L);
    }
  }

  @Test
  void draw_noRate_killsNobody() throws CommandException {
    assertThat(FailureRate.draw(4, 1_000, 0, 1, false)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, Double.NaN})
  void draw_noProbability_isRefused(double rate) {
    assertThatThrownBy(() -> FailureRate.draw(4, 10, rate, 1, true))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("--failure-rate takes a probability");
  }

  @Test
  void draw_moreKillsThanSpares_asksForStandbys() throws CommandException {
    assertThatThrownBy(() -> FailureRate.draw(4, 100, 0.5, 1, false))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("add --standby");
    assertThat(FailureRate.draw(4, 100, 0.5, 1, true)).hasSizeGreaterThan(200);
  }
}

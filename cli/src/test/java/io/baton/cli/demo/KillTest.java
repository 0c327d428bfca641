package io.baton.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.cli.CommandException;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class KillTest {

  @Test
  void parse_severalAndTheSameTwice_keepsAllInOrder() throws CommandException {
    assertThat(Kill.parse(List.of("2@40", "1@0", "2@40"), 2))
        .containsExactly(new Kill(2, 40), new Kill(1, 0), new Kill(2, 40));
  }

  @Test
  void parse_none_isNoKill() throws CommandException {
    assertThat(Kill.parse(List.of("none"), 1)).isEmpty();
  }

  @Test
  void parse_moreThanThereAreSparesFor_says() {
    assertThatThrownBy(() -> Kill.parse(Collections.nCopies(65, "1@1"), 1))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("64 spare stages at most");
  }

  @Test
  void toString_isWhatParseTakes() throws CommandException {
    Kill kill = new Kill(3, 17);

    assertThat(Kill.parse(List.of(kill.toString()), 4)).containsExactly(kill);
  }
}

package io.baton.cli.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class ColumnsTest {

  @Test
  void lines_wordsToTheLeftAndNumbersToTheRight() {
    assertThat(
            new Columns("held for", "#slots", "by")
                .row("a", 7, "x")
                .row("bcd", 12345, "yz")
                .lines())
        .containsExactly(
            "held for  slots  by", //
            "a             7  x",
            "bcd       12345  yz");
  }

  @Test
  void row_ofAnotherNumberOfCells_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Columns("a", "b").row("x"));
  }

  @Test
  void printable_replacesWhatSteersATerminalAndLeavesTheRest() {
    assertThat(Columns.printable("Grüße 🏃 a\tb\u001b[2J\u0085\u202e\ud800"))
        .isEqualTo("Grüße 🏃 a?b?[2J???");
  }
}

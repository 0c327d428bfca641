package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TerminalProgressTest {

  private final StringWriter err = new StringWriter();
  private long now = 5;

  private TerminalProgress progress(boolean person) {
    return new TerminalProgress(new PrintWriter(err), "sessions", person, () -> now);
  }

  @Test
  void ran_nobodyLooks_aLineEachTenSeconds() {
    try (TerminalProgress progress = progress(false)) {
      progress.begins(2000);
      for (int second = 1; second <= 25; second++) {
        now += 1_000_000_000L;
        progress.ran();
      }
    }

    assertThat(err.toString().lines())
        .containsExactly("baton: 10 of 2,000 sessions", "baton: 20 of 2,000 sessions");
  }

  @Test
  void ran_somebodyLooks_noLines() {
    try (TerminalProgress progress = progress(true)) {
      progress.begins(3);
      now += 60_000_000_000L;
      progress.ran();
    }

    assertThat(err.toString()).isEmpty();
  }

  @Test
  void reached_soonOver_nothing() {
    try (TerminalProgress progress = progress(false)) {
      progress.begins(3);
      progress.reached(3);
    }

    assertThat(err.toString()).isEmpty();
  }
}

package io.baton.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScreenTest {

  private final StringWriter out = new StringWriter();
  private Screen.Size size = new Screen.Size(10, 5);
  private final Screen screen = new Screen(new PrintWriter(out), () -> size);

  private String shown(String... lines) {
    out.getBuffer().setLength(0);
    screen.show(List.of(lines));
    return out.toString();
  }

  private static String[] numbers(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toArray(String[]::new);
  }

  @Test
  void show_clearsTheScreenOnceAndThenWritesInPlace() {
    assertThat(shown("a")).isEqualTo("\u001b[2J\u001b[Ha\u001b[K\n\u001b[J");
    assertThat(shown("b")).isEqualTo("\u001b[Hb\u001b[K\n\u001b[J");
  }

  @Test
  void show_whatFitsExactly_isWhole() {
    assertThat(shown(numbers(4))).contains("3").doesNotContain("more");
    assertThat(shown("0123456789")).contains("0123456789\u001b[K");
  }

  @Test
  void show_moreLinesThanRows_saysHowManyAreMissing() {
    assertThat(shown(numbers(6)).lines())
        .containsSequence("1\u001b[K", "2\u001b[K", "... 3 more\u001b[K");
  }

  @Test
  void show_longerLines_areCutSoThatTheyTakeOneRow() {
    assertThat(shown("0123456789x")).contains("0123456789\u001b[K").doesNotContain("x");
  }

  @Test
  void show_inAWindowThatHasGrown_showsMore() {
    size = new Screen.Size(80, 24);

    assertThat(shown(numbers(20))).contains("19").doesNotContain("more lines");
  }

  @Test
  void show_inAWindowOfNothing_showsWhatItCan() {
    size = new Screen.Size(1, 1);

    assertThat(shown(numbers(9)).lines()).hasSize(3);
  }
}

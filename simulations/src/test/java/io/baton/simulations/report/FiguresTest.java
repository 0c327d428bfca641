package io.baton.simulations.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "15.47, 15.5",
    "0.178, 0.178",
    "0.00012, 0.0001",
    "999.6, 1000",
    "4, 4",
    "100, 100",
    "12345, 12\u202f345"
  })
  void number_hasThreeDigitsThatCount(double value, String text) {
    assertThat(Figures.number(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 0", "0.01, 1e-2, 10⁻²", "3e-5, 3e-5, 3·10⁻⁵", "0.25, 2.5e-1, 2.5·10⁻¹"})
  void rate_isAsInOptionsAndAsInPrint(double rate, String option, String print) {
    assertThat(Figures.rate(rate)).isEqualTo(option);
    assertThat(Figures.power(rate)).isEqualTo(print);
  }

  @Test
  void units_followTheSize() {
    assertThat(Figures.bytes(0)).isEqualTo("0 B");
    assertThat(Figures.bytes(8192)).isEqualTo("8.19 kB");
    assertThat(Figures.bytes(1.25e8)).isEqualTo("125 MB");
    assertThat(Figures.time(Duration.ofNanos(3400))).isEqualTo("3.4 µs");
    assertThat(Figures.time(Duration.ofMillis(2500))).isEqualTo("2.5 s");
    assertThat(Figures.time(Duration.ofMinutes(5))).isEqualTo("5 min");
    assertThat(Figures.percent(0.031)).isEqualTo("3.1 %");
    assertThat(Figures.percent(0.73)).isEqualTo("73 %");
  }
}

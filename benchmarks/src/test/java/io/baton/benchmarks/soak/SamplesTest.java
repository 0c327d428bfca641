package io.baton.benchmarks.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.function.IntToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SamplesTest {

  private static Samples of(int count, IntToLongFunction openFiles) {
    Samples samples = new Samples();
    IntStream.range(0, count)
        .forEach(
            index -> {
              Map<Figure, Long> sample =
                  Stream.of(Figure.values())
                      .collect(Collectors.toMap(figure -> figure, figure -> 100_000L));
              sample.put(Figure.OPEN_FILES, openFiles.applyAsLong(index));
              samples.add(sample);
            });
    return samples;
  }

  @Test
  void compare_ofWhatStays_isFlat() {
    assertThat(of(60, index -> 200).compare()).allMatch(Samples.Comparison::isFlat);
  }

  @Test
  void compare_ofWhatComesAndGoes_isFlat() {
    assertThat(of(60, index -> index % 7 == 0 ? 900 : 200).compare())
        .allMatch(Samples.Comparison::isFlat);
  }

  @Test
  void compare_ofWhatGrowsAtTheBeginning_isFlat() {
    assertThat(of(60, index -> Math.min(200, 15L * index)).compare())
        .allMatch(Samples.Comparison::isFlat);
  }

  @Test
  void compare_ofWhatGrowsAllTheTime_namesItAlone() {
    assertThat(of(60, index -> 200 + index).compare())
        .filteredOn(comparison -> !comparison.isFlat())
        .singleElement()
        .hasToString(
            "OPEN_FILES            222 in the second quarter,          252 in the last: grows past 226");
  }

  @Test
  void compare_ofTooFew_saysNothing() {
    assertThat(of(3, index -> 200).compare()).isEmpty();
  }
}

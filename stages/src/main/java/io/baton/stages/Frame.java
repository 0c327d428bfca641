package io.baton.stages;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Tokens that stand before and after every text. */
record Frame(List<Integer> before, List<Integer> after) {

  Frame {
    before = List.copyOf(before);
    after = List.copyOf(after);
  }

  /** The tokens of a text, with these around them. */
  int[] around(int... text) {
    return Stream.of(
            before.stream().mapToInt(Integer::intValue),
            IntStream.of(text),
            after.stream().mapToInt(Integer::intValue))
        .flatMapToInt(tokens -> tokens)
        .toArray();
  }

  @Override
  public String toString() {
    return "%s before and %s after".formatted(before, after);
  }
}

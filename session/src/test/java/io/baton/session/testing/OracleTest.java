package io.baton.session.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.LayerSpan;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OracleTest {

  private static final LayerSpan ALL = new LayerSpan(0, 4);
  private static final List<Long> INPUTS = List.of(1L, 2L, 3L);

  @Test
  void run_smallSpansComposeLikeOneLargeSpan() {
    List<Long> half = Oracle.run(new LayerSpan(0, 1), INPUTS);
    List<Long> more = Oracle.run(new LayerSpan(1, 3), half);
    assertThat(Oracle.run(new LayerSpan(3, 4), more)).isEqualTo(Oracle.run(ALL, INPUTS));
  }

  @Test
  void run_everyFaultChangesTheLastOutput() {
    Set<Long> outputs = new HashSet<>();
    for (List<Long> inputs :
        List.of(
            INPUTS,
            List.of(1L, 3L),
            List.of(2L, 3L),
            List.of(1L, 1L, 2L, 3L),
            List.of(2L, 1L, 3L),
            List.of(1L, 9L, 3L))) {
      outputs.add(Oracle.run(ALL, inputs).getLast());
    }
    assertThat(outputs).hasSize(6);
  }
}

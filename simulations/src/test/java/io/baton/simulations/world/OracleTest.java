package io.baton.simulations.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OracleTest {

  private static final LayerSpan ALL = new LayerSpan(0, 4);

  @Test
  void run_smallSpansComposeLikeOneLargeSpan() {
    long[] half = Oracle.run(new LayerSpan(0, 1), 1, 2, 3);
    long[] more = Oracle.run(new LayerSpan(1, 3), half);
    assertThat(Oracle.run(new LayerSpan(3, 4), more)).isEqualTo(Oracle.run(ALL, 1, 2, 3));
  }

  @Test
  void run_everyFaultChangesTheLastOutput() {
    Set<Long> outputs = new HashSet<>();
    for (long[] inputs :
        new long[][] {{1, 2, 3}, {1, 3}, {2, 3}, {1, 1, 2, 3}, {2, 1, 3}, {1, 9, 3}}) {
      long[] made = Oracle.run(ALL, inputs);
      outputs.add(made[made.length - 1]);
    }
    assertThat(outputs).hasSize(6);
  }

  @Test
  void rollback_isAsIfTheTokensHadNeverBeen() {
    OracleExecutorState state = new OracleExecutorState(ALL);
    state.forward(0, 1, 2);
    state.forward(2, 7, 8, 9);
    state.rollback(2);

    assertThat(state.forward(2, 3)).containsExactly(Oracle.run(ALL, 1, 2, 3)[2]);
    assertThat(state.length()).isEqualTo(3);
    assertThatThrownBy(() -> state.forward(2, 3)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> state.rollback(4)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void payloads_concatenatedAndCut_areThoseOfTheirRows() {
    OraclePayloads payloads = OraclePayloads.PAYLOADS;
    Payload whole = OraclePayloads.payload(1, 2, 3, 4);
    Payload first = payloads.rows(whole, 0, 1);
    Payload rest = payloads.rows(whole, 1, 3);

    assertThat(OraclePayloads.rows(rest)).containsExactly(2, 3, 4);
    assertThat(payloads.concatenate(List.of(first, rest))).isEqualTo(whole);
    assertThat(OraclePayloads.payload(2, 1).digest())
        .isNotEqualTo(OraclePayloads.payload(1, 2).digest());
  }
}

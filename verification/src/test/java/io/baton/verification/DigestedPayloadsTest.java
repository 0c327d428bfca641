package io.baton.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DigestedPayloadsTest {

  private final PayloadDigester digester = new PayloadDigester(Digest.Algorithm.SHA256);
  private final DigestedPayloads payloads = new DigestedPayloads(digester);
  private final Payload whole =
      digester.payload(Tensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));

  @Test
  void concatenate_rowsOfAPayload_isThePayload() {
    List<Payload> parts =
        List.of(payloads.rows(whole, 0, 1), payloads.rows(whole, 1, 0), payloads.rows(whole, 1, 2));

    assertThat(payloads.concatenate(parts)).isEqualTo(whole);
    assertThat(payloads.concatenate(parts).activations()).isEqualTo(whole.activations());
  }

  @Test
  void rows_ofAPayload_keepItsSideInputs() {
    Tensor beam = Tensor.ofFloats(new float[] {7}, 1);
    Payload payload = digester.payload(whole.activations(), new TreeMap<>(Map.of("beam", beam)));

    Payload rows = payloads.rows(payload, 1, 2);

    assertThat(rows.sideInputs()).containsExactly(Map.entry("beam", beam));
    assertThat(rows.digest())
        .isEqualTo(digester.digest(whole.activations().rows(1, 2), payload.sideInputs()));
  }

  @Test
  void rows_beyondThePayload_throw() {
    assertThatThrownBy(() -> payloads.rows(whole, 2, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void concatenate_whatDoesNotFitTogether_throws() {
    Payload wider = digester.payload(Tensor.ofFloats(new float[] {1, 2, 3}, 1, 3));
    Payload withSide =
        digester.payload(whole.activations(), new TreeMap<>(Map.of("beam", whole.activations())));

    assertThatIllegalArgumentException().isThrownBy(() -> payloads.concatenate(List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> payloads.concatenate(List.of(whole, wider)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> payloads.concatenate(List.of(whole, withSide)));
  }
}

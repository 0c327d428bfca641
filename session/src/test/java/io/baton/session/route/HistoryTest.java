package io.baton.session.route;

import static io.baton.session.testing.TestPayloads.PAYLOADS;
import static io.baton.session.testing.TestPayloads.payload;
import static io.baton.session.testing.TestPayloads.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;

class HistoryTest {

  @Test
  void enter_thenAccept() {
    History pending = History.EMPTY.enter(payload(1, 2));
    assertThat(pending.acceptedLength()).isZero();
    assertThat(pending.known(0)).isEqualTo(1);
    assertThat(pending.accept().acceptedLength()).isEqualTo(2);
  }

  @Test
  void accept_ofNoTokensLeavesNoTrace() {
    History before = three();
    assertThat(before.enter(payload()).learn(1, payload()).accept()).isEqualTo(before);
  }

  @Test
  void withoutPending_forgetsTheStepUnderWay() {
    History before = three();
    assertThat(before.enter(payload(9)).learn(1, payload(8)).withoutPending()).isEqualTo(before);
  }

  @Test
  void input_isKnownByLayerAndSegment() {
    History history = three();
    assertThat(rows(history.input(0, 1))).containsExactly(3L);
    assertThat(rows(history.input(1, 0))).containsExactly(11L, 12L);
    assertThat(history.known(2)).isZero();
    assertThatThrownBy(() -> history.input(2, 0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void segmentsWithin_countsWholeOnes() {
    History history = three();
    assertThat(history.segmentsWithin(0)).isZero();
    assertThat(history.segmentsWithin(1)).isZero();
    assertThat(history.segmentsWithin(2)).isEqualTo(1);
    assertThat(history.segmentsWithin(5)).isEqualTo(2);
    assertThat(history.segmentsWithin(6)).isEqualTo(3);
    assertThat(history.segmentsWithin(99)).isEqualTo(3);
  }

  @Test
  void truncate_betweenSegments() {
    History cut = three().truncate(3, PAYLOADS);
    assertThat(cut.acceptedLength()).isEqualTo(3);
    assertThat(cut.segments().size()).isEqualTo(2);
    assertThat(cut.known(1)).isEqualTo(2);
  }

  @Test
  void truncate_withinASegmentCutsItsInputsToo() {
    History cut = three().truncate(4, PAYLOADS);
    assertThat(cut.acceptedLength()).isEqualTo(4);
    assertThat(rows(cut.input(0, 2))).containsExactly(4L);
    assertThat(rows(cut.input(1, 2))).containsExactly(14L);
  }

  @Test
  void truncate_keepsABoundaryThatIsBehind() {
    History behind = three().learn(2, payload(21, 22));
    assertThat(behind.truncate(4, PAYLOADS).known(2)).isEqualTo(1);
    assertThat(behind.truncate(1, PAYLOADS).known(2)).isEqualTo(1);
    assertThat(rows(behind.truncate(1, PAYLOADS).input(2, 0))).containsExactly(21L);
  }

  @Test
  void retain_keepsTheEntranceAlways() {
    History kept = three().retain(Set.of());
    assertThat(kept.known(0)).isEqualTo(3);
    assertThat(kept.known(1)).isZero();
  }

  /** Steps of two, one and three tokens, all accepted. */
  private static History three() {
    return History.EMPTY
        .enter(payload(1, 2))
        .learn(1, payload(11, 12))
        .accept()
        .enter(payload(3))
        .learn(1, payload(13))
        .accept()
        .enter(payload(4, 5, 6))
        .learn(1, payload(14, 15, 16))
        .accept();
  }
}

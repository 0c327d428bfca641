package io.baton.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StepId;
import io.baton.session.stage.DropReason;
import org.junit.jupiter.api.Test;

class RelayCountersTest {

  private final RelayCounters counters = new RelayCounters();

  @Test
  void drop_isCountedByReasonWhoeverGivesIt() {
    counters.drop(DropReason.BAD_TICKET);
    counters.drop(DropReason.BAD_TICKET);
    counters.drop(io.baton.transport.peer.DropReason.CUT_OFF);
    assertThat(counters.dropped())
        .containsOnly(
            org.assertj.core.api.Assertions.entry("bad_ticket", 2L),
            org.assertj.core.api.Assertions.entry("cut_off", 1L));
  }

  @Test
  void evidence_isBoundedToTheLatest() {
    Digest digest = new Digest(Digest.Algorithm.XXH3_128, new byte[16]);
    for (int i = 0; i < 1_000; i++) {
      counters.keep(
          new Evidence(
              new SessionId(0, 0), new StepId(1, i), digest, digest, new RelayId("liar", 1)));
    }
    assertThat(counters.evidence()).hasSize(256);
    assertThat(counters.evidence().getFirst().step().number()).isEqualTo(744);
    assertThat(counters.evidence().getLast().step().number()).isEqualTo(999);
  }
}

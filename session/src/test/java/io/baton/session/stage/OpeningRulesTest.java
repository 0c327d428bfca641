package io.baton.session.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.FairShare;
import io.baton.session.model.Proof;
import io.baton.session.model.Refusal;
import io.baton.session.stage.OpeningRules.Occupancy;
import io.baton.session.stage.OpeningRules.Verdict;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OpeningRulesTest {

  private static final Proof OWNERS = new Proof(new byte[32]);
  private static final Proof THIEFS =
      new Proof("nobody knows this".getBytes(java.nio.charset.StandardCharsets.UTF_8));

  private final OpeningRules rules = new OpeningRules(10, new FairShare(4));

  private Verdict judge(Proof shown, Optional<Proof> known, int open, int own, boolean shut) {
    return rules.judge(shown, new Occupancy(known.map(Proof::seal), open, own, shut));
  }

  private static Refusal reason(Verdict verdict) {
    return ((Verdict.Refused) verdict).reason();
  }

  @Test
  void judge_anUnknownSession_isNew() {
    assertThat(judge(OWNERS, Optional.empty(), 0, 0, false)).isEqualTo(new Verdict.New());
    assertThat(judge(OWNERS, Optional.empty(), 9, 0, false)).isEqualTo(new Verdict.New());
  }

  @Test
  void judge_withTheSameProof_isTheClientsOwnWhateverElseIsSo() {
    assertThat(judge(OWNERS, Optional.of(OWNERS), 1, 1, false)).isEqualTo(new Verdict.Again());
    assertThat(judge(OWNERS, Optional.of(OWNERS), 10, 10, true)).isEqualTo(new Verdict.Again());
  }

  @Test
  void judge_withAnotherProof_isNoSession() {
    assertThat(reason(judge(THIEFS, Optional.of(OWNERS), 1, 0, false)))
        .isEqualTo(Refusal.NO_SESSION);
  }

  /** Otherwise a thief would learn that there is such a session. */
  @Test
  void judge_withAnotherProof_isRefusedAsAnUnknownSessionWouldBe() {
    for (int open : new int[] {8, 10}) {
      for (boolean shut : new boolean[] {true, false}) {
        for (int own : new int[] {0, 8}) {
          Verdict unknown = judge(THIEFS, Optional.empty(), open, own, shut);
          if (unknown instanceof Verdict.Refused) {
            assertThat(judge(THIEFS, Optional.of(OWNERS), open, own, shut)).isEqualTo(unknown);
          }
        }
      }
    }
  }

  @Test
  void judge_whenShutOrFull_isRefused() {
    assertThat(reason(judge(OWNERS, Optional.empty(), 0, 0, true))).isEqualTo(Refusal.DRAINING);
    assertThat(reason(judge(OWNERS, Optional.empty(), 10, 0, false))).isEqualTo(Refusal.NO_ROOM);
  }

  @Test
  void judge_ofAGreedyClient_leavesRoomForOthers() {
    int own = 0;
    while (judge(OWNERS, Optional.empty(), own, own, false) instanceof Verdict.New) {
      own++;
    }
    assertThat(own).isEqualTo(8);
    assertThat(judge(OWNERS, Optional.empty(), own, 0, false)).isEqualTo(new Verdict.New());
  }

  @Test
  void judge_ofASmallRelay_letsOneClientHaveAllOfIt() {
    OpeningRules small = new OpeningRules(2, FairShare.of(0.8));
    assertThat(small.judge(OWNERS, new Occupancy(Optional.empty(), 1, 1, false)))
        .isEqualTo(new Verdict.New());
  }
}

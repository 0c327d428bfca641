package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.baton.relay.RelayConfig;
import io.baton.session.model.SessionId;
import io.baton.simulations.foreign.Foreigner;
import io.baton.transport.LaneKind;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A client that is none of ours does its worst to the relays of a session that runs: the session
 * goes on over the same route, and its tokens are right.
 */
@Timeout(120)
class ForeignClientTest {

  private static final int LAYERS = 2;

  @Test
  void takeover_ofASessionWhoseIdIsKnown_isRefusedAndHarmsNothing() throws Exception {
    try (TestChain chain = TestChain.patient(LAYERS, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      SessionId id = decoding.session().id();
      JsonNode got =
          goesOn(
              decoding, Foreigner.start("takeover", chain.node(1).address(), id.high(), id.low()));
      assertThatNothingFailed(decoding);
      assertThat(got.path("opened").asInt()).isZero();
      assertThat(got.path("status_tells_the_id").asBoolean()).isFalse();
    }
  }

  @Test
  void announcedPayloads_thatDoNotCome_costNoMemoryAndKeepNobodyOut() throws Exception {
    try (TestChain chain = TestChain.patient(LAYERS, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      try (Foreigner foreigner =
          Foreigner.start("announce", chain.node(0).address(), 40, 256 << 20)) {
        while (foreigner.isAlive()) {
          decoding.steps(5);
          goBackInTime(decoding);
          assertThat(chain.status(0).heldBytes()).isLessThan(8L << 20);
        }
        assertThat(foreigner.result().path("opened").asInt()).isPositive();
      }
      decoding.step(200);
      assertThatNothingFailed(decoding);
    }
  }

  /** All of this host is one client to a relay: another on it waits until the hoarder has gone. */
  @Test
  void hoardedSessions_areBounded_andWhoComesLaterGetsHisTurn() throws Exception {
    try (TestChain chain = TestChain.patient(LAYERS, Node.Front.NOTHING)) {
      try (Foreigner foreigner = Foreigner.start("hoard", chain.node(0).address(), 8)) {
        assertThat(foreigner.line()).isEqualTo("hoarding");
        Decoding decoding = chain.decode();
        decoding.session().opened().get(30, TimeUnit.SECONDS);
        decoding.steps(3);
        JsonNode got = goesOn(decoding, foreigner);
        assertThat(got.path("on_one_stream").asInt()).isLessThanOrEqualTo(1);
        assertThat(got.path("on_many_streams").asInt())
            .isLessThan(RelayConfig.Limits.DEFAULT.sessions());
      }
    }
  }

  @Test
  void pushTargets_ofOthers_areNotDialled() throws Exception {
    try (TestChain chain = TestChain.patient(LAYERS, Node.Front.NOTHING)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      JsonNode got = goesOn(decoding, Foreigner.start("dial", chain.node(0).address()));
      assertThatNothingFailed(decoding);
      assertThat(got.path("reached").asInt()).isZero();
      assertThat(got.path("status_names_them").asBoolean()).isFalse();
    }
  }

  /** In this process: were native code to die of it, so would the tests. */
  @Test
  void ucxAddresses_thatAreWrongInsideAndRightOutside_doNoHarm() throws Exception {
    RelayConfig.DataPlane everyLane =
        TestChain.DATA_PLANE.withLanes(List.of(LaneKind.LOCAL, LaneKind.UCX, LaneKind.GRPC));
    try (TestChain chain = TestChain.of(LAYERS, everyLane)) {
      Decoding decoding = chain.decode();
      decoding.steps(3);
      JsonNode got = goesOn(decoding, Foreigner.start("ucx", chain.node(1).address(), 60));
      assertThatNothingFailed(decoding);
      assertThat(got.path("alive").asBoolean()).isTrue();
    }
  }

  /** Steps until the foreigner has ended, and one more. */
  private static JsonNode goesOn(Decoding decoding, Foreigner foreigner) throws Exception {
    try (foreigner) {
      while (foreigner.isAlive()) {
        decoding.steps(1);
        goBackInTime(decoding);
      }
      decoding.steps(1);
      return foreigner.result();
    }
  }

  /** Before the session is full. */
  private static void goBackInTime(Decoding decoding) throws Exception {
    if (decoding.session().length() > TestChain.MAX_LENGTH / 2) {
      decoding.rewind(1);
    }
  }

  private static void assertThatNothingFailed(Decoding decoding) {
    assertThat(decoding.session().stats().reroutes()).isZero();
    assertThat(decoding.session().stats().mismatches()).isZero();
  }
}

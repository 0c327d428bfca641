package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.client.session.SessionListener;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.Peer;
import io.baton.proto.v1.StepHead;
import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.stage.StageConfig;
import io.baton.verification.PayloadDigester;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pushes that are lost, late, doubled, out of order, damaged or forged change no token. */
@Timeout(120)
class PushFaultsTest {

  /** Asks for what did not come soon, so that lost pushes do not take long. */
  private static TestChain chain(int layers) throws Exception {
    return TestChain.of(
        layers,
        TestChain.limits(StageConfig.Limits.DEFAULT, Duration.ofMillis(20)),
        Node.Front.TAP);
  }

  private static void decodeWith(Tap.PushFault fault, int steps) throws Exception {
    try (TestChain chain = chain(3)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      chain.nodes().forEach(node -> node.tap().pushesMeet(fault));
      decoding.steps(steps);
      chain.nodes().forEach(node -> node.tap().pushesMeet(Tap.HONEST));
      decoding.steps(2);
    }
  }

  @Test
  void push_lost_givesTheSameTokens() throws Exception {
    decodeWith((push, onward) -> {}, 10);
  }

  @Test
  void push_everySecondLost_givesTheSameTokens() throws Exception {
    AtomicInteger count = new AtomicInteger();
    decodeWith(
        (push, onward) -> {
          if (count.getAndIncrement() % 2 == 0) {
            onward.push(push);
          }
        },
        20);
  }

  @Test
  void push_duplicated_isComputedOnce() throws Exception {
    try (TestChain chain = chain(3)) {
      Tap.PushFault twice =
          (push, onward) -> {
            onward.push(push);
            onward.push(push);
          };
      chain.nodes().forEach(node -> node.tap().pushesMeet(twice));
      Decoding decoding = chain.decode();
      decoding.steps(20);
      for (Node node : chain.nodes()) {
        assertThat(node.oracle.tokensComputed).hasValue(20);
        assertThat(
                node.tap().fromStage().stream()
                    .filter(io.baton.proto.v1.StageFrame::hasOutput)
                    .count())
            .isEqualTo(20);
      }
    }
  }

  @Test
  void push_delayed_givesTheSameTokens() throws Exception {
    ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
    try {
      AtomicInteger count = new AtomicInteger();
      decodeWith(
          (push, onward) -> {
            // From well within to well beyond what a stage waits for.
            int millis = 10 * (count.getAndIncrement() % 6);
            var _ = later.schedule(() -> onward.push(push), millis, TimeUnit.MILLISECONDS);
          },
          20);
    } finally {
      later.shutdown();
      assertThat(later.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** Each comes after the one that follows it, when the client has long brought what it carries. */
  @Test
  void push_reordered_givesTheSameTokens() throws Exception {
    Queue<Parcel> kept = new ArrayDeque<>();
    decodeWith(
        (push, onward) -> {
          synchronized (kept) {
            kept.add(push);
            if (kept.size() > 2) {
              Parcel first = kept.remove();
              onward.push(push);
              onward.push(first);
            }
          }
        },
        12);
  }

  /** As a relay would that wants to deceive: what it says of the bytes is true of the bytes. */
  static Parcel corrupted(Parcel push) {
    Tensor wrong = OracleExecutor.rows(4711);
    ByteString bytes = ByteString.copyFrom(wrong.data());
    Digest digest = new PayloadDigester(Digest.Algorithm.SHA256).payload(wrong).digest();
    return step(step -> step.setDigest(DigestCodec.toWire(digest)))
        .apply(push.toBuilder().setInline(bytes).build());
  }

  /** Says another thing of a push. */
  private static UnaryOperator<Parcel> step(Consumer<StepHead.Builder> change) {
    return push -> {
      Parcel.Builder changed = push.toBuilder();
      change.accept(changed.getStepBuilder());
      return changed.build();
    };
  }

  private record Mismatch(RelayId stage, StepId step, RelayId blamed) {}

  private static SessionListener recording(List<Mismatch> mismatches) {
    return new SessionListener() {
      @Override
      public void onMismatch(
          RelayId stage, StepId step, Digest client, Digest other, RelayId blamed) {
        mismatches.add(new Mismatch(stage, step, blamed));
      }
    };
  }

  private static Tap.PushFault once(UnaryOperator<Parcel> change) {
    AtomicInteger count = new AtomicInteger();
    return (push, onward) -> onward.push(count.getAndIncrement() == 0 ? change.apply(push) : push);
  }

  @Test
  void push_corrupted_isFoundRolledBackAndKeptAsEvidence() throws Exception {
    try (TestChain chain = chain(4)) {
      List<Mismatch> mismatches = new CopyOnWriteArrayList<>();
      Decoding decoding = chain.decode(chain.options(), recording(mismatches));
      decoding.steps(5);
      chain.node(2).tap().pushesMeet(once(PushFaultsTest::corrupted));
      decoding.steps(10);
      RelayId liar = chain.node(1).relay().id();
      assertThat(mismatches).isNotEmpty().allMatch(seen -> seen.blamed().equals(liar));
      assertThat(chain.status(2).evidence())
          .isNotEmpty()
          .allMatch(evidence -> evidence.from().equals(liar))
          .allMatch(evidence -> !evidence.client().equals(evidence.peer()))
          .allMatch(evidence -> evidence.session().equals(decoding.session().id()));
      assertThat(decoding.session().stats().mismatches()).isPositive();
    }
  }

  @Test
  void push_corruptedAlways_isNoLongerAskedForAndTheTokensAreTheSame() throws Exception {
    try (TestChain chain = chain(3)) {
      chain.node(1).tap().pushesMeet((push, onward) -> onward.push(corrupted(push)));
      Decoding decoding = chain.decode();
      decoding.steps(20);
      assertThat(chain.node(1).tap().pushes()).hasSizeLessThan(10);
      assertThat(chain.node(2).tap().pushes()).hasSizeGreaterThan(10);
    }
  }

  @Test
  void push_corruptedAndThenAFailure_givesTheSameTokens() throws Exception {
    for (int victim = 0; victim < 3; victim++) {
      try (TestChain chain = chain(3)) {
        Decoding decoding = chain.decode();
        decoding.steps(4);
        chain.node(1).tap().pushesMeet(once(PushFaultsTest::corrupted));
        decoding.steps(1);
        chain.node(victim).kill();
        chain.node(victim).restart();
        decoding.steps(4);
      }
    }
  }

  @Test
  void push_damagedOnItsWay_isDroppedAtTheDoor() throws Exception {
    try (TestChain chain = chain(2)) {
      chain
          .node(1)
          .tap()
          .pushesMeet(
              once(push -> push.toBuilder().setInline(ByteString.copyFrom(new byte[8])).build()));
      chain.decode().steps(5);
      assertThat(chain.status(1).pushesDropped()).containsEntry("digest_mismatch", 1L);
      assertThat(chain.status(1).evidence()).isEmpty();
    }
  }

  private static void dropped(UnaryOperator<Parcel> change, String reason) throws Exception {
    try (TestChain chain = chain(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      chain.node(1).tap().pushesMeet(once(change));
      decoding.steps(5);
      TestChain.eventually()
          .untilAsserted(
              () -> assertThat(chain.status(1).pushesDropped()).containsEntry(reason, 1L));
      assertThat(chain.node(1).oracle.tokensComputed).hasValue(7);
    }
  }

  @Test
  void push_wrongTicket_isDropped() throws Exception {
    dropped(step(step -> step.setTicket(ByteString.copyFrom(new byte[16]))), "bad_ticket");
  }

  @Test
  void push_unknownSession_vanishes() throws Exception {
    dropped(
        step(
            step -> step.setSession(io.baton.proto.v1.SessionId.newBuilder().setHigh(1).setLow(2))),
        "unknown_session");
  }

  @Test
  void push_staleEpoch_isFenced() throws Exception {
    dropped(step(step -> step.setEpoch(0)), "stale_epoch");
  }

  @Test
  void push_farAhead_isParkedAndChangesNothing() throws Exception {
    try (TestChain chain = chain(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      chain.node(1).tap().pushesMeet(once(step(step -> step.setEpoch(step.getEpoch() + 1_000))));
      decoding.steps(5);
      chain.node(1).tap().pushesMeet(once(step(step -> step.setPosition(1_000))));
      decoding.steps(5);
      assertThat(chain.node(1).oracle.tokensComputed).hasValue(12);
    }
  }

  @Test
  void push_forgedStepNumber_neitherDesynchronisesNorEndsTheSession() throws Exception {
    UnaryOperator<Parcel> ahead = step(step -> step.setStep(step.getStep() + 1));
    for (UnaryOperator<Parcel> forgery :
        List.<UnaryOperator<Parcel>>of(
            ahead,
            step(step -> step.setStep(Long.MAX_VALUE)),
            step(step -> step.setStep(0)),
            push -> ahead.apply(corrupted(push)))) {
      try (TestChain chain = chain(2)) {
        Decoding decoding = chain.decode();
        decoding.steps(2);
        chain.node(1).tap().pushesMeet(once(forgery));
        decoding.steps(8);
        assertThat(decoding.session().length()).isEqualTo(10);
      }
    }
  }

  @Test
  void push_empty_neitherDesynchronisesNorEndsTheSession() throws Exception {
    try (TestChain chain = chain(2)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      Tensor nothing = OracleExecutor.rows();
      Digest digest = new PayloadDigester(Digest.Algorithm.SHA256).payload(nothing).digest();
      chain
          .node(1)
          .tap()
          .pushesMeet(
              once(
                  push ->
                      step(step ->
                              step.setCount(0)
                                  .setActivations(
                                      io.baton.proto.codec.TensorCodec.toWire(nothing.spec()))
                                  .setDigest(DigestCodec.toWire(digest)))
                          .apply(push.toBuilder().setInline(ByteString.EMPTY).build())));
      decoding.steps(5);
    }
  }

  /** The next peers are the pusher's word: a forged one sends outputs nowhere, and no more. */
  @Test
  void push_forgedNextPeers_givesTheSameTokens() throws Exception {
    try (TestChain chain = chain(3)) {
      Decoding decoding = chain.decode();
      decoding.steps(2);
      Peer nobody =
          Peer.newBuilder()
              .setIdentity(io.baton.proto.v1.RelayIdentity.newBuilder().setName("nobody"))
              .setAddress("127.0.0.1:1")
              .setTicket(ByteString.copyFromUtf8("none"))
              .build();
      chain
          .node(1)
          .tap()
          .pushesMeet(
              (push, onward) ->
                  onward.push(
                      step(step -> step.clearNextPeers().addNextPeers(nobody)).apply(push)));
      decoding.steps(5);
    }
  }

  /** A push that was held back for the time that a re-route takes. */
  @Test
  void push_staleAfterAReroute_isFenced() throws Exception {
    try (TestChain chain = chain(3)) {
      Queue<Runnable> held = new ConcurrentLinkedQueue<>();
      Decoding decoding = chain.decode();
      decoding.steps(3);
      chain
          .node(2)
          .tap()
          .pushesMeet(
              (push, onward) -> {
                held.add(() -> onward.push(corrupted(push)));
                onward.push(push);
              });
      decoding.steps(3);
      chain.node(0).kill();
      chain.node(0).restart();
      chain.node(2).tap().pushesMeet(Tap.HONEST);
      decoding.steps(1);
      held.forEach(Runnable::run);
      decoding.steps(5);
      TestChain.eventually()
          .untilAsserted(
              () -> assertThat(chain.status(2).pushesDropped()).containsEntry("stale_epoch", 3L));
      assertThat(decoding.session().stats().mismatches()).isZero();
    }
  }

  @Test
  void push_afterTheSessionWasClosed_vanishes() throws Exception {
    try (TestChain chain = chain(2)) {
      Queue<Runnable> held = new ConcurrentLinkedQueue<>();
      chain
          .node(1)
          .tap()
          .pushesMeet(
              (push, onward) -> {
                held.add(() -> onward.push(push));
                onward.push(push);
              });
      Decoding decoding = chain.decode();
      decoding.steps(3);
      decoding.session().close();
      TestChain.eventually().untilAsserted(chain::assertNothingHeld);
      held.forEach(Runnable::run);
      TestChain.eventually()
          .untilAsserted(
              () ->
                  assertThat(chain.status(1).pushesDropped()).containsEntry("unknown_session", 3L));
    }
  }

  /** Another relay than the one before on the route knows the ticket and wants to push. */
  @Test
  void push_fromAnotherRelay_isDropped() throws Exception {
    try (TestChain chain = chain(2)) {
      chain.node(1).tap().greetingsSay("somebody-else");
      Decoding decoding = chain.decode();
      decoding.steps(3);
      TestChain.eventually()
          .untilAsserted(
              () -> assertThat(chain.status(1).pushesDropped()).containsKey("not_previous"));
      assertThat(decoding.session().stats().stepsFromClient()).isPositive();
    }
  }
}

package io.baton.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.grpc.stub.CallStreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FlowControlledSenderTest {

  /** A stream whose readiness the test decides, and that notices two writers at once. */
  private static final class Stream extends CallStreamObserver<String> {

    final List<String> sent = Collections.synchronizedList(new ArrayList<>());
    final List<Thread> writers = Collections.synchronizedList(new ArrayList<>());
    final AtomicInteger credits = new AtomicInteger();
    final AtomicInteger atOnce = new AtomicInteger();
    final AtomicInteger mostAtOnce = new AtomicInteger();
    volatile boolean completed;
    volatile @Nullable Throwable error;
    volatile @Nullable RuntimeException broken;

    Stream(int credits) {
      this.credits.set(credits);
    }

    @Override
    public boolean isReady() {
      return credits.get() > 0;
    }

    @Override
    public void onNext(String frame) {
      mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
      RuntimeException failure = broken;
      if (failure != null) {
        throw failure;
      }
      credits.decrementAndGet();
      sent.add(frame);
      writers.add(Thread.currentThread());
      atOnce.decrementAndGet();
    }

    @Override
    public void onError(Throwable t) {
      error = t;
    }

    @Override
    public void onCompleted() {
      completed = true;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}
  }

  private static final class Owner implements SenderListener<String> {

    final List<String> dropped = Collections.synchronizedList(new ArrayList<>());
    final List<Optional<Throwable>> ends = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void onDropped(List<String> frames) {
      dropped.addAll(frames);
    }

    @Override
    public void onEnded(Optional<Throwable> cause) {
      ends.add(cause);
    }
  }

  private final Owner owner = new Owner();
  private @Nullable FlowControlledSender<String> checked;

  private FlowControlledSender<String> sender(Stream stream, int frames, long bytes) {
    return checked(
        new FlowControlledSender<>(
            stream, String::length, new SenderLimits(frames, bytes), owner, false));
  }

  private FlowControlledSender<String> held(Stream stream) {
    return checked(
        new FlowControlledSender<>(stream, String::length, new SenderLimits(10, 100), owner, true));
  }

  private FlowControlledSender<String> checked(FlowControlledSender<String> sender) {
    checked = sender;
    return sender;
  }

  @AfterEach
  void nothing_isLeftInAnEndedSender() {
    FlowControlledSender<String> sender = checked;
    if (sender != null && !owner.ends.isEmpty()) {
      assertThat(sender.queuedBytes()).isZero();
      assertThat(sender.queuedFrames()).isZero();
      assertThat(owner.ends).hasSize(1);
    }
  }

  @Test
  void offer_withinAShare_leavesTheRestToOthers() {
    Stream stream = new Stream(0);
    FlowControlledSender<String> sender = sender(stream, 100, 100);
    assertThat(sender.offer(List.of("x".repeat(25)), Share.QUARTER)).isTrue();
    assertThat(sender.offer(List.of("y"), Share.QUARTER)).isFalse();
    assertThat(sender.offer("z".repeat(75))).isTrue();
    assertThat(sender.queuedFrames()).isEqualTo(2);
  }

  @Test
  void offer_beyondWhatStreamsShare_isRefusedAndGivenBack() {
    Budget shared = new Budget(10);
    Stream one = new Stream(0);
    FlowControlledSender<String> sender =
        checked(
            new FlowControlledSender<>(
                one, String::length, new SenderLimits(10, 100), shared, owner, false));
    assertThat(shared.tryTake(6)).isTrue();
    assertThat(sender.offer("12345")).isFalse();
    assertThat(sender.queuedBytes()).isZero();
    assertThat(sender.queuedFrames()).isZero();
    assertThat(sender.offer("1234")).isTrue();
    assertThat(shared.used()).isEqualTo(10);
    sender.terminated(new IllegalStateException("over"));
    assertThat(shared.used()).isEqualTo(6);
  }

  @Test
  void offer_toAReadyStreamIsSentOnTheCallingThread() {
    Stream stream = new Stream(1);
    assertThat(sender(stream, 10, 100).offer("a")).isTrue();
    assertThat(stream.sent).containsExactly("a");
    assertThat(stream.writers).containsExactly(Thread.currentThread());
  }

  @Test
  void offer_waitsUntilTheStreamIsReady() {
    Stream stream = new Stream(0);
    FlowControlledSender<String> sender = sender(stream, 10, 100);
    sender.offer(List.of("a", "b"));
    sender.offer("c");
    assertThat(stream.sent).isEmpty();
    assertThat(sender.queuedFrames()).isEqualTo(3);
    assertThat(sender.queuedBytes()).isEqualTo(3);

    stream.credits.set(2);
    sender.onReady();
    assertThat(stream.sent).containsExactly("a", "b");
    assertThat(sender.queuedFrames()).isEqualTo(1);

    stream.credits.set(9);
    sender.onReady();
    assertThat(stream.sent).containsExactly("a", "b", "c");
    assertThat(sender.queuedFrames()).isZero();
  }

  @Test
  void offer_isRefusedWhenFramesOrBytesAreFull() {
    Stream stream = new Stream(0);
    FlowControlledSender<String> sender = sender(stream, 3, 10);
    assertThat(sender.offer(List.of("1234", "5678"))).isTrue();
    assertThat(sender.offer("xxx")).as("bytes").isFalse();
    assertThat(sender.offer(List.of("x", "y"))).as("frames").isFalse();
    assertThat(sender.queuedFrames()).isEqualTo(2);
    assertThat(sender.queuedBytes()).isEqualTo(8);
    assertThat(sender.offer("xx")).isTrue();
    assertThat(sender.offer("")).isFalse();

    stream.credits.set(9);
    sender.onReady();
    assertThat(sender.offer("now")).isTrue();
    assertThat(stream.sent).containsExactly("1234", "5678", "xx", "now");
  }

  @Test
  void offer_ofNothingIsAccepted() {
    Stream stream = new Stream(9);
    FlowControlledSender<String> sender = sender(stream, 1, 1);
    assertThat(sender.offer(List.of())).isTrue();
    assertThat(stream.sent).isEmpty();
  }

  @Test
  void held_onlyWhatIsAheadGoesOut() {
    Stream stream = new Stream(9);
    FlowControlledSender<String> sender = held(stream);
    sender.offerAhead("hello");
    sender.offer("a");
    assertThat(stream.sent).containsExactly("hello");
    sender.release();
    assertThat(stream.sent).containsExactly("hello", "a");
  }

  @Test
  void complete_comesAfterEverythingAccepted() {
    Stream stream = new Stream(1);
    FlowControlledSender<String> sender = sender(stream, 10, 100);
    sender.offer(List.of("a", "b"));
    sender.complete();
    assertThat(stream.completed).isFalse();
    assertThat(sender.offer("late")).isFalse();

    stream.credits.set(9);
    sender.onReady();
    assertThat(stream.sent).containsExactly("a", "b");
    assertThat(stream.completed).isTrue();
    assertThat(owner.ends).containsExactly(Optional.empty());
    assertThat(owner.dropped).isEmpty();
  }

  @Test
  void fail_dropsWhatWaitsAndTellsBoth() {
    Stream stream = new Stream(1);
    FlowControlledSender<String> sender = sender(stream, 10, 100);
    sender.offer(List.of("a", "b"));
    sender.offer("c");
    RuntimeException cause = new RuntimeException("enough");
    sender.fail(cause);
    assertThat(stream.error).isSameAs(cause);
    assertThat(owner.dropped).as("the first had gone").containsExactly("b", "c");
    assertThat(owner.ends).containsExactly(Optional.of(cause));
    assertThat(sender.offer("late")).isFalse();
  }

  @Test
  void fail_overtakesACompletionThatWaits() {
    Stream stream = new Stream(0);
    FlowControlledSender<String> sender = sender(stream, 10, 100);
    sender.offer("a");
    sender.complete();
    sender.fail(new RuntimeException("enough"));
    assertThat(stream.completed).isFalse();
    assertThat(stream.error).hasMessage("enough");
  }

  @Test
  void terminated_leavesTheObserverAlone() {
    Stream stream = new Stream(0);
    FlowControlledSender<String> sender = sender(stream, 10, 100);
    sender.offer("a");
    sender.terminated(new RuntimeException("gone"));
    sender.terminated(new RuntimeException("again"));
    sender.complete();
    assertThat(stream.error).isNull();
    assertThat(stream.completed).isFalse();
    assertThat(owner.dropped).containsExactly("a");
    assertThat(owner.ends).hasSize(1);
  }

  @Test
  void onNextThatThrows_endsTheSender() {
    Stream stream = new Stream(9);
    stream.broken = new IllegalStateException("call was cancelled");
    FlowControlledSender<String> sender = sender(stream, 10, 100);
    sender.offer("a");
    assertThat(owner.ends).containsExactly(Optional.of(stream.broken));
    assertThat(owner.dropped).containsExactly("a");
    assertThat(sender.offer("b")).isFalse();
  }

  @Test
  void manyThreads_oneWriterAndGroupsUnbroken() throws Exception {
    int threads = 4;
    int groups = 2000;
    Stream stream = new Stream(Integer.MAX_VALUE);
    FlowControlledSender<String> sender = sender(stream, 1_000_000, 1 << 30);
    CountDownLatch done = new CountDownLatch(threads);
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int t = 0; t < threads; t++) {
        String name = "t" + t;
        pool.execute(
            () -> {
              for (int i = 0; i < groups; i++) {
                assertThat(sender.offer(List.of(name + ":" + i, name + ":" + i))).isTrue();
              }
              done.countDown();
            });
      }
      assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
    }
    await()
        .atMost(Duration.ofSeconds(5))
        .untilAsserted(() -> assertThat(stream.sent).hasSize(threads * groups * 2));
    assertThat(stream.mostAtOnce).hasValue(1);
    Map<String, Integer> next = new HashMap<>();
    for (int i = 0; i < stream.sent.size(); i += 2) {
      String frame = stream.sent.get(i);
      assertThat(stream.sent.get(i + 1)).as("group unbroken").isEqualTo(frame);
      List<String> parts = List.of(frame.split(":", -1));
      int number = Integer.parseInt(parts.get(1));
      assertThat(next.merge(parts.get(0), 1, Integer::sum) - 1).as("order").isEqualTo(number);
    }
  }

  @Test
  void manyThreads_endLosesTrackOfNothing() throws Exception {
    for (int round = 0; round < 50; round++) {
      Stream stream = new Stream(500);
      Owner tally = new Owner();
      FlowControlledSender<String> sender =
          new FlowControlledSender<>(
              stream, String::length, new SenderLimits(1000, 1 << 20), tally, false);
      AtomicInteger accepted = new AtomicInteger();
      try (ExecutorService pool = Executors.newFixedThreadPool(3)) {
        for (int t = 0; t < 2; t++) {
          pool.execute(
              () -> {
                for (int i = 0; i < 1000; i++) {
                  if (sender.offer("x")) {
                    accepted.incrementAndGet();
                  }
                }
              });
        }
        pool.execute(() -> sender.fail(new RuntimeException("enough")));
      }
      assertThat(stream.sent.size() + tally.dropped.size()).isEqualTo(accepted.get());
      assertThat(sender.queuedFrames()).isZero();
      assertThat(sender.queuedBytes()).isZero();
      assertThat(tally.ends).hasSize(1);
    }
  }
}

package io.baton.benchmarks.soak;

import io.baton.client.sidecar.CopyMode;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarReceiver;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Failure.Reason;
import io.baton.session.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Where one act is played: whoever sends and receives in it leaves when it is over. */
final class Scene implements AutoCloseable {

  /** Of every request that is to succeed. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Pair pair;
  private final String crew;
  private final long number;
  private final Tally tally;
  private final Deque<Runnable> leavings = new ArrayDeque<>();
  private final List<Remainder> sent = new ArrayList<>();
  private boolean leaves;

  /**
   * @param crew names groups, so that crews do not meet
   * @param number the act's, for ids
   */
  Scene(Pair pair, String crew, long number, Tally tally) {
    this.pair = pair;
    this.crew = crew;
    this.number = number;
    this.tally = tally;
  }

  Group group(String name, int... hosts) {
    return new Group(pair, crew + "-" + name, Arrays.stream(hosts).boxed().toList());
  }

  String id(Group to) {
    return id(List.of(to));
  }

  /** A fresh one. */
  String id(List<Group> to) {
    String id = "%s-%d-%d".formatted(crew, number, sent.size());
    to.forEach(group -> sent.add(new Remainder(group, id)));
    return id;
  }

  SidecarSender sender(int host) {
    return sender(
        host, SenderConfig.alone(crew + "-sender-" + leavings.size()).withTimeout(PATIENCE));
  }

  /** A member of a group of two. */
  SidecarSender sender(int host, int rank, CopyMode mode) {
    return sender(
        host,
        SenderConfig.inGroup(crew + "-senders", rank, 2).withCopy(mode).withTimeout(PATIENCE));
  }

  private SidecarSender sender(int host, SenderConfig config) {
    SidecarSender sender = pair.client(host).sender(config);
    leavings.push(sender::close);
    return sender;
  }

  SidecarReader reader(Group group, int rank) {
    SidecarReader reader = pair.client(group.host(rank)).reader(group.receiver(rank));
    leavings.push(reader::close);
    return reader;
  }

  SidecarReceiver receiver(Group group, int rank) {
    SidecarReceiver receiver = pair.client(group.host(rank)).receiver(group.receiver(rank));
    leavings.push(receiver::close);
    return receiver;
  }

  /** A process that comes and goes. */
  SidecarClient visitor(int host) {
    return pair.newClient(host, crew + "-visitor");
  }

  /** Compares it, and is done with it. */
  void check(Received received, Tensor expected) throws SoakFailure, SidecarException {
    try (ReceivedChunk chunk = look(received, expected)) {
      Tensor tensor = chunk.tensor();
      expect(tensor.spec().equals(expected.spec()), chunk.dataId() + " is " + tensor.spec());
    }
  }

  /** Compares it. */
  ReceivedChunk look(Received received, Tensor expected) throws SoakFailure, SidecarException {
    ReceivedChunk chunk = chunk(received);
    long mismatch = chunk.memory().mismatch(MemorySegment.ofBuffer(expected.data()));
    chunk.verify();
    expect(
        mismatch == -1,
        "chunk %d of %s differs from what was sent at byte %d"
            .formatted(chunk.index(), chunk.dataId(), mismatch));
    tally.received(pair.lane(), chunk.content().bytes());
    return chunk;
  }

  void checkObject(Received received, Object expected) throws SoakFailure, SidecarException {
    try (ReceivedChunk chunk = chunk(received)) {
      expect(expected.equals(chunk.value()), chunk.dataId() + " is another object");
      tally.received(pair.lane(), chunk.content().bytes());
    }
  }

  private static ReceivedChunk chunk(Received received) throws SoakFailure {
    return switch (received) {
      case ReceivedChunk chunk -> chunk;
      case Received.EndOfStream(int count) ->
          throw new SoakFailure("the end of a stream of %d chunks, too early".formatted(count));
    };
  }

  void expectEnd(Received received, int count) throws SoakFailure {
    expect(
        received instanceof Received.EndOfStream(int known) && known == count,
        "after the last of %d chunks came %s".formatted(count, received));
  }

  static void expect(boolean condition, String otherwise) throws SoakFailure {
    if (!condition) {
      throw new SoakFailure(otherwise);
    }
  }

  /** It must fail, for one of these reasons. */
  static void expectFailure(CompletableFuture<?> future, EnumSet<Reason> reasons)
      throws SoakFailure, SidecarException, InterruptedException {
    try {
      get(future);
    } catch (SidecarException e) {
      if (reasons.contains(e.reason())) {
        return;
      }
      throw e;
    }
    throw new SoakFailure("it did not fail with one of " + reasons);
  }

  static <T extends @Nullable Object> T get(CompletableFuture<T> future)
      throws SidecarException, SoakFailure, InterruptedException {
    try {
      return future.get(2 * PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SidecarException why) {
        throw why;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw new SoakFailure("a request has not ended long after its deadline");
    }
  }

  /** What was sent may lie in a pool when this is over. */
  void leaveBehind() {
    leaves = true;
  }

  /** What to take later, if the act was cut short. */
  List<Remainder> remainders(boolean cutShort) {
    return cutShort || leaves ? List.copyOf(sent) : List.of();
  }

  @Override
  public void close() {
    while (!leavings.isEmpty()) {
      leavings.pop().run();
    }
  }
}

package io.baton.client.sidecar;

import io.baton.proto.v1.ProcessFrame;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.transport.TimerWheel.Timer;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something asked of the relay, and whoever waits for it. How it stands changes in the link's loop
 * only.
 *
 * @param <T> what it comes to
 */
abstract sealed class Request<T extends @Nullable Object> {

  /** Longer than any process lives, and short enough to be added to any time. */
  private static final long LONGEST_NANOS = Long.MAX_VALUE / 4;

  final Registration registration;
  final long deadlineNanos;
  final CompletableFuture<T> future = new CompletableFuture<>();

  /** Another one whenever it is sent, so that no answer of a former connection is taken for one. */
  long number;

  /** On the connection that there is. */
  boolean sent;

  boolean over;
  @Nullable Timer guard;

  private Request(Registration registration, long deadlineNanos) {
    this.registration = registration;
    this.deadlineNanos = deadlineNanos;
  }

  /** A deadline so long from now, as {@link System#nanoTime} counts. */
  static long deadline(Duration timeout) {
    return System.nanoTime() + nanos(timeout);
  }

  static long nanos(Duration timeout) {
    return timeout.compareTo(Duration.ofNanos(LONGEST_NANOS)) > 0
        ? LONGEST_NANOS
        : Math.max(0, timeout.toNanos());
  }

  /** What asks for it, with the time that is left. */
  abstract ProcessFrame frame(long nanos);

  /** For a person. */
  abstract String what();

  /** Whether the relay lets go of it when it is told so. */
  boolean canBeCancelled() {
    return true;
  }

  /** Whether it is asked for again when the relay was lost and is back. */
  boolean outlivesConnection() {
    return false;
  }

  /** The future must not be completed in any other way, lest its memory is left behind. */
  void fail(SidecarException why) {
    future.completeExceptionally(why);
  }

  void fail(Failure.Reason reason, String message) {
    fail(new SidecarException(reason, message));
  }

  /** A place, see {@link Registration}. */
  static final class Registering extends Request<@Nullable Void> {

    Registering(Registration registration, long deadlineNanos) {
      super(registration, deadlineNanos);
    }

    @Override
    ProcessFrame frame(long nanos) {
      return registration.frame(number);
    }

    @Override
    String what() {
      return "registering";
    }

    @Override
    boolean canBeCancelled() {
      return false;
    }

    @Override
    boolean outlivesConnection() {
      return true;
    }

    @Override
    void fail(SidecarException why) {
      registration.failed(why);
    }
  }

  /** Memory to write a chunk into. */
  static final class Allocating<T> extends Request<T> {

    private final Content content;
    private final List<Destination> destinations;
    private final Function<PoolMemory, T> result;

    /**
     * @param result what becomes of the memory
     */
    Allocating(
        Registration registration,
        long deadlineNanos,
        Content content,
        List<Destination> destinations,
        Function<PoolMemory, T> result) {
      super(registration, deadlineNanos);
      this.content = content;
      this.destinations = destinations;
      this.result = result;
    }

    long bytes() {
      return content.bytes();
    }

    /** False if nobody waits for it any more. */
    boolean complete(PoolMemory memory) {
      return future.complete(result.apply(memory));
    }

    @Override
    ProcessFrame frame(long nanos) {
      return Frames.allocate(number, registration.number(), bytes(), destinations, nanos);
    }

    @Override
    String what() {
      return "memory for " + content;
    }
  }

  /** A chunk to be sent, whose bytes are where the relay finds them. */
  static final class Sending extends Request<@Nullable Void> {

    final ChunkHeader chunk;
    final Outgoing body;

    Sending(Registration registration, long deadlineNanos, ChunkHeader chunk, Outgoing body) {
      super(registration, deadlineNanos);
      this.chunk = chunk;
      this.body = body;
    }

    @Override
    ProcessFrame frame(long nanos) {
      return Frames.send(number, registration.number(), chunk, body, nanos);
    }

    @Override
    String what() {
      return "sending chunk %d of %s".formatted(chunk.index(), chunk.dataId());
    }
  }

  /** A chunk to be sent by a group, of which this process writes what the relay asks it to. */
  static final class Joining extends Request<@Nullable Void> {

    final ChunkHeader chunk;
    final MemorySegment source;

    /** Parts that are being written now. */
    int writing;

    Joining(
        Registration registration, long deadlineNanos, ChunkHeader chunk, MemorySegment source) {
      super(registration, deadlineNanos);
      this.chunk = chunk;
      this.source = source;
    }

    @Override
    ProcessFrame frame(long nanos) {
      return Frames.join(number, registration.number(), chunk, nanos);
    }

    @Override
    String what() {
      return "sending chunk %d of %s together".formatted(chunk.index(), chunk.dataId());
    }
  }

  /** The number of a stream's chunks. */
  static final class Closing extends Request<@Nullable Void> {

    final String dataId;
    final int count;
    final List<Destination> destinations;

    Closing(
        Registration registration,
        long deadlineNanos,
        String dataId,
        int count,
        List<Destination> destinations) {
      super(registration, deadlineNanos);
      this.dataId = dataId;
      this.count = count;
      this.destinations = destinations;
    }

    @Override
    ProcessFrame frame(long nanos) {
      return Frames.closeStream(number, registration.number(), dataId, count, destinations, nanos);
    }

    @Override
    String what() {
      return "closing the stream " + dataId;
    }

    @Override
    boolean canBeCancelled() {
      return false;
    }
  }

  /** A chunk to be received. */
  static final class Receiving extends Request<Received> {

    final ChunkKey chunk;

    Receiving(Registration registration, long deadlineNanos, ChunkKey chunk) {
      super(registration, deadlineNanos);
      this.chunk = chunk;
    }

    @Override
    ProcessFrame frame(long nanos) {
      return Frames.receive(number, registration.number(), chunk.dataId(), chunk.index(), nanos);
    }

    @Override
    String what() {
      return "chunk %d of %s".formatted(chunk.index(), chunk.dataId());
    }

    @Override
    boolean outlivesConnection() {
      return true;
    }
  }
}

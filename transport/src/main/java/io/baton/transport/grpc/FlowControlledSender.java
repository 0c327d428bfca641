package io.baton.transport.grpc;

import io.baton.transport.Budget;
import io.baton.transport.Room;
import io.baton.transport.Share;
import io.grpc.stub.CallStreamObserver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of one gRPC stream: a bounded queue in front of an observer that is neither
 * thread-safe nor bounded by itself.
 *
 * <p>Any thread may call any method; none ever waits. Whichever thread finds work and nobody at it
 * writes, for the others too, until the stream is not ready or the queue is empty; so there is one
 * writer at a time and no lock, and a frame offered to an idle, ready stream is handed to gRPC on
 * the calling thread, without a switch. When gRPC becomes ready again it must call {@link
 * #onReady}:
 *
 * <pre>
 * observer.setOnReadyHandler(sender::onReady);
 * </pre>
 *
 * The frames of a group go out together, with nothing in between. A sender may be made <i>held</i>:
 * then only what is offered {@linkplain #offerAhead ahead} is sent until {@link #release}, which is
 * how a stream waits for the answer to its first frame.
 *
 * @param <T> the frames
 */
public final class FlowControlledSender<T> {

  /**
   * How much gRPC may have buffered and still call itself ready. By its own 32 KiB every chunk
   * would wait for the one before it to reach the socket, which halves the rate of large payloads.
   */
  public static final int READY_BYTES = 1 << 20;

  private record Group<T>(List<T> frames, boolean ahead) {}

  /** How the stream ends; the first to say so wins. */
  private sealed interface Ending {

    /** Once everything is sent. */
    record Completion() implements Ending {}

    /** At once, telling the other side. */
    record Failure(Throwable cause) implements Ending {}

    /** It already has ended: the observer must not be touched any more. */
    record Terminated(Throwable cause) implements Ending {}
  }

  private final CallStreamObserver<T> observer;
  private final ToIntFunction<T> size;
  private final SenderListener<T> listener;
  private final Budget frames;
  private final Budget bytes;
  private final Room sharedBytes;
  private final Queue<Group<T>> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger work = new AtomicInteger();
  private final AtomicReference<@Nullable Ending> ending = new AtomicReference<>();
  private volatile boolean held;

  // Below: only whoever is writing; handed from one to the next by way of `work`.
  private @Nullable Group<T> group;
  private Iterator<T> unsent = List.<T>of().iterator();
  private boolean ended;

  /** For a stream that shares nothing with others. */
  public FlowControlledSender(
      CallStreamObserver<T> observer,
      ToIntFunction<T> size,
      SenderLimits limits,
      SenderListener<T> listener,
      boolean held) {
    this(observer, size, limits, new Budget(limits.maxBytes()), listener, held);
  }

  /**
   * For a stream whose call has been or is about to be started; nothing may be offered before that.
   *
   * @param size bytes that a frame takes on the wire
   * @param sharedBytes what may wait on this and other streams together
   * @param held whether to wait for {@link #release}
   */
  public FlowControlledSender(
      CallStreamObserver<T> observer,
      ToIntFunction<T> size,
      SenderLimits limits,
      Room sharedBytes,
      SenderListener<T> listener,
      boolean held) {
    this.observer = observer;
    this.size = size;
    this.listener = listener;
    this.frames = new Budget(limits.maxFrames());
    this.bytes = new Budget(limits.maxBytes());
    this.sharedBytes = sharedBytes;
    this.held = held;
  }

  public boolean offer(T frame) {
    return offer(List.of(frame));
  }

  /**
   * Sends the frames after everything that was accepted before, now if the stream is ready.
   *
   * @return false if there is no room for all of them, or the stream has ended: none will be sent
   */
  public boolean offer(List<T> group) {
    return offer(group, Share.ALL);
  }

  /** The same, if no more than that share of each bound would then be in use. */
  public boolean offer(List<T> group, Share share) {
    return accept(new Group<>(List.copyOf(group), false), share);
  }

  /** The same, not waiting for the release. To be called before anything else is offered. */
  public boolean offerAhead(T frame) {
    return accept(new Group<>(List.of(frame), true), Share.ALL);
  }

  /** Lets go what was held. */
  public void release() {
    held = false;
    write();
  }

  /** To be called whenever the stream may have become ready. */
  public void onReady() {
    write();
  }

  /** Completes the stream after everything that was accepted. */
  public void complete() {
    end(new Ending.Completion());
  }

  /** Ends the stream with an error, dropping what is waiting. */
  public void fail(Throwable cause) {
    end(new Ending.Failure(cause));
  }

  /** Drops what is waiting: the stream has ended by itself or from the other side. */
  public void terminated(Throwable cause) {
    end(new Ending.Terminated(cause));
  }

  /** Bytes that wait to be handed to gRPC. */
  public long queuedBytes() {
    return bytes.used();
  }

  /** Frames that wait to be handed to gRPC. */
  public int queuedFrames() {
    return (int) frames.used();
  }

  private boolean accept(Group<T> offered, Share share) {
    if (ending.get() != null || !reserve(offered.frames(), share)) {
      return false;
    }
    if (offered.frames().isEmpty()) {
      return true;
    }
    queue.add(offered);
    write();
    return true;
  }

  private boolean reserve(List<T> offered, Share share) {
    if (!frames.tryTake(offered.size(), share)) {
      return false;
    }
    long total = 0;
    for (T frame : offered) {
      total += size.applyAsInt(frame);
    }
    if (!bytes.tryTake(total, share)) {
      frames.giveBack(offered.size());
      return false;
    }
    if (!sharedBytes.tryTake(total, share)) {
      frames.giveBack(offered.size());
      bytes.giveBack(total);
      return false;
    }
    return true;
  }

  private void end(Ending how) {
    // A graceful end that has not come about yet gives way to an abrupt one.
    Ending before = ending.get();
    while (before == null || before instanceof Ending.Completion) {
      if (ending.compareAndSet(before, how)) {
        write();
        return;
      }
      before = ending.get();
    }
  }

  /** Writes what can be written, or leaves it to the thread that is at it already. */
  private void write() {
    if (work.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      writeWhileReady();
      seen = work.addAndGet(-seen);
    } while (seen != 0);
  }

  private void writeWhileReady() {
    if (ended) {
      drop();
      return;
    }
    try {
      boolean written = false;
      while (!abrupt(ending.get()) && next() && observer.isReady()) {
        T frame = unsent.next();
        forget(frame);
        write(frame);
        written = true;
      }
      if (written && observer instanceof Batching batching) {
        batching.flush();
      }
    } catch (RuntimeException e) {
      // gRPC refuses a call that was cancelled under our hands, or could not serialise the frame.
      end(new Ending.Failure(e));
    }
    Ending how = ending.get();
    if (how != null && (abrupt(how) || group == null)) {
      finish(how);
    }
  }

  private void write(T frame) {
    try {
      observer.onNext(frame);
    } catch (RuntimeException e) {
      listener.onDropped(List.of(frame));
      throw e;
    }
  }

  private static boolean abrupt(@Nullable Ending how) {
    return how != null && !(how instanceof Ending.Completion);
  }

  /** Moves on to the next group if need be; false if nothing may be sent now. */
  private boolean next() {
    if (unsent.hasNext()) {
      return true;
    }
    group = queue.peek();
    if (group == null || (held && !group.ahead())) {
      return false;
    }
    queue.remove();
    unsent = group.frames().iterator();
    return true;
  }

  private void finish(Ending how) {
    ended = true;
    drop();
    switch (how) {
      case Ending.Completion() -> {
        observer.onCompleted();
        listener.onEnded(Optional.empty());
      }
      case Ending.Failure(Throwable cause) -> {
        try {
          observer.onError(cause);
        } catch (RuntimeException e) {
          // Ended from the other side meanwhile; the cause is still the cause.
          cause.addSuppressed(e);
        }
        listener.onEnded(Optional.of(cause));
      }
      case Ending.Terminated(Throwable cause) -> listener.onEnded(Optional.of(cause));
    }
  }

  private void drop() {
    List<T> dropped = new ArrayList<>();
    unsent.forEachRemaining(dropped::add);
    group = null;
    for (Group<T> waiting = queue.poll(); waiting != null; waiting = queue.poll()) {
      dropped.addAll(waiting.frames());
    }
    dropped.forEach(this::forget);
    if (!dropped.isEmpty()) {
      listener.onDropped(dropped);
    }
  }

  private void forget(T frame) {
    int taken = size.applyAsInt(frame);
    frames.giveBack(1);
    bytes.giveBack(taken);
    sharedBytes.giveBack(taken);
  }
}

package io.baton.client.sidecar;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ValueCodec;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.Value;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Name;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Sends chunks, for itself or as a member of a group. What is sent is at every destination when the
 * future is done; whom it is for may take it at any time after that.
 *
 * <p>A tensor that is yet to be made is best written where it will be read, into memory that {@link
 * #allocate} gives. Of a group with several members, each has the same tensor and sends it with
 * {@link #send}, and they write it together.
 */
public final class SidecarSender implements AutoCloseable {

  /** Objects of up to so many bytes travel in messages, larger ones through the pool. */
  public static final int INLINE_BYTES = 64 << 10;

  private final Link link;
  private final Registration registration;
  private volatile SenderConfig config;

  SidecarSender(Link link, SenderConfig config) {
    this.link = link;
    this.config = config;
    long number = link.nextNumber();
    this.registration = new Registration(number, frame(number, config));
    link.register(registration, config.timeout());
  }

  private static LongFunction<ProcessFrame> frame(long registration, SenderConfig config) {
    return request -> Frames.register(request, registration, config);
  }

  public SenderConfig config() {
    return config;
  }

  /** Done when the relay has accepted this sender; sending need not wait for it. */
  public CompletableFuture<@Nullable Void> registered() {
    return registration.registered().copy();
  }

  /**
   * Sends other tensors, or as somebody else, from now on. What has been sent stays, and so does
   * memory that is allocated; what members of a group are writing together fails as CANCELLED if
   * more than the tensors' row or the timeout changes.
   */
  public synchronized void reregister(SenderConfig changed) {
    boolean known = config.withTimeout(changed.timeout()).withRow(changed.row()).equals(changed);
    config = changed;
    if (!known) {
      link.register(registration, frame(registration.number(), changed), changed.timeout());
    }
  }

  /** Memory for a tensor, within the sender's timeout. */
  public CompletableFuture<OutgoingTensor> allocate(
      TensorSpec spec, List<Destination> destinations) {
    return allocate(spec, destinations, config().timeout());
  }

  /**
   * Memory to write a tensor into, that is to be sent to those destinations. It waits for room;
   * whoever does not take what he is sent fills his own share of the pool only.
   */
  public CompletableFuture<OutgoingTensor> allocate(
      TensorSpec spec, List<Destination> destinations, Duration timeout) {
    SenderConfig now = config;
    try {
      now.check(spec);
      ChunkHeader.checked(destinations);
    } catch (IllegalArgumentException e) {
      return Link.failed(Failure.Reason.INVALID_ARGUMENT, e);
    }
    if (now.members().size() > 1) {
      return Link.failed(
          new SidecarException(
              Failure.Reason.FAILED_PRECONDITION,
              "group %s has %d members: they send what each of them has with send"
                  .formatted(now.group(), now.members().size())));
    }
    if (spec.bytes() == 0) {
      return CompletableFuture.completedFuture(outgoing(now, spec, destinations, null));
    }
    return link.submit(
        new Request.Allocating<>(
            registration,
            Request.deadline(timeout),
            new Content.OfTensor(spec),
            destinations,
            memory -> outgoing(now, spec, destinations, memory)));
  }

  private OutgoingTensor outgoing(
      SenderConfig now,
      TensorSpec spec,
      List<Destination> destinations,
      @Nullable PoolMemory memory) {
    return new OutgoingTensor(link, registration, spec, destinations, now.timeout(), memory);
  }

  /** Sends a tensor within the sender's timeout. */
  public CompletableFuture<@Nullable Void> send(ChunkAddress address, Tensor tensor) {
    return send(address, tensor, config().timeout());
  }

  /**
   * Sends a tensor that is somewhere else in memory, by copying it once. It must not change until
   * the future is done.
   */
  public CompletableFuture<@Nullable Void> send(
      ChunkAddress address, Tensor tensor, Duration timeout) {
    SenderConfig now = config;
    ChunkHeader chunk;
    try {
      now.check(tensor.spec());
      chunk = address.header(new Content.OfTensor(tensor.spec()));
    } catch (IllegalArgumentException e) {
      return Link.failed(Failure.Reason.INVALID_ARGUMENT, e);
    }
    return send(
        now,
        chunk,
        MemorySegment.ofBuffer(tensor.data()),
        new Outgoing.Inline(ByteString.EMPTY),
        timeout);
  }

  /** Sends an object within the sender's timeout. */
  public CompletableFuture<@Nullable Void> sendObject(
      ChunkAddress address, @Nullable Object object) {
    return sendObject(address, object, config().timeout());
  }

  /** Sends an object of the kinds that {@link ValueCodec} names, and no other. */
  public CompletableFuture<@Nullable Void> sendObject(
      ChunkAddress address, @Nullable Object object, Duration timeout) {
    SenderConfig now = config;
    ChunkHeader chunk;
    ByteString bytes;
    try {
      Value value = ValueCodec.toWire(object);
      chunk = address.header(new Content.OfObject(value.getSerializedSize()));
      bytes = ValueCodec.serialize(value);
    } catch (IllegalArgumentException e) {
      return Link.failed(Failure.Reason.INVALID_ARGUMENT, e);
    }
    return send(
        now,
        chunk,
        MemorySegment.ofBuffer(bytes.asReadOnlyByteBuffer()),
        new Outgoing.Inline(bytes),
        timeout);
  }

  private CompletableFuture<@Nullable Void> send(
      SenderConfig now,
      ChunkHeader chunk,
      MemorySegment source,
      Outgoing.Inline inline,
      Duration timeout) {
    long deadline = Request.deadline(timeout);
    boolean together = now.members().size() > 1;
    if (chunk.content().bytes() == 0) {
      // There is nothing to share out: every member sends it, and the first has sent it for all.
      return together
          ? knownIsFine(link.submit(new Request.Sending(registration, deadline, chunk, inline)))
          : link.submit(new Request.Sending(registration, deadline, chunk, inline));
    }
    if (together) {
      return link.submit(new Request.Joining(registration, deadline, chunk, source));
    }
    if (chunk.content() instanceof Content.OfObject(long bytes) && bytes <= INLINE_BYTES) {
      return link.submit(new Request.Sending(registration, deadline, chunk, inline));
    }
    return new PooledSending(link, registration, deadline, chunk, source).start();
  }

  private static CompletableFuture<@Nullable Void> knownIsFine(
      CompletableFuture<@Nullable Void> sending) {
    return sending.exceptionallyCompose(
        failure ->
            failure instanceof SidecarException why && why.reason() == Failure.Reason.ALREADY_EXISTS
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(failure));
  }

  /** Says how many chunks a stream has, within the sender's timeout. */
  public CompletableFuture<@Nullable Void> closeStream(
      String dataId, int count, List<Destination> destinations) {
    return closeStream(dataId, count, destinations, config().timeout());
  }

  /**
   * Says that a stream has so many chunks, before or after they have been sent.
   *
   * @param count may be 0
   */
  public CompletableFuture<@Nullable Void> closeStream(
      String dataId, int count, List<Destination> destinations, Duration timeout) {
    try {
      Name.checked("the data id", dataId);
      ChunkHeader.checked(destinations);
      if (count < 0) {
        throw new IllegalArgumentException("a stream of %d chunks".formatted(count));
      }
    } catch (IllegalArgumentException e) {
      return Link.failed(Failure.Reason.INVALID_ARGUMENT, e);
    }
    return link.submit(
        new Request.Closing(registration, Request.deadline(timeout), dataId, count, destinations));
  }

  /**
   * Withdraws what is being sent, takes allocated memory away, and leaves the group. What has been
   * sent stays. Idempotent.
   */
  @Override
  public void close() {
    link.unregister(registration);
  }
}

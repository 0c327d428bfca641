package io.baton.client.sidecar;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.model.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Memory of the relay's pool to write a tensor into. Sending or closing it, whichever comes first,
 * gives the memory back, and so does the loss of the relay: whoever touches it afterwards gets an
 * {@link IllegalStateException}, and no byte of another chunk can be harmed. Any thread may use it;
 * to write its bytes from several is for them to arrange.
 */
public final class OutgoingTensor implements AutoCloseable {

  private static final MemorySegment NOTHING = MemorySegment.ofArray(new byte[0]);

  private final Link link;
  private final Registration registration;
  private final TensorSpec spec;
  private final List<Destination> destinations;
  private final Duration timeout;
  private final @Nullable PoolMemory allocated;
  private final AtomicBoolean over = new AtomicBoolean();

  /**
   * @param timeout of sending, if none is named
   * @param memory absent for a tensor without bytes
   */
  OutgoingTensor(
      Link link,
      Registration registration,
      TensorSpec spec,
      List<Destination> destinations,
      Duration timeout,
      @Nullable PoolMemory memory) {
    this.link = link;
    this.registration = registration;
    this.spec = spec;
    this.destinations = List.copyOf(destinations);
    this.timeout = timeout;
    this.allocated = memory;
  }

  public TensorSpec spec() {
    return spec;
  }

  /**
   * Where the elements are to be written, densely packed, little-endian; what is there before that
   * is anything.
   *
   * @throws IllegalStateException if it has been sent or closed, or the relay was lost
   */
  public MemorySegment memory() {
    if (over.get()) {
      throw new IllegalStateException("the tensor has been sent or closed");
    }
    return allocated == null ? NOTHING : allocated.segment();
  }

  /**
   * The same.
   *
   * @throws UnsupportedOperationException if it is more than a buffer can hold, 2 GiB
   */
  public ByteBuffer buffer() {
    return memory().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Sends it within the sender's timeout, and names no next peers. */
  public CompletableFuture<@Nullable Void> send(String dataId, ChunkPosition position) {
    return send(dataId, position, List.of(), timeout);
  }

  /**
   * Sends it to the destinations that it was allocated for. With that the memory is the relay's
   * again, whatever comes of it.
   *
   * @return done when every destination has it
   */
  public CompletableFuture<@Nullable Void> send(
      String dataId, ChunkPosition position, List<String> nextPeers, Duration timeout) {
    ChunkHeader chunk;
    try {
      chunk =
          new ChunkAddress(dataId, position, destinations, nextPeers)
              .header(new Content.OfTensor(spec));
    } catch (IllegalArgumentException e) {
      return Link.failed(Failure.Reason.INVALID_ARGUMENT, e);
    }
    try {
      if (!end("the tensor has been sent")) {
        return Link.failed(
            new SidecarException(
                Failure.Reason.FAILED_PRECONDITION, "the tensor has been sent or closed before"));
      }
    } catch (IllegalStateException e) {
      return Link.failed(Failure.Reason.FAILED_PRECONDITION, e);
    }
    Outgoing body = allocated == null ? new Outgoing.Inline(ByteString.EMPTY) : allocated.sending();
    return link.submit(new Request.Sending(registration, Request.deadline(timeout), chunk, body));
  }

  /**
   * Gives the memory back, unless it has been sent. Idempotent.
   *
   * @throws IllegalStateException if a system call that writes it is under way; close it again then
   */
  @Override
  public void close() {
    if (end("the tensor has been closed") && allocated != null) {
      allocated.discard();
    }
  }

  /** The first time, true. */
  private boolean end(String why) {
    if (!over.compareAndSet(false, true)) {
      return false;
    }
    if (allocated != null && !allocated.tryClose(why)) {
      over.set(false);
      throw new IllegalStateException("a system call still writes the tensor's memory");
    }
    return true;
  }
}

package io.baton.client.sidecar;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.ValueCodec;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Failure;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.CopiedBytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A chunk that is here. Its bytes are looked at where they are, in a pool; closing it says that
 * this receiver is done with the chunk, and takes the memory away: whoever still looks gets an
 * {@link IllegalStateException}, never other bytes. The same comes of the loss of the relay, which
 * then no longer keeps the memory; the chunk is to be received again. Any thread may use it.
 */
public final class ReceivedChunk implements Received, AutoCloseable {

  private final Link link;
  private final Connection connection;
  private final ChunkKey key;
  private final Reply.Delivered delivered;
  private final Bytes bytes;
  private final AtomicBoolean over = new AtomicBoolean();

  /** Where they are. */
  sealed interface Bytes {

    record Inline(ByteString bytes) implements Bytes {}

    record Pooled(View view) implements Bytes {}
  }

  ReceivedChunk(
      Link link, Connection connection, ChunkKey key, Reply.Delivered delivered, Bytes bytes) {
    this.link = link;
    this.connection = connection;
    this.key = key;
    this.delivered = delivered;
    this.bytes = bytes;
  }

  Connection connection() {
    return connection;
  }

  ChunkKey key() {
    return key;
  }

  public String dataId() {
    return key.dataId();
  }

  /** From 0. */
  public int index() {
    return key.index();
  }

  /** The number of chunks, as far as it is known. */
  public OptionalInt count() {
    return delivered.count();
  }

  public Content content() {
    return delivered.content();
  }

  /** Where the sender wants what is made of it to go. */
  public List<String> nextPeers() {
    return delivered.nextPeers();
  }

  /**
   * The bytes; read-only.
   *
   * @throws IllegalStateException if it is closed, or the relay was lost
   */
  public MemorySegment memory() {
    if (over.get()) {
      throw new IllegalStateException("the chunk is closed");
    }
    return switch (bytes) {
      case Bytes.Inline(ByteString inline) -> MemorySegment.ofBuffer(inline.asReadOnlyByteBuffer());
      case Bytes.Pooled(View view) -> view.memory().asReadOnly();
    };
  }

  /**
   * The same, little-endian.
   *
   * @throws UnsupportedOperationException if they are more than a buffer can hold, 2 GiB
   */
  public ByteBuffer buffer() {
    return memory().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The tensor, a view of the bytes, which ends with it.
   *
   * @throws IllegalStateException if it is none, too
   */
  public Tensor tensor() {
    if (!(content() instanceof Content.OfTensor(TensorSpec spec))) {
      throw new IllegalStateException("%s, and no tensor".formatted(content()));
    }
    return Tensor.wrap(spec, buffer());
  }

  /**
   * The object, see {@link ValueCodec}: a copy, which stays.
   *
   * @throws IllegalStateException if it is none, too
   * @throws SidecarException if its bytes are none that make an object, or are no longer here
   */
  public @Nullable Object value() throws SidecarException {
    if (!(content() instanceof Content.OfObject)) {
      throw new IllegalStateException("a tensor of %s, and no object".formatted(content()));
    }
    try {
      return ValueCodec.parse(copied());
    } catch (MalformedFrameException e) {
      throw new SidecarException(
          Failure.Reason.INVALID_ARGUMENT,
          "chunk %d of %s is no object: %s".formatted(index(), dataId(), e.getMessage()),
          e);
    }
  }

  private ByteString copied() throws SidecarException {
    return switch (bytes) {
      case Bytes.Inline(ByteString inline) -> inline;
      // A parser that works on raw memory would not notice that it is taken away.
      case Bytes.Pooled _ -> {
        CopiedBytes.add(memory().byteSize());
        ByteString copy = UnsafeByteOperations.unsafeWrap(memory().toArray(ValueLayout.JAVA_BYTE));
        verify();
        yield copy;
      }
    };
  }

  /**
   * Makes sure that what has been read so far was the chunk. The relay keeps the memory while the
   * chunk is open; but memory of another relay is gone when that relay is, and this is how to know.
   *
   * @throws SidecarException with reason GONE if it may have been anything
   * @throws IllegalStateException if the chunk is closed
   */
  public void verify() throws SidecarException {
    if (bytes instanceof Bytes.Pooled(View view)) {
      boolean current;
      synchronized (view) {
        var _ = memory();
        current = view.isCurrent();
      }
      if (!current) {
        throw new SidecarException(
            Failure.Reason.GONE,
            "the memory of chunk %d of %s has been given to others".formatted(index(), dataId()));
      }
    }
  }

  /**
   * Says that this receiver is done with the chunk, once it has no other open that is the same.
   * Idempotent.
   *
   * @throws IllegalStateException if a system call that reads it is under way; close it again then
   */
  @Override
  public void close() {
    if (end("the chunk is closed")) {
      link.closed(this, true);
    }
  }

  /** Nobody has seen it: it is let go of, and may be received again. */
  void release() {
    if (end("the chunk is closed")) {
      link.closed(this, false);
    }
  }

  private boolean end(String why) {
    if (!over.compareAndSet(false, true)) {
      return false;
    }
    if (!tryEnd(why)) {
      over.set(false);
      throw new IllegalStateException("a system call still reads the chunk's memory");
    }
    return true;
  }

  /** Takes the memory away; false if a system call reads it. */
  boolean tryEnd(String why) {
    return !(bytes instanceof Bytes.Pooled(View view)) || view.tryClose(why);
  }
}

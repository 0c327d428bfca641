package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.AnnouncedPayload;
import io.baton.proto.codec.AnnouncedPayload.Body;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PayloadHeaderCodec;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PayloadHeader;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.CopiedBytes;
import io.baton.transport.Room;
import io.baton.transport.Share;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.StaleHandleException;
import io.baton.verification.PayloadDigester;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Puts the payloads of one stream together: a header, then its chunks, one payload after another.
 * Belongs to the stream and is used by one thread at a time.
 *
 * <p>An announcement costs nothing. Its size is checked against the limit, and the receiver asked
 * whether it wants such a payload; then room is taken, and memory, as the bytes come, never twice
 * as much as has come. A stream holds at most one payload. After {@link Assembly.Malformed} the
 * stream must be ended.
 */
public final class PayloadAssembler implements AutoCloseable {

  private final long maxBytes;
  private final Room room;
  private final PayloadLink link;
  private final Runnable onArrival;
  private @Nullable Assembling current;
  private @Nullable Awaited awaited;

  PayloadAssembler(long maxBytes, Room room, PayloadLink link, Runnable onArrival) {
    this.maxBytes = Math.min(maxBytes, Integer.MAX_VALUE);
    this.room = room;
    this.link = link;
    this.onArrival = onArrival;
  }

  /** True while bytes are outstanding: any frame but a chunk is malformed then. */
  public boolean busy() {
    return current != null || awaited != null;
  }

  /** True while the bytes come by UCX: the stream is to read no frame until they have. */
  public boolean awaits() {
    return awaited != null;
  }

  /** What has become of a payload that was awaited. Incomplete if none is, or still is. */
  public Assembly resume() {
    Awaited waiting = awaited;
    awaited = null;
    try {
      return waiting == null
          ? new Assembly.Incomplete()
          : fetch(waiting.announced, waiting.algorithm, waiting.share);
    } catch (MalformedFrameException e) {
      return new Assembly.Malformed(e);
    }
  }

  /** Begins a payload of which nothing is known before. */
  public Assembly begin(PayloadHeader header, DigestRule rule) {
    return begin(header, rule, PayloadCheck.NONE);
  }

  /**
   * Begins a payload; one that is inline or in shared memory is complete at once.
   *
   * @param check asked once, unless the announcement is malformed
   */
  public Assembly begin(PayloadHeader header, DigestRule rule, PayloadCheck check) {
    try {
      if (busy()) {
        throw new MalformedFrameException(
            "payload", "announced while bytes of another are to come");
      }
      AnnouncedPayload announced = PayloadHeaderCodec.fromWire(header);
      Digest.Algorithm algorithm = algorithm(announced, rule);
      if (announced.bytes() > maxBytes) {
        throw new MalformedFrameException(
            "payload", "%d bytes; at most %d".formatted(announced.bytes(), maxBytes));
      }
      Optional<Share> share = check.wants(announced);
      return switch (announced.body()) {
        // The message that brought them is in memory already, and bounded by gRPC.
        case Body.Inline(ByteString bytes) ->
            share.isEmpty()
                ? new Assembly.Unwanted()
                : finishFramed(announced, algorithm, bytes.asReadOnlyByteBuffer());
        case Body.Shared from -> copy(announced, algorithm, from, share);
        case Body.ByUcx() -> fetch(announced, algorithm, share);
        case Body.Chunks(int count) -> {
          current = new Assembling(announced, count, algorithm, share, room);
          yield new Assembly.Incomplete();
        }
      };
    } catch (MalformedFrameException e) {
      close();
      return new Assembly.Malformed(e);
    }
  }

  /** Takes the next chunk of the payload that was begun. */
  public Assembly add(Chunk chunk) {
    try {
      if (current == null) {
        throw new MalformedFrameException("chunk", "comes after no announcement");
      }
      current.take(chunk);
      return current.isWhole() ? finish(current) : new Assembly.Incomplete();
    } catch (MalformedFrameException e) {
      close();
      return new Assembly.Malformed(e);
    }
  }

  /** Nobody wants the payload any more that is being put together; the stream goes on. */
  public void discard() {
    if (current != null) {
      current.discard();
    }
    if (awaited != null) {
      awaited = new Awaited(awaited.announced, awaited.algorithm, Optional.empty());
    }
  }

  /** Lets go of a payload that is incomplete. Idempotent; the stream may be used again. */
  @Override
  public void close() {
    Assembling abandoned = current;
    current = null;
    awaited = null;
    if (abandoned != null) {
      abandoned.letGo();
    }
  }

  private Assembly finish(Assembling whole) {
    try {
      if (whole.share.isEmpty()) {
        return new Assembly.Unwanted();
      }
      return whole.buffer == null
          ? new Assembly.NoRoom(whole.announced.bytes())
          : finishFramed(whole.announced, whole.algorithm, whole.buffer.flip());
    } finally {
      close();
    }
  }

  private Assembly finishFramed(
      AnnouncedPayload announced, Digest.Algorithm algorithm, ByteBuffer bytes) {
    link.received().count(LaneKind.GRPC, announced.bytes());
    return finish(announced, algorithm, bytes);
  }

  private Assembly copy(
      AnnouncedPayload announced,
      Digest.Algorithm algorithm,
      Body.Shared from,
      Optional<Share> share)
      throws MalformedFrameException {
    long bytes = announced.bytes();
    link.inbox().mapping(from);
    if (share.isEmpty() || !room.tryTake(bytes, share.get())) {
      link.consumed(announced.dataId(), bytes);
      return share.isEmpty() ? new Assembly.Unwanted() : new Assembly.NoRoom(bytes);
    }
    try {
      ByteBuffer copy = link.inbox().copy(from, Math.toIntExact(bytes));
      link.received().count(LaneKind.LOCAL, bytes);
      link.consumed(announced.dataId(), bytes);
      return finish(announced, algorithm, copy);
    } catch (StaleHandleException | IllegalStateException e) {
      // The latter if the mapping is closed meanwhile, since the stream is over.
      return new Assembly.Stale(String.valueOf(e.getMessage()));
    } finally {
      room.giveBack(bytes);
    }
  }

  private Assembly fetch(
      AnnouncedPayload announced, Digest.Algorithm algorithm, Optional<Share> share)
      throws MalformedFrameException {
    long bytes = announced.bytes();
    // Taken first, and also for what is not here yet: it is given back in the end.
    boolean taken = share.isPresent() && room.tryTake(bytes, share.get());
    try {
      UcxLandings.Found found = link.inbox().fetch(announced.dataId(), bytes, taken, onArrival);
      if (found instanceof UcxLandings.Found.Later) {
        awaited = new Awaited(announced, algorithm, share);
        return new Assembly.Incomplete();
      }
      link.consumed(announced.dataId(), bytes);
      if (share.isEmpty()) {
        return new Assembly.Unwanted();
      }
      return switch (found) {
        case UcxLandings.Found.Later() -> new Assembly.Incomplete();
        case UcxLandings.Found.Lost() -> new Assembly.Lost();
        case UcxLandings.Found.NoRoom() -> new Assembly.NoRoom(bytes);
        case UcxLandings.Found.Here(ByteBuffer copy) -> {
          link.received().count(LaneKind.UCX, bytes);
          yield finish(announced, algorithm, copy);
        }
      };
    } finally {
      if (taken) {
        room.giveBack(bytes);
      }
    }
  }

  private static Assembly finish(
      AnnouncedPayload announced, Digest.Algorithm algorithm, ByteBuffer bytes) {
    Tensor activations = next(announced.activations(), bytes);
    TreeMap<String, Tensor> sides = new TreeMap<>();
    announced.sideInputs().forEach(side -> sides.put(side.name(), next(side.spec(), bytes)));
    Payload payload = new PayloadDigester(algorithm).payload(activations, sides);
    return announced
        .digest()
        .filter(claimed -> !claimed.equals(payload.digest()))
        .<Assembly>map(claimed -> new Assembly.DigestMismatch(claimed, payload.digest()))
        .orElseGet(() -> new Assembly.Complete(payload));
  }

  private static Tensor next(TensorSpec spec, ByteBuffer bytes) {
    int length = Math.toIntExact(spec.bytes());
    Tensor tensor = Tensor.wrap(spec, bytes.slice(bytes.position(), length));
    bytes.position(bytes.position() + length);
    return tensor;
  }

  private static Digest.Algorithm algorithm(AnnouncedPayload announced, DigestRule rule)
      throws MalformedFrameException {
    Digest claimed = announced.digest().orElse(null);
    return switch (rule) {
      case DigestRule.Announced() -> {
        if (claimed == null) {
          throw new MalformedFrameException("digest", "missing");
        }
        yield claimed.algorithm();
      }
      case DigestRule.Required(Digest.Algorithm algorithm) -> {
        if (claimed == null) {
          throw new MalformedFrameException("digest", "missing");
        }
        yield same(claimed, algorithm);
      }
      case DigestRule.Own(Digest.Algorithm algorithm) ->
          claimed == null ? algorithm : same(claimed, algorithm);
    };
  }

  private static Digest.Algorithm same(Digest claimed, Digest.Algorithm algorithm)
      throws MalformedFrameException {
    if (claimed.algorithm() != algorithm) {
      throw new MalformedFrameException(
          "digest.algorithm", "%s; here it is %s".formatted(claimed.algorithm(), algorithm));
    }
    return algorithm;
  }

  /** A payload whose bytes come by UCX. */
  private record Awaited(
      AnnouncedPayload announced, Digest.Algorithm algorithm, Optional<Share> share) {}

  /** A payload some of whose chunks are still to come. */
  private static final class Assembling {

    /** A payload below this gets its memory at once, and a larger one that much to begin with. */
    private static final int FIRST_BYTES = 64 << 10;

    final AnnouncedPayload announced;
    final int chunkCount;
    final Digest.Algorithm algorithm;
    private final Room room;
    Optional<Share> share;
    @Nullable ByteBuffer buffer;
    private long taken;
    private boolean full;
    private long received;
    private int chunks;

    Assembling(
        AnnouncedPayload announced,
        int chunkCount,
        Digest.Algorithm algorithm,
        Optional<Share> share,
        Room room) {
      this.announced = announced;
      this.chunkCount = chunkCount;
      this.algorithm = algorithm;
      this.share = share;
      this.room = room;
    }

    boolean isWhole() {
      return chunks == chunkCount;
    }

    void take(Chunk chunk) throws MalformedFrameException {
      if (chunk.getDataId() != announced.dataId()) {
        throw new MalformedFrameException(
            "chunk.data_id",
            "%s; expected %s"
                .formatted(
                    Long.toUnsignedString(chunk.getDataId()),
                    Long.toUnsignedString(announced.dataId())));
      }
      if (chunk.getIndex() != chunks) {
        throw new MalformedFrameException(
            "chunk.index",
            "%s; expected %d".formatted(Integer.toUnsignedString(chunk.getIndex()), chunks));
      }
      chunks++;
      checkSize(chunk.getData());
      received += chunk.getData().size();
      keep(chunk.getData());
    }

    /** What there is no room for is read and thrown away. */
    private void keep(ByteString data) {
      if (full || share.isEmpty()) {
        return;
      }
      ByteBuffer into = buffer;
      if (into == null || into.remaining() < data.size()) {
        into = grown(into, share.get());
        buffer = into;
      }
      if (into == null) {
        full = true;
        letGo();
      } else {
        CopiedBytes.add(data.size());
        data.copyTo(into);
      }
    }

    /** With room for what has come, and for as much again; null if there is none. */
    private @Nullable ByteBuffer grown(@Nullable ByteBuffer from, Share part) {
      long capacity = Math.min(announced.bytes(), Math.max(FIRST_BYTES, 2 * received));
      long more = capacity - taken;
      if (!room.tryTake(more, part)) {
        return null;
      }
      // From here on it is given back when the payload is let go, also if there is no memory.
      taken = capacity;
      ByteBuffer larger = ByteBuffer.allocate(Math.toIntExact(capacity));
      if (from == null) {
        return larger;
      }
      CopiedBytes.add(from.position());
      return larger.put(from.flip());
    }

    void discard() {
      share = Optional.empty();
      letGo();
    }

    void letGo() {
      buffer = null;
      room.giveBack(taken);
      taken = 0;
    }

    /** Every chunk still to come must have at least one byte left for it, the last one all. */
    private void checkSize(ByteString data) throws MalformedFrameException {
      long left = announced.bytes() - received - data.size();
      int chunksLeft = chunkCount - chunks;
      if (data.isEmpty() || left < chunksLeft || (chunksLeft == 0 && left != 0)) {
        throw new MalformedFrameException(
            "chunk.data",
            "%d bytes in chunk %d of %d, after %d of %d bytes"
                .formatted(data.size(), chunks, chunkCount, received, announced.bytes()));
      }
    }
  }
}

package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.AnnouncedPayload;
import io.baton.proto.codec.AnnouncedPayload.Body;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PayloadHeaderCodec;
import io.baton.proto.codec.PayloadOutline;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PayloadHeader;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.transport.LaneKind;
import io.baton.transport.Room;
import io.baton.transport.Share;
import io.baton.transport.pinned.StaleHandleException;
import java.nio.ByteBuffer;
import java.util.Optional;
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
  private @Nullable Assembling current;

  PayloadAssembler(long maxBytes, Room room, PayloadLink link) {
    this.maxBytes = Math.min(maxBytes, Integer.MAX_VALUE);
    this.room = room;
    this.link = link;
  }

  /** True while bytes are outstanding: any frame but a chunk is malformed then. */
  public boolean busy() {
    return current != null;
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
      PayloadOutline outline = announced.outline();
      Digest.Algorithm algorithm = algorithm(outline, rule);
      if (outline.bytes() > maxBytes) {
        throw new MalformedFrameException(
            "payload", "%d bytes; at most %d".formatted(outline.bytes(), maxBytes));
      }
      Optional<Share> share = check.wants(outline);
      return switch (announced.body()) {
        // The message that brought them is in memory already, and bounded by gRPC.
        case Body.Inline(ByteString bytes) ->
            share.isEmpty()
                ? new Assembly.Unwanted()
                : finishFramed(outline, algorithm, bytes.asReadOnlyByteBuffer());
        case Body.Shared from -> copy(announced, algorithm, from, share);
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
      current.bytes.discard();
    }
  }

  /** Lets go of a payload that is incomplete. Idempotent; the stream may be used again. */
  @Override
  public void close() {
    Assembling abandoned = current;
    current = null;
    if (abandoned != null) {
      abandoned.bytes.letGo();
    }
  }

  private Assembly finish(Assembling whole) {
    try {
      if (!whole.bytes.isWanted()) {
        return new Assembly.Unwanted();
      }
      PayloadOutline outline = whole.announced.outline();
      return whole
          .bytes
          .whole()
          .map(bytes -> finishFramed(outline, whole.algorithm, bytes))
          .orElseGet(() -> new Assembly.NoRoom(outline.bytes()));
    } finally {
      close();
    }
  }

  private Assembly finishFramed(
      PayloadOutline outline, Digest.Algorithm algorithm, ByteBuffer bytes) {
    link.received().count(LaneKind.GRPC, outline.bytes());
    return finish(outline, algorithm, bytes);
  }

  private Assembly copy(
      AnnouncedPayload announced,
      Digest.Algorithm algorithm,
      Body.Shared from,
      Optional<Share> share)
      throws MalformedFrameException {
    long bytes = announced.outline().bytes();
    link.inbox().mapping(from);
    if (share.isEmpty() || !room.tryTake(bytes, share.get())) {
      link.consumed(announced.dataId(), bytes);
      return share.isEmpty() ? new Assembly.Unwanted() : new Assembly.NoRoom(bytes);
    }
    try {
      ByteBuffer copy = link.inbox().copy(from, Math.toIntExact(bytes));
      link.received().count(LaneKind.LOCAL, bytes);
      link.consumed(announced.dataId(), bytes);
      return finish(announced.outline(), algorithm, copy);
    } catch (StaleHandleException | IllegalStateException e) {
      // The latter if the mapping is closed meanwhile, since the stream is over.
      return new Assembly.Stale(String.valueOf(e.getMessage()));
    } finally {
      room.giveBack(bytes);
    }
  }

  private static Assembly finish(
      PayloadOutline outline, Digest.Algorithm algorithm, ByteBuffer bytes) {
    Payload payload = PayloadJoiner.join(outline, algorithm, bytes);
    return outline
        .digest()
        .filter(claimed -> !claimed.equals(payload.digest()))
        .<Assembly>map(claimed -> new Assembly.DigestMismatch(claimed, payload.digest()))
        .orElseGet(() -> new Assembly.Complete(payload));
  }

  private static Digest.Algorithm algorithm(PayloadOutline announced, DigestRule rule)
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

  /** A payload some of whose chunks are still to come. */
  private static final class Assembling {

    final AnnouncedPayload announced;
    final int chunkCount;
    final Digest.Algorithm algorithm;
    final ArrivingBytes bytes;
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
      this.bytes = new ArrivingBytes(announced.outline().bytes(), share, room);
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
      bytes.add(chunk.getData());
    }

    /** Every chunk still to come must have at least one byte left for it, the last one all. */
    private void checkSize(ByteString data) throws MalformedFrameException {
      long all = announced.outline().bytes();
      long left = all - bytes.received() - data.size();
      int chunksLeft = chunkCount - chunks;
      if (data.isEmpty() || left < chunksLeft || (chunksLeft == 0 && left != 0)) {
        throw new MalformedFrameException(
            "chunk.data",
            "%d bytes in chunk %d of %d, after %d of %d bytes"
                .formatted(data.size(), chunks, chunkCount, bytes.received(), all));
      }
    }
  }
}

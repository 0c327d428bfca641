package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.SlotHandle;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Name;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** Names, numbers and places that the messages about chunks share. */
public final class ExchangeCodec {

  private static final int MAX_PATH_BYTES = 4096;

  /** Makes a slot's handle of its numbers. */
  @FunctionalInterface
  public interface HandleConstructor<T> {
    T of(long pool, long offset, long generation);
  }

  private ExchangeCodec() {}

  public static SlotHandle slotToWire(long pool, long offset, long generation) {
    return SlotHandle.newBuilder()
        .setPool(pool)
        .setOffset(offset)
        .setGeneration(generation)
        .build();
  }

  /** A handle that may name a slot; whether it does, the pool knows. */
  public static <T> T slotFromWire(SlotHandle wire, HandleConstructor<T> handle)
      throws MalformedFrameException {
    Fields.present(wire.getGeneration() != 0, "generation");
    return handle.of(
        wire.getPool(), Fields.unsigned("offset", wire.getOffset()), wire.getGeneration());
  }

  public static SharedPool toWire(PoolAddress pool) {
    return SharedPool.newBuilder().setPath(pool.path()).setId(pool.id()).build();
  }

  public static PoolAddress fromWire(SharedPool wire) throws MalformedFrameException {
    String path = Fields.text("path", wire.getPathBytes(), wire.getPath(), MAX_PATH_BYTES);
    if (path.charAt(0) != '/' || path.indexOf('\0') >= 0) {
      throw new MalformedFrameException("path", Fields.quoted(path) + " is no absolute path");
    }
    return new PoolAddress(path, wire.getId());
  }

  /**
   * A group's name or a data id.
   *
   * @param field the field that holds it, for the error
   */
  public static String nameFromWire(String value, ByteString utf8, String field)
      throws MalformedFrameException {
    return Fields.text(field, utf8, value, Name.MAX_BYTES);
  }

  /**
   * The ranks of members of one group, at most {@link Destination#MAX_MEMBERS} of them.
   *
   * @param field the field that holds them, for the error
   */
  public static SortedSet<Integer> ranksFromWire(List<Integer> wire, String field)
      throws MalformedFrameException {
    if (wire.size() > Destination.MAX_MEMBERS) {
      throw new MalformedFrameException(field, wire.size() + " of them");
    }
    SortedSet<Integer> ranks = new TreeSet<>();
    for (int rank : wire) {
      ranks.add(Fields.unsigned(field, rank));
    }
    return ranks;
  }

  /** Bytes {@code from} to {@code to} of a chunk that has so many. */
  public static void checkRange(long from, long to, long bytes) throws MalformedFrameException {
    Fields.unsigned("from", from);
    Fields.unsigned("to", to);
    if (from > to || to > bytes) {
      throw new MalformedFrameException(
          "to", "bytes %d to %d of a chunk of %d".formatted(from, to, bytes));
    }
  }
}

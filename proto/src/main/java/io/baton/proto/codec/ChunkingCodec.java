package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.Chunking;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Which chunk it is, what, and for whom. */
public final class ChunkingCodec {

  private ChunkingCodec() {}

  public static Chunking toWire(ChunkHeader chunk) {
    Chunking.Builder wire =
        Chunking.newBuilder()
            .setDataId(chunk.dataId())
            .setIndex(chunk.index())
            .setContent(ContentCodec.toWire(chunk.content()))
            .addAllDestinations(DestinationCodec.listToWire(chunk.destinations()))
            .addAllNextPeers(chunk.nextPeers());
    chunk.count().ifPresent(wire::setCount);
    return wire.build();
  }

  public static ChunkHeader fromWire(Chunking wire) throws MalformedFrameException {
    String dataId = ExchangeCodec.nameFromWire(wire.getDataId(), wire.getDataIdBytes(), "data_id");
    int index = Fields.unsigned("index", wire.getIndex());
    OptionalInt count = countFromWire(wire.hasCount(), wire.getCount());
    if (count.isPresent() && index >= count.getAsInt()) {
      throw new MalformedFrameException(
          "index", "%d of %d chunks".formatted(index, count.getAsInt()));
    }
    Content content =
        Fields.nested("content", wire.hasContent(), wire.getContent(), ContentCodec::fromWire);
    List<Destination> destinations = DestinationCodec.listFromWire(wire.getDestinationsList());
    List<String> nextPeers = nextPeersFromWire(wire.getNextPeersList().asByteStringList());
    return Fields.built(
        "chunk", () -> new ChunkHeader(dataId, index, count, content, destinations, nextPeers));
  }

  /** The field {@code count} of a message about a chunk, which only a stream lacks. */
  public static OptionalInt countFromWire(boolean present, int uint32)
      throws MalformedFrameException {
    if (!present) {
      return OptionalInt.empty();
    }
    int count = Fields.unsigned("count", uint32);
    if (count == 0) {
      throw new MalformedFrameException("count", "0; there is a chunk");
    }
    return OptionalInt.of(count);
  }

  /**
   * The field {@code next_peers} of a message about a chunk.
   *
   * @param utf8 as {@code getNextPeersList().asByteStringList()} gives it
   */
  public static List<String> nextPeersFromWire(List<ByteString> utf8)
      throws MalformedFrameException {
    Fields.atMost("next_peers", utf8.size(), ChunkHeader.MAX_NEXT_PEERS);
    List<String> peers = new ArrayList<>(utf8.size());
    for (int i = 0; i < utf8.size(); i++) {
      ByteString peer = utf8.get(i);
      peers.add(ExchangeCodec.nameFromWire(peer.toStringUtf8(), peer, "next_peers[" + i + "]"));
    }
    return List.copyOf(peers);
  }
}

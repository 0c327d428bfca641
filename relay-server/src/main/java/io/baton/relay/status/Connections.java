package io.baton.relay.status;

import io.baton.proto.v1.ChunksToPeer;
import io.baton.proto.v1.LinkStatus;
import io.baton.proto.v1.PushesToPeer;
import io.baton.session.model.RelayId;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.peer.PeerLinks;
import io.baton.transport.peer.PeerStats;
import io.baton.transport.stream.StreamState;
import java.util.Optional;

/** How this relay reaches another. */
public final class Connections {

  private Connections() {}

  /**
   * The link to a peer. What is at an address that clients alone have named, and where no relay has
   * ever answered, is not told, or else anybody could learn which ports are open near this relay.
   */
  public static LinkStatus link(PeerLinks.Open open) {
    PeerLink link = open.link();
    LinkStatus.Builder status =
        LinkStatus.newBuilder()
            .setAddress(Words.shortened(link.address()))
            .setKind(Words.of(link.lane()));
    if (link.remote().isEmpty() && !open.ofThisHost()) {
      return status
          .setState(Words.of(StreamState.CONNECTING))
          .setLastFailure("no relay has answered there")
          .build();
    }
    PeerStats stats = link.stats();
    return status
        .setState(Words.of(link.state()))
        .setRemote(name(link.remote()))
        .setLastFailure(Words.shortened(link.lastFailure().orElse("")))
        .setReconnects(stats.reconnects())
        .setSlowerBecause(Words.shortened(link.trouble().orElse("")))
        .setPushes(pushes(stats.pushes()))
        .setChunks(chunks(stats.chunks()))
        .build();
  }

  private static PushesToPeer pushes(PeerStats.Pushes pushes) {
    return PushesToPeer.newBuilder()
        .setSent(pushes.sent())
        .setShed(pushes.shed())
        .setStandbySent(pushes.standbySent())
        .setStandbyShed(pushes.standbyShed())
        .setLost(pushes.lost())
        .setBytes(pushes.bytes())
        .setShared(pushes.shared())
        .setSharedBytes(pushes.sharedBytes())
        .build();
  }

  private static ChunksToPeer chunks(PeerStats.Chunks chunks) {
    return ChunksToPeer.newBuilder()
        .setOffered(chunks.offered())
        .setTaken(chunks.taken())
        .setBytes(chunks.bytes())
        .build();
  }

  private static String name(Optional<RelayId> remote) {
    return remote.map(RelayId::toString).map(Words::shortened).orElse("");
  }
}

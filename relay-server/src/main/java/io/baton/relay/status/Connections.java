package io.baton.relay.status;

import io.baton.proto.v1.LaneStatus;
import io.baton.proto.v1.LinkStatus;
import io.baton.session.model.RelayId;
import io.baton.transport.exchange.LinkStats;
import io.baton.transport.exchange.PeerLink;
import io.baton.transport.lane.Lane;
import io.baton.transport.lane.LaneState;
import io.baton.transport.lane.LaneStats;
import java.util.Optional;

/** How this relay reaches another. */
public final class Connections {

  private Connections() {}

  /**
   * The lane to that address. Addresses come from clients: what is at one where no relay has ever
   * answered is not told, or else anybody could learn which ports are open near this relay.
   */
  public static LaneStatus lane(String address, Lane lane) {
    if (lane.remote().isEmpty()) {
      return LaneStatus.newBuilder()
          .setAddress(Words.shortened(address))
          .setKind(Words.of(lane.kind()))
          .setState(Words.of(LaneState.CONNECTING))
          .setLastFailure("no relay has answered there")
          .build();
    }
    LaneStats stats = lane.stats();
    return LaneStatus.newBuilder()
        .setAddress(Words.shortened(address))
        .setKind(Words.of(lane.kind()))
        .setState(Words.of(lane.state()))
        .setRemote(name(lane.remote()))
        .setLastFailure(Words.shortened(lane.lastFailure().orElse("")))
        .setSent(stats.pushed())
        .setShed(stats.shed())
        .setStandbySent(stats.standbyPushed())
        .setStandbyShed(stats.standbyShed())
        .setLost(stats.lost())
        .setBytes(stats.bytes())
        .setReconnects(stats.reconnects())
        .setShared(stats.shared())
        .setSharedBytes(stats.sharedBytes())
        .setSlowerBecause(Words.shortened(lane.trouble().orElse("")))
        .build();
  }

  public static LinkStatus link(PeerLink link) {
    LinkStats stats = link.stats();
    return LinkStatus.newBuilder()
        .setAddress(Words.shortened(link.address()))
        .setKind(Words.of(link.lane()))
        .setState(Words.of(link.state()))
        .setRemote(name(link.remote()))
        .setLastFailure(Words.shortened(link.lastFailure().orElse("")))
        .setOffered(stats.offered())
        .setTaken(stats.taken())
        .setBytes(stats.bytes())
        .setReconnects(stats.reconnects())
        .setSlowerBecause(Words.shortened(link.trouble().orElse("")))
        .build();
  }

  private static String name(Optional<RelayId> remote) {
    return remote.map(RelayId::toString).map(Words::shortened).orElse("");
  }
}

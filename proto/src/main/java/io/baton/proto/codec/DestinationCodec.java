package io.baton.proto.codec;

import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Receiving groups as destinations. */
public final class DestinationCodec {

  private DestinationCodec() {}

  public static io.baton.proto.v1.Destination toWire(Destination destination) {
    io.baton.proto.v1.Destination.Builder wire =
        io.baton.proto.v1.Destination.newBuilder().setGroup(destination.group());
    for (Member member : destination.members()) {
      wire.addMembersBuilder().setRank(member.rank()).setRelay(member.relay().orElse(""));
    }
    return wire.build();
  }

  public static Destination fromWire(io.baton.proto.v1.Destination wire)
      throws MalformedFrameException {
    String group = ExchangeCodec.nameFromWire(wire.getGroup(), wire.getGroupBytes(), "group");
    Fields.present(wire.getMembersCount() > 0, "members");
    Fields.atMost("members", wire.getMembersCount(), Destination.MAX_MEMBERS);
    List<Member> members = new ArrayList<>(wire.getMembersCount());
    for (int i = 0; i < wire.getMembersCount(); i++) {
      members.add(Fields.element("members", i, wire.getMembers(i), DestinationCodec::member));
    }
    return Fields.built("members", () -> new Destination(group, members));
  }

  private static Member member(io.baton.proto.v1.Member wire) throws MalformedFrameException {
    int rank = Fields.unsigned("rank", wire.getRank());
    if (wire.getRelay().isEmpty()) {
      return Member.here(rank);
    }
    HostPort relay = Fields.built("relay", () -> HostPort.parse(wire.getRelay()));
    if (relay.port() == 0) {
      throw new MalformedFrameException("relay", relay + " is nowhere to connect to");
    }
    return new Member(rank, Optional.of(relay.toString()));
  }

  public static List<io.baton.proto.v1.Destination> listToWire(List<Destination> destinations) {
    return destinations.stream().map(DestinationCodec::toWire).toList();
  }

  /** The destinations of one sending, from the field {@code destinations}. */
  public static List<Destination> listFromWire(List<io.baton.proto.v1.Destination> wire)
      throws MalformedFrameException {
    Fields.present(!wire.isEmpty(), "destinations");
    Fields.atMost("destinations", wire.size(), ChunkHeader.MAX_DESTINATIONS);
    List<Destination> destinations = new ArrayList<>(wire.size());
    for (int i = 0; i < wire.size(); i++) {
      destinations.add(Fields.element("destinations", i, wire.get(i), DestinationCodec::fromWire));
    }
    return Fields.built("destinations", () -> ChunkHeader.checked(destinations));
  }
}

package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.baton.proto.v1.RelayIdentity;
import io.baton.session.model.Peer;
import io.baton.session.model.Proof;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.Ticket;
import java.util.ArrayList;
import java.util.List;

/** Sessions, relays, tickets and peers. */
public final class IdCodec {

  /** The longest name of a relay, in bytes of UTF-8. */
  public static final int MAX_NAME_BYTES = 255;

  /** The longest route that a message carries. */
  public static final int MAX_PEERS = 1024;

  private IdCodec() {}

  public static io.baton.proto.v1.SessionId toWire(SessionId session) {
    return io.baton.proto.v1.SessionId.newBuilder()
        .setHigh(session.high())
        .setLow(session.low())
        .build();
  }

  /** Every 128-bit number is an id; that the field is there at all is the caller's to check. */
  public static SessionId fromWire(io.baton.proto.v1.SessionId wire) {
    return new SessionId(wire.getHigh(), wire.getLow());
  }

  /** Without a public key. */
  public static RelayIdentity toWire(RelayId relay) {
    return RelayIdentity.newBuilder()
        .setName(relay.name())
        .setIncarnation(relay.incarnation())
        .build();
  }

  /** Leaves the public key, if there is one, to whoever checks receipts. */
  public static RelayId fromWire(RelayIdentity wire) throws MalformedFrameException {
    String name = Fields.text("name", wire.getNameBytes(), wire.getName(), MAX_NAME_BYTES);
    return new RelayId(name, wire.getIncarnation());
  }

  public static ByteString toWire(Ticket ticket) {
    // value() is already a copy of its own.
    return UnsafeByteOperations.unsafeWrap(ticket.value());
  }

  /**
   * A ticket of the right length; whether it is valid, its issuer knows.
   *
   * @param field the field that holds the ticket, for the error
   */
  public static Ticket ticketFromWire(ByteString wire, String field)
      throws MalformedFrameException {
    Fields.present(!wire.isEmpty(), field);
    // Before toByteArray: nothing is copied that will be refused.
    if (wire.size() > Ticket.MAX_BYTES) {
      throw new MalformedFrameException(
          field, "%d bytes; at most %d".formatted(wire.size(), Ticket.MAX_BYTES));
    }
    return new Ticket(wire.toByteArray());
  }

  public static ByteString toWire(Proof proof) {
    // value() is already a copy of its own.
    return UnsafeByteOperations.unsafeWrap(proof.value());
  }

  /**
   * A proof of the right length; whether it is the session's, its relay knows.
   *
   * @param field the field that holds the proof, for the error
   */
  public static Proof proofFromWire(ByteString wire, String field) throws MalformedFrameException {
    Fields.present(!wire.isEmpty(), field);
    // Before toByteArray: nothing is copied that will be refused.
    if (wire.size() < Proof.MIN_BYTES || wire.size() > Proof.MAX_BYTES) {
      throw new MalformedFrameException(
          field, "%d bytes; %d to %d".formatted(wire.size(), Proof.MIN_BYTES, Proof.MAX_BYTES));
    }
    return new Proof(wire.toByteArray());
  }

  public static io.baton.proto.v1.Peer toWire(Peer peer) {
    io.baton.proto.v1.Peer.Builder wire =
        io.baton.proto.v1.Peer.newBuilder()
            .setIdentity(toWire(peer.relay()))
            .setAddress(peer.address())
            .setTicket(toWire(peer.ticket()));
    peer.standby().ifPresent(standby -> wire.setStandby(toWire(standby)));
    return wire.build();
  }

  public static Peer fromWire(io.baton.proto.v1.Peer wire) throws MalformedFrameException {
    RelayId relay =
        Fields.nested("identity", wire.hasIdentity(), wire.getIdentity(), IdCodec::fromWire);
    Fields.present(!wire.getAddress().isEmpty(), "address");
    HostPort address = Fields.built("address", () -> HostPort.parse(wire.getAddress()));
    if (address.port() == 0) {
      throw new MalformedFrameException("address", address + " is nowhere to connect to");
    }
    Peer peer = new Peer(relay, address.toString(), ticketFromWire(wire.getTicket(), "ticket"));
    return wire.hasStandby()
        ? peer.withStandby(Fields.nested("standby", true, wire.getStandby(), IdCodec::standby))
        : peer;
  }

  private static Peer standby(io.baton.proto.v1.Peer wire) throws MalformedFrameException {
    if (wire.hasStandby()) {
      throw new MalformedFrameException("standby", "a standby has none of its own");
    }
    return fromWire(wire);
  }

  public static List<io.baton.proto.v1.Peer> peersToWire(List<Peer> peers) {
    return peers.stream().map(IdCodec::toWire).toList();
  }

  /**
   * A route, head first.
   *
   * @param field the field that holds the peers, for the error
   */
  public static List<Peer> peersFromWire(List<io.baton.proto.v1.Peer> wire, String field)
      throws MalformedFrameException {
    Fields.atMost(field, wire.size(), MAX_PEERS);
    List<Peer> peers = new ArrayList<>(wire.size());
    for (int i = 0; i < wire.size(); i++) {
      peers.add(Fields.element(field, i, wire.get(i), IdCodec::fromWire));
    }
    return List.copyOf(peers);
  }

  /**
   * The relays in a list of them.
   *
   * @param field the field that holds the relays, for the error
   */
  public static List<RelayId> relaysFromWire(List<RelayIdentity> wire, String field)
      throws MalformedFrameException {
    Fields.atMost(field, wire.size(), MAX_PEERS);
    List<RelayId> relays = new ArrayList<>(wire.size());
    for (int i = 0; i < wire.size(); i++) {
      relays.add(Fields.element(field, i, wire.get(i), IdCodec::fromWire));
    }
    return List.copyOf(relays);
  }
}

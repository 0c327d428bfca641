package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.DataAddress;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolPlaces;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * By which lane the bytes of one connection travel: the sender's favourite among those that work.
 */
final class LaneChoice {

  /** A lane, and what was found out on the way to it. */
  sealed interface Chosen {

    LaneKind lane();

    record Grpc() implements Chosen {
      @Override
      public LaneKind lane() {
        return LaneKind.GRPC;
      }
    }

    /** In the sender's pool. */
    record Local(PoolMapping pool) implements Chosen {
      @Override
      public LaneKind lane() {
        return LaneKind.LOCAL;
      }
    }

    /** To this end's engine. */
    record Ucx() implements Chosen {
      @Override
      public LaneKind lane() {
        return LaneKind.UCX;
      }
    }
  }

  private LaneChoice() {}

  static io.baton.proto.v1.LaneKind toWire(LaneKind lane) {
    return switch (lane) {
      case GRPC -> io.baton.proto.v1.LaneKind.LANE_KIND_GRPC;
      case LOCAL -> io.baton.proto.v1.LaneKind.LANE_KIND_LOCAL;
      case UCX -> io.baton.proto.v1.LaneKind.LANE_KIND_UCX;
    };
  }

  static LaneKind fromWire(io.baton.proto.v1.LaneKind wire) throws MalformedFrameException {
    return known(wire).orElseThrow(() -> new MalformedFrameException("lane", "missing or unknown"));
  }

  /** Lanes that this end does not know are passed over. */
  static List<LaneKind> fromWire(List<io.baton.proto.v1.LaneKind> wire) {
    return wire.stream().flatMap(lane -> known(lane).stream()).toList();
  }

  private static Optional<LaneKind> known(io.baton.proto.v1.LaneKind wire) {
    return switch (wire) {
      case LANE_KIND_GRPC -> Optional.of(LaneKind.GRPC);
      case LANE_KIND_LOCAL -> Optional.of(LaneKind.LOCAL);
      case LANE_KIND_UCX -> Optional.of(LaneKind.UCX);
      case LANE_KIND_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
    };
  }

  /** What whoever opens a connection says: where bodies are taken from, and nothing to send to. */
  static DataAddress ofSender(LinkHost host) {
    return DataAddress.newBuilder()
        .setPool(
            ExchangeCodec.toWire(new PoolAddress(host.pool().path().toString(), host.pool().id())))
        .build();
  }

  /** What whoever was asked answers. */
  static DataAddress ofReceiver(LinkHost host) {
    DataAddress.Builder address = ofSender(host).toBuilder();
    host.workingUcx().ifPresent(ucx -> address.setUcx(ByteString.copyFrom(ucx.address())));
    return address.build();
  }

  /** The first of the wanted lanes that is allowed here and works; gRPC if none does. */
  static Chosen choose(
      List<LaneKind> wanted, List<LaneKind> allowed, DataAddress sender, LinkHost here) {
    return wanted.stream()
        .filter(allowed::contains)
        .flatMap(lane -> attempt(lane, sender, here).stream())
        .findFirst()
        .orElseGet(Chosen.Grpc::new);
  }

  private static Optional<Chosen> attempt(LaneKind lane, DataAddress sender, LinkHost here) {
    return switch (lane) {
      case LOCAL -> map(sender, here).map(Chosen.Local::new);
      case UCX -> here.workingUcx().map(_ -> new Chosen.Ucx());
      case GRPC -> Optional.of(new Chosen.Grpc());
    };
  }

  /** The sender's pool, if it is on this host and may be opened. */
  private static Optional<PoolMapping> map(DataAddress sender, LinkHost here) {
    if (!sender.hasPool()) {
      return Optional.empty();
    }
    try {
      PoolAddress pool = ExchangeCodec.fromWire(sender.getPool());
      if (!PoolPlaces.has(pool.path(), here.pool())) {
        return Optional.empty();
      }
      return Optional.of(
          PoolMapping.open(Path.of(pool.path()), pool.id(), PoolMapping.Access.READ));
    } catch (MalformedFrameException | PoolException | RuntimeException elsewhere) {
      return Optional.empty();
    }
  }
}

package io.baton.transport.peer;

import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.PeerWelcome;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolPlaces;
import io.baton.transport.ucx.UcxHub;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Between relays of one host: bytes stay in the sender's pool, which the receiver maps. */
final class LocalLane implements Lane {

  @Override
  public LaneKind kind() {
    return LaneKind.LOCAL;
  }

  @Override
  public boolean isAtHand(PeerHost here) {
    return true;
  }

  /** What a stranger names is opened only where pools are. */
  @Override
  public Optional<Intake> accept(DataAddress sender, PeerHost here, UcxHub.Target arrivals) {
    if (!sender.hasPool()) {
      return Optional.empty();
    }
    try {
      PoolAddress pool = ExchangeCodec.fromWire(sender.getPool());
      if (!PoolPlaces.has(pool.path(), here.pool())) {
        return Optional.empty();
      }
      PoolMapping mapping =
          PoolMapping.open(Path.of(pool.path()), pool.id(), PoolMapping.Access.READ);
      return Optional.of(new Intake(LaneKind.LOCAL, Optional.of(mapping), 0, () -> {}));
    } catch (MalformedFrameException | PoolException | RuntimeException elsewhere) {
      return Optional.empty();
    }
  }

  @Override
  public Outlet open(PeerWelcome answer, RemoteHost at, PeerHost here, Consumer<String> onLost) {
    return () -> Outlet.Way.SHARED;
  }
}

package io.baton.relay;

import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.UcxStatus;
import io.baton.relay.status.Words;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxStats;
import io.baton.transport.ucx.UcxUnavailableException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Whether a relay has UCX, without which other hosts are reached by gRPC. */
sealed interface Ucx {

  record Running(UcxHub engine) implements Ucx {

    @Override
    public Optional<UcxHub> hub() {
      return Optional.of(engine);
    }

    @Override
    public UcxStatus status() {
      UcxStats stats = engine.stats();
      UcxStatus.Builder status =
          UcxStatus.newBuilder()
              .setVersion(engine.version())
              .setConnections(stats.connections())
              .setConnectionsLost(stats.connectionsLost())
              .setSent(stats.sent())
              .setSentBytes(stats.sentBytes())
              .setReceived(stats.received())
              .setReceivedBytes(stats.receivedBytes())
              .setSendsFailed(stats.sendsFailed());
      stats.dropped().forEach((reason, count) -> status.putDropped(Words.of(reason), count));
      engine.ended().ifPresent(why -> status.setAbsentBecause(why.detail()));
      return status.build();
    }

    @Override
    public String toString() {
      return "UCX " + engine.version();
    }
  }

  /** In one line, why. */
  record Absent(String because) implements Ucx {

    @Override
    public Optional<UcxHub> hub() {
      return Optional.empty();
    }

    @Override
    public UcxStatus status() {
      return UcxStatus.newBuilder().setAbsentBecause(because).build();
    }

    @Override
    public String toString() {
      return "no UCX, so other hosts are reached by gRPC: " + because;
    }
  }

  /** Starts it where the relay listens, if it is wanted and this machine has it. */
  static Ucx start(RelayConfig config, PinnedPool pool) {
    if (!config.dataPlane().lanes().contains(LaneKind.UCX)) {
      return new Absent("it is not among the relay's lanes");
    }
    if (!(config.listen() instanceof Endpoint.Tcp(HostPort address))) {
      return new Absent("the relay listens on no network");
    }
    try {
      UcxConfig ucx =
          UcxConfig.withDefaults(config.name()).listeningAt(InetAddress.getByName(address.host()));
      return new Running(UcxHub.start(ucx, pool));
    } catch (UcxUnavailableException e) {
      return new Absent(String.valueOf(e.getMessage()));
    } catch (UnknownHostException e) {
      return new Absent(address.host() + ": no such host");
    }
  }

  Optional<UcxHub> hub();

  UcxStatus status();
}

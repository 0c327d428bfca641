package io.baton.relay;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ExchangeStatus;
import io.baton.proto.v1.InboundStatus;
import io.baton.proto.v1.PayloadsStatus;
import io.baton.proto.v1.PushesStatus;
import io.baton.proto.v1.SessionsStatus;
import io.baton.proto.v1.StatusResponse;
import io.baton.relay.exchange.Exchange;
import io.baton.relay.status.Connections;
import io.baton.relay.status.Occupancy;
import io.baton.relay.status.Words;
import io.baton.transport.LaneKind;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.payload.PayloadTraffic;
import io.baton.transport.peer.PeerLinks;
import io.baton.transport.peer.PeerService;
import io.baton.transport.pinned.PinnedPool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Puts together what a relay says about how it is. Any thread may call; none is made to wait. */
final class StatusReport {

  /** A relay that is too busy to count its chunks still has something to say about the rest. */
  private static final Duration EXCHANGE_TIMEOUT = Duration.ofSeconds(1);

  /** Where the figures come from. */
  record Sources(
      ExecutorSlot slot,
      LongSupplier arrivingBytes,
      PayloadMemory memory,
      PeerLinks links,
      PeerService peers,
      PinnedPool pool,
      Exchange exchange,
      List<LaneKind> laneOrder,
      Ucx ucx) {}

  private final RelayContext relay;
  private final Sources sources;
  private final long startNanos = System.nanoTime();

  StatusReport(RelayContext relay, Sources sources) {
    this.relay = relay;
    this.sources = sources;
  }

  /** As it is now; done after {@link #EXCHANGE_TIMEOUT} at the latest. */
  CompletableFuture<StatusResponse> take() {
    CompletableFuture<Optional<ExchangeStatus>> exchange =
        sources.exchange().status().thenApply(Optional::of);
    if (!exchange.isDone()) {
      limit(exchange);
    }
    return exchange.thenApply(this::response);
  }

  private void limit(CompletableFuture<Optional<ExchangeStatus>> exchange) {
    try {
      Future<?> timeout =
          relay
              .timer()
              .schedule(
                  () -> exchange.complete(Optional.empty()),
                  EXCHANGE_TIMEOUT.toNanos(),
                  TimeUnit.NANOSECONDS);
      var _ = exchange.whenComplete((_, _) -> timeout.cancel(false));
    } catch (RejectedExecutionException e) {
      // The relay is being closed.
      exchange.complete(Optional.empty());
    }
  }

  private StatusResponse response(Optional<ExchangeStatus> exchange) {
    StatusResponse.Builder response =
        StatusResponse.newBuilder()
            .setVersions(Versions.spoken())
            .setIdentity(IdCodec.toWire(relay.self()))
            .setUptimeMillis((System.nanoTime() - startNanos) / 1_000_000)
            .setDraining(relay.sessions().isShut())
            .setSessions(sessions())
            .setPushes(pushes())
            .setPayloads(payloads())
            .addAllLaneOrder(sources.laneOrder().stream().map(Words::of).toList())
            .setUcx(sources.ucx().status())
            .setInbound(inbound())
            .setPool(Occupancy.of(sources.pool()));
    sources.slot().executor().ifPresent(e -> response.addStages(StageCodec.toWire(e.info())));
    sources.links().open().values().forEach(open -> response.addLinks(Connections.link(open)));
    exchange.ifPresent(response::setExchange);
    return response.build();
  }

  private SessionsStatus sessions() {
    return SessionsStatus.newBuilder()
        .setOpen(relay.sessions().size())
        .setMax(relay.limits().sessions())
        .setHeldBytes(relay.sessions().heldBytes())
        .setReservedBytes(relay.held().used())
        .setMaxBytes(relay.held().capacity())
        .setArrivingBytes(sources.arrivingBytes().getAsLong())
        .setSteps(relay.counters().steps.sum())
        .setStepsFromPeers(relay.counters().pushesUsed.sum())
        .build();
  }

  private PayloadsStatus payloads() {
    return PayloadsStatus.newBuilder()
        .setSent(traffic(sources.memory().sent()))
        .setReceived(traffic(sources.memory().received()))
        .build();
  }

  private static io.baton.proto.v1.PayloadTraffic traffic(PayloadTraffic counted) {
    return io.baton.proto.v1.PayloadTraffic.newBuilder()
        .setShared(counted.shared().payloads())
        .setSharedBytes(counted.shared().bytes())
        .setUcx(counted.ucx().payloads())
        .setUcxBytes(counted.ucx().bytes())
        .setFramed(counted.framed().payloads())
        .setFramedBytes(counted.framed().bytes())
        .build();
  }

  private PushesStatus pushes() {
    RelayCounters counters = relay.counters();
    return PushesStatus.newBuilder()
        .setSent(counters.pushes.sent.sum())
        .setShed(counters.pushes.shed.sum())
        .setStandbySent(counters.standbyPushes.sent.sum())
        .setStandbyShed(counters.standbyPushes.shed.sum())
        .setLost(sources.links().stats().pushes().lost())
        .putAllDropped(counters.dropped())
        .build();
  }

  private InboundStatus inbound() {
    InboundStatus.Builder inbound = InboundStatus.newBuilder();
    sources.peers().lanes().forEach((lane, peers) -> inbound.putLinks(Words.of(lane), peers));
    return inbound.build();
  }
}

package io.baton.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.proto.v1.StatusResponse;
import io.baton.relay.exchange.BusyLoop;
import io.baton.relay.exchange.Exchange;
import io.baton.session.FairShare;
import io.baton.session.model.RelayId;
import io.baton.session.stage.HeldRules;
import io.baton.transport.Budget;
import io.baton.transport.FairBudget;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.peer.PeerConfig;
import io.baton.transport.peer.PeerHost;
import io.baton.transport.peer.PeerLimits;
import io.baton.transport.peer.PeerLinks;
import io.baton.transport.peer.PeerLinksConfig;
import io.baton.transport.peer.PeerService;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When the part that only one thread at a time may look at is busy. */
class StatusReportTest {

  private final RelayId self = new RelayId("busy", 7);
  private final PinnedPool pool;
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final EventLoops loops = EventLoops.start("baton-io-busy", 1);
  private final SessionTable sessions = new SessionTable(RelayConfig.Limits.DEFAULT.opening());
  private final RelayCounters counters = new RelayCounters();
  private final PeerService peers;
  private final Exchange exchange;
  private final StatusReport report;

  StatusReportTest() throws PoolException {
    timer.setRemoveOnCancelPolicy(true);
    pool = PinnedPool.create(PoolConfig.of("busy", 1 << 20));
    PayloadMemory memory = PayloadMemory.none();
    PeerHost host =
        new PeerHost(
            self,
            pool,
            Optional.empty(),
            new PeerHost.Traffic(memory.sentCounter(), memory.receivedCounter()),
            loops,
            new Budget(1 << 20),
            new Budget(1 << 20),
            timer);
    exchange =
        new Exchange(
            host,
            ChunkIndexConfig.of(0),
            _ ->
                new PeerLinks(
                    address -> {
                      throw new IllegalArgumentException(address);
                    },
                    PeerLinksConfig.DEFAULT,
                    FairShare.WHOLE,
                    System::nanoTime,
                    timer));
    peers =
        new PeerService(
            host,
            PeerConfig.DEFAULT_LANES,
            PeerLimits.DEFAULT,
            new PeerService.Receivers(
                new PushArrivals(sessions, counters), exchange.offerReceiver()));
    RelayContext context =
        new RelayContext(
            self,
            RelayConfig.Limits.DEFAULT,
            sessions,
            exchange.links(),
            new HeldRules(1 << 20, 0.5),
            new FairBudget(1 << 20, FairShare.WHOLE),
            counters,
            timer,
            loops.executor());
    report =
        new StatusReport(
            context,
            new StatusReport.Sources(
                new ExecutorSlot(sessions, RelayConfig.Limits.DEFAULT.stall(), timer),
                () -> 1,
                memory,
                exchange.links(),
                peers,
                pool,
                exchange,
                PeerConfig.DEFAULT_LANES,
                new Ucx.Absent("this machine has none")));
  }

  @AfterEach
  void close() {
    exchange.close();
    peers.close();
    exchange.links().close();
    timer.shutdownNow();
    loops.close();
    pool.close();
    assertThat(pool.path()).doesNotExist();
  }

  private StatusResponse taken() throws Exception {
    return report.take().get(10, TimeUnit.SECONDS);
  }

  @Test
  void take_whileTheExchangeIsFree_isDoneAtOnceAndLeavesNoTimer() {
    int timers = timer.getQueue().size();

    assertThat(report.take()).isDone();
    assertThat(timer.getQueue()).hasSize(timers);
  }

  @Test
  void take_whileTheExchangeIsBusy_tellsTheRest() throws Exception {
    try (BusyLoop _ = BusyLoop.of(exchange)) {
      StatusResponse status = taken();

      assertThat(status.hasExchange()).isFalse();
      assertThat(status.getIdentity().getName()).isEqualTo("busy");
      assertThat(status.getPool().getBytes()).isGreaterThanOrEqualTo(1 << 20);
      assertThat(status.getUcx().getAbsentBecause()).isEqualTo("this machine has none");
    }
    assertThat(taken().hasExchange()).isTrue();
  }

  @Test
  void take_onceTheTimerIsGone_isDoneNevertheless() throws Exception {
    timer.shutdownNow();
    try (BusyLoop _ = BusyLoop.of(exchange)) {
      assertThat(taken().hasExchange()).isFalse();
    }
  }
}

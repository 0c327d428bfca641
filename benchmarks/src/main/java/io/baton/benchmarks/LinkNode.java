package io.baton.benchmarks;

import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.exchange.Body;
import io.baton.transport.exchange.Closing;
import io.baton.transport.exchange.ExchangeLimits;
import io.baton.transport.exchange.ExchangeService;
import io.baton.transport.exchange.Inbound;
import io.baton.transport.exchange.LinkAnswer;
import io.baton.transport.exchange.LinkConfig;
import io.baton.transport.exchange.LinkConnection;
import io.baton.transport.exchange.LinkHost;
import io.baton.transport.exchange.LinkListener;
import io.baton.transport.exchange.Offer;
import io.baton.transport.exchange.OfferReceiver;
import io.baton.transport.exchange.PeerLink;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxUnavailableException;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What two relays do between them: chunks lie in pools, are offered, granted room, sent and taken.
 * As in a relay, what is to be done next is done on the thread that tells of something.
 */
final class LinkNode implements Node {

  private static final long POOL_BYTES = 512L << 20;
  private static final DataId DATA = new DataId("bench", "bench");

  /** What a node does about what it is told of, on the engine's thread. */
  private interface Part {
    default void taken() {}

    default void arrived() {}
  }

  private final PinnedPool pool;
  private final UcxHub ucx;
  private final EventLoops loops = EventLoops.start("baton-io-bench", 1);
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final ExchangeService service;
  private final BoundServer server;
  private final LinkHost host;
  private final Map<Long, Slot> outgoing = new ConcurrentHashMap<>();
  private final Map<Long, Slot> incoming = new ConcurrentHashMap<>();
  private final CompletableFuture<Void> linked = new CompletableFuture<>();
  private final AtomicLong transfers = new AtomicLong();
  private volatile @Nullable Part part;
  private @Nullable PeerLink link;
  private volatile @Nullable LinkConnection connection;

  LinkNode(Setup setup) {
    try {
      pool = PinnedPool.create(PoolConfig.of("bench", POOL_BYTES));
      ucx =
          UcxHub.start(
              UcxConfig.withDefaults("bench")
                  .overTransports(setup.transports().split(",", -1))
                  .spinning(Duration.ofNanos(setup.spinMicros() * 1000L)),
              pool);
      host =
          new LinkHost(
              new RelayId("bench", ProcessHandle.current().pid()),
              pool,
              Optional.of(ucx),
              loops,
              new Budget(POOL_BYTES),
              timer);
      service =
          new ExchangeService(host, List.of(LaneKind.UCX), ExchangeLimits.DEFAULT, new Receiving());
      server =
          Servers.start(
              loops,
              Endpoint.tcp("127.0.0.1", 0),
              ServerSettings.direct(InsecureServerCredentials.create()),
              List.of(service));
    } catch (UcxUnavailableException e) {
      throw new IllegalStateException(e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public byte[] address() {
    return server.endpoint().toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void connect(byte[] remote) {
    link =
        PeerLink.open(
            new String(remote, StandardCharsets.UTF_8),
            host,
            LinkConfig.withDefaults(InsecureChannelCredentials.create())
                .withLanes(List.of(LaneKind.UCX)),
            new Sending(),
            new SplittableRandom(1));
    await(linked);
    awaitUcx(link);
  }

  /** It is used when a first message has got through. */
  private static void awaitUcx(PeerLink link) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (link.lane() != LaneKind.UCX) {
      if (System.nanoTime() - deadline >= 0) {
        throw new IllegalStateException(
            "the link goes by %s: %s".formatted(link.lane(), link.trouble().orElse("no reason")));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  @Override
  public void send(Workload workload) {
    CompletableFuture<Void> all = new CompletableFuture<>();
    int first = Math.min(workload.window(), workload.messages());
    part =
        new Part() {
          private int offers = workload.messages() - first;
          private int left = workload.messages();

          @Override
          public void taken() {
            if (offers > 0) {
              offers--;
              offer(workload.bytes());
            }
            left--;
            if (left == 0) {
              all.complete(null);
            }
          }
        };
    for (int i = 0; i < first; i++) {
      offer(workload.bytes());
    }
    await(all);
  }

  @Override
  public void receive(Workload workload, Runnable ready) {
    count(workload.messages(), ready, () -> {});
  }

  @Override
  public long[] ping(Workload workload) {
    CompletableFuture<Void> all = new CompletableFuture<>();
    long[] nanos = new long[workload.messages()];
    part =
        new Part() {
          private int answered;
          private long begun = System.nanoTime();

          @Override
          public void arrived() {
            long now = System.nanoTime();
            nanos[answered] = now - begun;
            begun = now;
            answered++;
            if (answered < nanos.length) {
              offer(workload.bytes());
            } else {
              all.complete(null);
            }
          }
        };
    offer(workload.bytes());
    await(all);
    return nanos;
  }

  @Override
  public void pong(Workload workload, Runnable ready) {
    count(workload.messages(), ready, () -> offer(workload.bytes()));
  }

  @Override
  public void close() {
    if (link != null) {
      link.close();
    }
    service.close();
    server.close();
    timer.shutdownNow();
    loops.close();
    ucx.close();
    pool.close();
  }

  private void count(int messages, Runnable ready, Runnable onEach) {
    CompletableFuture<Void> all = new CompletableFuture<>();
    part =
        new Part() {
          private int left = messages;

          @Override
          public void arrived() {
            onEach.run();
            left--;
            if (left == 0) {
              all.complete(null);
            }
          }
        };
    ready.run();
    await(all);
  }

  private Part part() {
    Part current = part;
    if (current == null) {
      throw new IllegalStateException("nothing was begun");
    }
    return current;
  }

  private void offer(int bytes) {
    Slot slot = pool.allocate(bytes, PoolUse.FILLING, "bench").orElseThrow();
    long transfer = transfers.incrementAndGet();
    outgoing.put(transfer, slot);
    Offer offer =
        new Offer(
            transfer,
            DATA,
            0,
            OptionalInt.empty(),
            new TreeSet<>(List.of(0)),
            new Content.OfObject(bytes),
            List.of(),
            new Body.ToGrant());
    LinkConnection to = connection;
    if (to == null || !to.offer(offer, slot)) {
      throw new IllegalStateException("not offered");
    }
  }

  private static void await(CompletableFuture<Void> done) {
    try {
      done.get(60, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not done within a minute", e);
    }
  }

  private final class Sending implements LinkListener {

    @Override
    public void onReady(LinkConnection opened) {
      connection = opened;
      linked.complete(null);
    }

    @Override
    public void onRoom(LinkConnection opened) {}

    @Override
    public void onLost(LinkConnection lost, String why) {
      // As when the other process ends, after all has been measured.
    }

    @Override
    public void onAnswer(LinkConnection from, LinkAnswer answer) {
      switch (answer) {
        case LinkAnswer.Granted(long transfer) -> {
          Slot slot = outgoing.get(transfer);
          if (slot != null) {
            from.body(transfer, slot);
          }
        }
        case LinkAnswer.Taken(long transfer) -> {
          Slot slot = outgoing.remove(transfer);
          if (slot != null) {
            slot.release();
            part().taken();
          }
        }
        default -> throw new IllegalStateException(answer.toString());
      }
    }
  }

  private final class Receiving implements OfferReceiver {

    @Override
    public void onOffer(Inbound from, Offer offer) {
      Slot slot = pool.allocate(offer.content().bytes(), PoolUse.UNCLAIMED, "bench").orElseThrow();
      incoming.put(offer.transfer(), slot);
      from.grant(offer.transfer(), slot);
    }

    @Override
    public void onClosing(Inbound from, Closing closing) {}

    @Override
    public void onWithdraw(Inbound from, long transfer) {}

    @Override
    public void onBody(Inbound from, long transfer) {
      Slot slot = incoming.remove(transfer);
      if (slot != null) {
        slot.release();
        from.taken(transfer);
        part().arrived();
      }
    }

    @Override
    public void onLost(Inbound from, String why) {}
  }
}

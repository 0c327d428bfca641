package io.baton.benchmarks;

import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Handover;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxConnectException;
import io.baton.transport.ucx.UcxConnection;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxReceiver;
import io.baton.transport.ucx.UcxUnavailableException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Baton's engine, with its thread that sleeps. What is to be done next is done where the engine
 * tells of something; the caller's thread begins, and waits for the end.
 */
final class EngineNode implements Node, UcxReceiver {

  private static final int MEMORY = 256 << 20;
  private static final int HEADER_BYTES = 64;

  /** What a node does about what it is told of, on the engine's thread. */
  private interface Part {
    default void sent() {}

    void arrived();
  }

  private final Arena arena = Arena.ofShared();
  private final Ring source = new Ring(arena.allocate(MEMORY));
  private final Ring landing = new Ring(arena.allocate(MEMORY));
  private final ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES);
  private final Completion onSent = telling(() -> part().sent());
  private final Completion onArrival = telling(() -> part().arrived());
  private final UcxEngine engine;
  private volatile @Nullable Part part;
  private @Nullable UcxConnection connection;

  EngineNode(Setup setup) {
    UcxConfig config =
        UcxConfig.withDefaults("bench")
            .overTransports(setup.transports().split(",", -1))
            .spinning(Duration.ofNanos(setup.spinMicros() * 1000L));
    if (setup.rendezvousBytes() > 0) {
      config = config.withRendezvousBytes(setup.rendezvousBytes());
    }
    try {
      engine = UcxEngine.start(config, this);
    } catch (UcxUnavailableException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public Landing onMessage(ByteBuffer received, long bodyBytes) {
    return new Landing.Into(landing.next(bodyBytes), onArrival);
  }

  @Override
  public byte[] address() {
    return engine.address();
  }

  @Override
  public void connect(byte[] remote) {
    try {
      connection = engine.connect(remote, InetAddress.getLoopbackAddress(), failure -> {});
    } catch (UcxConnectException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public void send(Workload workload) {
    begin(workload);
    CompletableFuture<Void> received = new CompletableFuture<>();
    int first = Math.min(workload.window(), workload.messages());
    part =
        new Part() {
          private int left = workload.messages() - first;

          @Override
          public void sent() {
            if (left > 0) {
              left--;
              EngineNode.this.send(workload.bytes());
            }
          }

          @Override
          public void arrived() {
            received.complete(null);
          }
        };
    for (int i = 0; i < first; i++) {
      send(workload.bytes());
    }
    await(received);
  }

  @Override
  public void receive(Workload workload, Runnable ready) {
    begin(workload);
    CompletableFuture<Void> all = new CompletableFuture<>();
    part =
        new Part() {
          private int left = workload.messages();

          @Override
          public void arrived() {
            left--;
            if (left == 0) {
              EngineNode.this.send(0);
              all.complete(null);
            }
          }
        };
    ready.run();
    await(all);
  }

  @Override
  public long[] ping(Workload workload) {
    begin(workload);
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
              EngineNode.this.send(workload.bytes());
            } else {
              all.complete(null);
            }
          }
        };
    send(workload.bytes());
    await(all);
    return nanos;
  }

  @Override
  public void pong(Workload workload, Runnable ready) {
    begin(workload);
    CompletableFuture<Void> all = new CompletableFuture<>();
    part =
        new Part() {
          private int left = workload.messages();

          @Override
          public void arrived() {
            EngineNode.this.send(workload.bytes());
            left--;
            if (left == 0) {
              all.complete(null);
            }
          }
        };
    ready.run();
    await(all);
  }

  @Override
  public void close() {
    engine.close();
    arena.close();
  }

  private Part part() {
    Part current = part;
    if (current == null) {
      throw new IllegalStateException("nothing was begun");
    }
    return current;
  }

  private void begin(Workload workload) {
    source.begin(workload);
    landing.begin(workload);
  }

  private void send(int bytes) {
    UcxConnection to = connection;
    if (to == null || to.send(header, source.next(bytes), onSent) != Handover.ACCEPTED) {
      throw new IllegalStateException("not sent");
    }
  }

  private static void await(CompletableFuture<Void> done) {
    try {
      done.get(60, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not done within a minute", e);
    }
  }

  private static Completion telling(Runnable told) {
    return new Completion() {
      @Override
      public void succeeded() {
        told.run();
      }

      @Override
      public void failed(UcxFailure failure) {
        System.err.println(failure);
      }
    };
  }
}

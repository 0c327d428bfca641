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
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Baton's engine, with its thread that sleeps and a caller that waits. */
final class EngineNode implements Node, UcxReceiver {

  private static final int LARGEST = 64 << 20;
  private static final int HEADER_BYTES = 64;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment source = arena.allocate(LARGEST);
  private final MemorySegment landing = arena.allocate(LARGEST);
  private final ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES);
  private final Semaphore arrived = new Semaphore(0);
  private final Semaphore room = new Semaphore(0);
  private final Completion onArrival = released(arrived);
  private final Completion onSent = released(room);
  private final UcxEngine engine;
  private @Nullable UcxConnection connection;

  EngineNode(String transports, long rendezvousBytes) {
    UcxConfig config = UcxConfig.withDefaults("bench").overTransports(transports.split(","));
    if (rendezvousBytes > 0) {
      config = config.withRendezvousBytes(rendezvousBytes);
    }
    try {
      engine = UcxEngine.start(config, this);
    } catch (UcxUnavailableException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public Landing onMessage(ByteBuffer received, long bodyBytes) {
    return new Landing.Into(landing.asSlice(0, bodyBytes), onArrival);
  }

  @Override
  public byte[] address() {
    return engine.address();
  }

  @Override
  public void connect(byte[] remote) {
    try {
      connection = engine.connect(remote, failure -> {});
    } catch (UcxConnectException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public void send(Workload workload) {
    room.drainPermits();
    room.release(workload.window());
    for (int i = 0; i < workload.messages(); i++) {
      acquire(room);
      send(workload.bytes());
    }
    acquire(arrived);
  }

  @Override
  public void receive(Workload workload) {
    for (int i = 0; i < workload.messages(); i++) {
      acquire(arrived);
    }
    send(0);
  }

  @Override
  public long[] ping(Workload workload) {
    long[] nanos = new long[workload.messages()];
    for (int i = 0; i < nanos.length; i++) {
      long begun = System.nanoTime();
      send(workload.bytes());
      acquire(arrived);
      nanos[i] = System.nanoTime() - begun;
    }
    return nanos;
  }

  @Override
  public void pong(Workload workload) {
    for (int i = 0; i < workload.messages(); i++) {
      acquire(arrived);
      send(workload.bytes());
    }
  }

  @Override
  public void close() {
    engine.close();
    arena.close();
  }

  private void send(int bytes) {
    UcxConnection to = connection;
    if (to == null || to.send(header, source.asSlice(0, bytes), onSent) != Handover.ACCEPTED) {
      throw new IllegalStateException("not sent");
    }
  }

  private static void acquire(Semaphore semaphore) {
    try {
      if (!semaphore.tryAcquire(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nothing for half a minute");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static Completion released(Semaphore semaphore) {
    return new Completion() {
      @Override
      public void succeeded() {
        semaphore.release();
      }

      @Override
      public void failed(UcxFailure failure) {
        System.err.println(failure);
      }
    };
  }
}

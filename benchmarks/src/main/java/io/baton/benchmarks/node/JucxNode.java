package io.baton.benchmarks.node;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxCallback;
import org.openucx.jucx.ucp.UcpAmData;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpEndpoint;
import org.openucx.jucx.ucp.UcpEndpointParams;
import org.openucx.jucx.ucp.UcpParams;
import org.openucx.jucx.ucp.UcpRequest;
import org.openucx.jucx.ucp.UcpRequestParams;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucp.UcpWorkerParams;
import org.openucx.jucx.ucs.UcsConstants.MEMORY_TYPE;
import org.openucx.jucx.ucs.UcsConstants.STATUS;

/**
 * Active messages of jucx with nothing around them, in the mode that notices a peer's death, as the
 * engine's. One thread, which polls from when it begins until it ends; it rests between.
 */
final class JucxNode implements Node {

  private static final int HEADER_BYTES = 64;
  private static final int MESSAGE_ID = 1;
  private static final int SETTLING = 1000;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment header = arena.allocate(HEADER_BYTES);
  private final UcpContext context;
  private final UcpWorker worker;
  private final UcpRequestParams host =
      new UcpRequestParams().setMemoryType(MEMORY_TYPE.UCS_MEMORY_TYPE_HOST);
  private final List<Object> alive = new ArrayList<>();
  private final ExecutorService polling = Executors.newSingleThreadExecutor();
  private final Latencies latencies = new Latencies();
  private MemorySegment memory = MemorySegment.NULL;
  private Workload workload = new Workload(Message.MIN_BYTES, 1, false);
  private @Nullable UcpEndpoint endpoint;
  private @Nullable Future<?> poll;
  private volatile boolean resting;
  private int underWay;
  private int acknowledged;
  private long taken;
  private long number;

  private final UcxCallback onSent =
      new UcxCallback() {
        @Override
        public void onSuccess(UcpRequest request) {
          underWay--;
        }
      };

  JucxNode() {
    context = new UcpContext(new UcpParams().requestAmFeature());
    worker = context.newWorker(new UcpWorkerParams());
    worker.setAmRecvHandler(
        MESSAGE_ID, (headerAddress, headerBytes, data, reply) -> onReceive(data));
  }

  @Override
  public String address() {
    ByteBuffer address = worker.getAddress();
    byte[] bytes = new byte[address.remaining()];
    address.get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public void connect(String remote) {
    byte[] bytes = HexFormat.of().parseHex(remote);
    ByteBuffer address = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    alive.add(address);
    endpoint =
        worker.newEndpoint(
            new UcpEndpointParams()
                .setUcpAddress(address)
                .setPeerErrorHandlingMode()
                .setErrorHandler(
                    (failed, status, text) -> latencies.fail(new IllegalStateException(text))));
  }

  @Override
  public void begin(Workload next) {
    workload = next;
    long needed = (long) next.inFlight() * next.bytes();
    if (memory.byteSize() < needed) {
      memory = arena.allocate(needed);
    }
    resting = false;
    poll =
        polling.submit(
            () -> {
              while (!resting) {
                progress();
              }
            });
  }

  /** The thread that polls does this instead. */
  @Override
  public Sent send(Duration time, int most) throws Exception {
    end();
    return polling
        .submit(() -> sendAll(time, most))
        .get(time.plus(PATIENCE).toNanos(), TimeUnit.NANOSECONDS);
  }

  private Sent sendAll(Duration time, int most) {
    long began = System.nanoTime();
    acknowledged = 0;
    int sent = 0;
    while (sent < most && System.nanoTime() - began < time.toNanos()) {
      MemorySegment body = place(number);
      Message.write(body, number++, workload.whole());
      send(body);
      sent++;
      while (sent - acknowledged >= workload.inFlight()) {
        progress();
      }
    }
    while (acknowledged < sent) {
      progress();
    }
    return Sent.since(began, sent);
  }

  @Override
  public void end() throws Exception {
    Future<?> current = poll;
    poll = null;
    if (current != null) {
      resting = true;
      current.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    polling.submit(this::settle).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public Latencies latencies() {
    return latencies;
  }

  @Override
  public void close() {
    // The process ends, and with it what UCX holds.
    polling.shutdownNow();
  }

  private MemorySegment place(long index) {
    return memory.asSlice(index % workload.inFlight() * workload.bytes(), workload.bytes());
  }

  private int onReceive(UcpAmData data) {
    long bytes = data.getLength();
    if (bytes == 0) {
      acknowledged++;
      return STATUS.UCS_OK;
    }
    MemorySegment landing = place(taken++);
    if (data.isDataValid()) {
      landing.copyFrom(view(data, bytes));
      landed(landing);
    } else {
      UcxCallback onLanded =
          new UcxCallback() {
            @Override
            public void onSuccess(UcpRequest request) {
              landed(landing);
            }
          };
      worker.recvAmDataNonBlocking(data.getDataHandle(), landing.address(), bytes, onLanded, host);
    }
    return STATUS.UCS_OK;
  }

  private void landed(MemorySegment body) {
    try {
      latencies.add(Message.sentNanos(body, workload.whole()));
    } catch (IllegalStateException e) {
      latencies.fail(e);
    }
    send(MemorySegment.NULL);
  }

  @SuppressWarnings("restricted")
  private static MemorySegment view(UcpAmData data, long bytes) {
    return MemorySegment.ofAddress(data.getDataAddress()).reinterpret(bytes);
  }

  /** A message, or without a body the word that one has come. */
  private void send(MemorySegment body) {
    UcpEndpoint to = endpoint;
    if (to == null) {
      throw new IllegalStateException("not connected");
    }
    underWay++;
    to.sendAmNonBlocking(
        MESSAGE_ID,
        header.address(),
        HEADER_BYTES,
        body.address() == 0 ? header.address() : body.address(),
        body.byteSize(),
        0L,
        onSent,
        host);
  }

  /** So that nothing waits for this thread to poll when it does something else. */
  private void settle() {
    while (underWay > 0) {
      progress();
    }
    for (int i = 0; i < SETTLING; i++) {
      progress();
    }
  }

  private void progress() {
    try {
      worker.progress();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}

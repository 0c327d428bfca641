package io.baton.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
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
 * Active messages of jucx with nothing around them: one thread, which polls. In the mode that
 * notices a peer's death, as the engine's.
 */
final class BareNode implements Node {

  private static final int MEMORY = 256 << 20;
  private static final int HEADER_BYTES = 64;
  private static final int MESSAGE_ID = 1;

  private final Arena arena = Arena.ofShared();
  private final Ring source = new Ring(arena.allocate(MEMORY));
  private final Ring landing = new Ring(arena.allocate(MEMORY));
  private final MemorySegment header = arena.allocate(HEADER_BYTES);
  private final UcpContext context;
  private final UcpWorker worker;
  private final UcpRequestParams host =
      new UcpRequestParams().setMemoryType(MEMORY_TYPE.UCS_MEMORY_TYPE_HOST);
  private final List<Object> alive = new ArrayList<>();
  private @Nullable UcpEndpoint endpoint;
  private int underWay;
  private int arrived;

  private final UcxCallback onSent =
      new UcxCallback() {
        @Override
        public void onSuccess(UcpRequest request) {
          underWay--;
        }
      };

  private final UcxCallback onArrival =
      new UcxCallback() {
        @Override
        public void onSuccess(UcpRequest request) {
          arrived++;
        }
      };

  BareNode(Setup setup) {
    UcpParams parameters = new UcpParams().requestAmFeature().setConfig("TLS", setup.transports());
    if (setup.rendezvousBytes() > 0) {
      parameters.setConfig("RNDV_THRESH", Long.toString(setup.rendezvousBytes()));
    }
    context = new UcpContext(parameters);
    worker = context.newWorker(new UcpWorkerParams());
    worker.setAmRecvHandler(
        MESSAGE_ID, (headerAddress, headerBytes, data, reply) -> onReceive(data));
  }

  @Override
  public byte[] address() {
    ByteBuffer address = worker.getAddress();
    byte[] bytes = new byte[address.remaining()];
    address.get(bytes);
    return bytes;
  }

  @Override
  public void connect(byte[] remote) {
    ByteBuffer address = ByteBuffer.allocateDirect(remote.length).put(remote).flip();
    alive.add(address);
    endpoint =
        worker.newEndpoint(
            new UcpEndpointParams()
                .setUcpAddress(address)
                .setPeerErrorHandlingMode()
                .setErrorHandler((failed, status, text) -> System.err.println(text)));
  }

  @Override
  public void send(Workload workload) {
    begin(workload);
    for (int i = 0; i < workload.messages(); i++) {
      send(workload.bytes());
      while (underWay >= workload.window()) {
        progress();
      }
    }
    await(1);
    settle();
  }

  @Override
  public void receive(Workload workload, Runnable ready) {
    begin(workload);
    ready.run();
    await(workload.messages());
    send(0);
    settle();
  }

  @Override
  public long[] ping(Workload workload) {
    begin(workload);
    long[] nanos = new long[workload.messages()];
    for (int i = 0; i < nanos.length; i++) {
      long begun = System.nanoTime();
      send(workload.bytes());
      await(1);
      nanos[i] = System.nanoTime() - begun;
    }
    settle();
    return nanos;
  }

  @Override
  public void pong(Workload workload, Runnable ready) {
    begin(workload);
    ready.run();
    for (int i = 0; i < workload.messages(); i++) {
      await(1);
      send(workload.bytes());
    }
    settle();
  }

  @Override
  public void close() {
    // The process ends, and with it what UCX holds.
  }

  private void begin(Workload workload) {
    source.begin(workload);
    landing.begin(workload);
  }

  private int onReceive(UcpAmData data) {
    long bytes = data.getLength();
    if (data.isDataValid()) {
      landing.next(bytes).copyFrom(view(data, bytes));
      arrived++;
    } else {
      long place = landing.next(bytes).address();
      worker.recvAmDataNonBlocking(data.getDataHandle(), place, bytes, onArrival, host);
    }
    return STATUS.UCS_OK;
  }

  @SuppressWarnings("restricted")
  private static MemorySegment view(UcpAmData data, long bytes) {
    return MemorySegment.ofAddress(data.getDataAddress()).reinterpret(bytes);
  }

  private void send(int bytes) {
    UcpEndpoint to = endpoint;
    if (to == null) {
      throw new IllegalStateException("not connected");
    }
    underWay++;
    long body = source.next(bytes).address();
    to.sendAmNonBlocking(MESSAGE_ID, header.address(), HEADER_BYTES, body, bytes, 0L, onSent, host);
  }

  private void await(int messages) {
    while (arrived < messages) {
      progress();
    }
    arrived -= messages;
  }

  /** So that nothing waits for this thread to poll when it does something else. */
  private void settle() {
    while (underWay > 0) {
      progress();
    }
    for (int i = 0; i < 1000; i++) {
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

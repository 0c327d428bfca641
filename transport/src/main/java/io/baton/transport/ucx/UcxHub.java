package io.baton.transport.ucx;

import io.baton.transport.pinned.PinnedPool;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * UCX as the streams of one party use it: one engine, whose messages find their stream by a key.
 *
 * <p>UCX knows no authentication. A key is drawn at random for each stream, told to the peer over
 * that stream, and stands at the head of every message; what comes without a valid one is let go.
 * It guards streams from each other. It does not guard the process: UCX believes whatever comes to
 * its own sockets, so that whoever reaches these can end it.
 */
public final class UcxHub implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(UcxHub.class);

  /** Where messages with one key go. Called on the engine's thread: must be short. */
  public interface Target {

    /** A frame of the stream. */
    void onFrame(ByteBuffer frame);

    /** The body that the stream's frames name by that number. */
    Landing onBody(long number, long bytes);
  }

  private static final Landing HEARD =
      new Landing.Into(
          MemorySegment.NULL,
          new Completion() {
            @Override
            public void succeeded() {}

            @Override
            public void failed(UcxFailure failure) {}
          });

  static final byte FRAME = 0;
  static final byte BODY = 1;

  /** Nobody's: whoever sent it finds out that it got through. */
  static final byte PROBE = 2;

  static final int FRAME_HEAD = Long.BYTES + 1;
  private static final int BODY_HEAD = FRAME_HEAD + Long.BYTES;

  private final UcxEngine engine;
  private final UcxConnections connections;
  private final UcxPeers peers;
  private final Map<Long, Target> targets;
  private final SecureRandom random = new SecureRandom();

  private UcxHub(UcxEngine engine, Map<Long, Target> targets) {
    this.engine = engine;
    this.connections = new UcxConnections(engine);
    this.peers = new UcxPeers(this::wire, System::nanoTime);
    this.targets = targets;
  }

  /**
   * Starts the engine and makes the pool known to it.
   *
   * @throws UcxUnavailableException with one line that says why there is no UCX
   */
  public static UcxHub start(UcxConfig config, PinnedPool pool) throws UcxUnavailableException {
    UcxHub hub = start(config);
    try {
      UcxMemory pinned = hub.engine.register(pool.memory());
      log.debug("UCX {} knows the pool's {} bytes", hub.version(), pinned.segment().byteSize());
    } catch (UcxFailedException e) {
      // It works without, more slowly on networks that could have fetched from the pool directly.
      log.warn("UCX could not register the pool: {}", e.getMessage());
    }
    return hub;
  }

  /**
   * Starts the engine.
   *
   * @throws UcxUnavailableException with one line that says why there is no UCX
   */
  public static UcxHub start(UcxConfig config) throws UcxUnavailableException {
    Map<Long, Target> targets = new ConcurrentHashMap<>();
    return new UcxHub(UcxEngine.start(config, receiver(targets)), targets);
  }

  /** Where peers reach this engine. */
  public byte[] address() {
    return engine.address();
  }

  /** Of UCX, such as {@code 1.13.1}. */
  public String version() {
    return engine.version();
  }

  public UcxStats stats() {
    return engine.stats();
  }

  /** Connections that wait for the next wire to their peer. */
  int idleConnections() {
    return connections.idle();
  }

  /** Why it does no more, if it does not. */
  public Optional<UcxFailure> ended() {
    return engine.ended();
  }

  /** The key with which messages come to that target, from now on. */
  public long enter(Target target) {
    long key = random.nextLong();
    while (key == 0 || targets.putIfAbsent(key, target) != null) {
      key = random.nextLong();
    }
    return key;
  }

  /** Messages with that key are let go from now on. */
  public void leave(long key) {
    targets.remove(key);
  }

  /**
   * A hold on the way to a peer, which is to be closed. It carries nothing before it has proved
   * that it can: until then, and whenever it cannot, everything goes on the stream.
   *
   * @param address as the peer said when it was asked
   * @param host where it was asked: UCX connects to no other
   * @param onLost told each time that the way is lost after it was ready, on the engine's thread:
   *     what was given to it may not have arrived
   */
  public UcxWay way(byte[] address, InetAddress host, Consumer<UcxFailure> onLost) {
    return peers.way(address, host, onLost);
  }

  /** A wire of its own to a peer, as {@link #way} uses it. */
  UcxWire wire(byte[] address, InetAddress host, Consumer<UcxFailure> onLost)
      throws UcxConnectException {
    return connections.connect(address, host, onLost);
  }

  @Override
  public void close() {
    peers.close();
    engine.close();
    targets.clear();
  }

  static ByteBuffer frameHead(long key, int frameBytes) {
    return ByteBuffer.allocate(FRAME_HEAD + frameBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(key)
        .put(FRAME);
  }

  static ByteBuffer probe() {
    return ByteBuffer.allocate(FRAME_HEAD)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0)
        .put(PROBE)
        .flip();
  }

  static ByteBuffer bodyHead(long key, long number) {
    return ByteBuffer.allocate(BODY_HEAD)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(key)
        .put(BODY)
        .putLong(number)
        .flip();
  }

  private static UcxReceiver receiver(Map<Long, Target> targets) {
    return (header, bodyBytes) -> {
      ByteBuffer head = header.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      if (head.remaining() < FRAME_HEAD) {
        return Landing.REFUSED;
      }
      long key = head.getLong();
      byte kind = head.get();
      if (key == 0 && kind == PROBE && bodyBytes == 0) {
        return HEARD;
      }
      Target target = targets.get(key);
      if (target == null) {
        return Landing.REFUSED;
      }
      if (kind == FRAME && bodyBytes == 0) {
        target.onFrame(head);
        return HEARD;
      }
      return kind == BODY && head.remaining() == Long.BYTES
          ? target.onBody(head.getLong(), bodyBytes)
          : Landing.REFUSED;
    };
  }
}

package io.baton.transport.exchange;

import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxConnectException;
import io.baton.transport.ucx.UcxConnection;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxFailedException;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxMemory;
import io.baton.transport.ucx.UcxReceiver;
import io.baton.transport.ucx.UcxStats;
import io.baton.transport.ucx.UcxUnavailableException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * UCX as the links of one relay use it: one engine, whose messages find their link by a key.
 *
 * <p>UCX knows no authentication. A key is drawn at random for each direction of each connection,
 * told to the peer over the link's own stream, and stands at the head of every message; what comes
 * without a valid one is let go.
 */
public final class UcxHub implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(UcxHub.class);

  /** Where messages with one key go. Called on the engine's thread: must be short. */
  interface Target {

    /** A frame of the link. */
    void onFrame(ByteBuffer frame);

    /** The body of a transfer. */
    Landing onBody(long transfer, long bytes);
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
  static final int FRAME_HEAD = Long.BYTES + 1;
  private static final int BODY_HEAD = FRAME_HEAD + Long.BYTES;

  private final UcxEngine engine;
  private final Map<Long, Target> targets;
  private final SecureRandom random = new SecureRandom();

  private UcxHub(UcxEngine engine, Map<Long, Target> targets) {
    this.engine = engine;
    this.targets = targets;
  }

  /**
   * Starts the engine and makes the pool known to it.
   *
   * @throws UcxUnavailableException with one line that says why there is no UCX
   */
  public static UcxHub start(UcxConfig config, PinnedPool pool) throws UcxUnavailableException {
    Map<Long, Target> targets = new ConcurrentHashMap<>();
    UcxEngine engine = UcxEngine.start(config, receiver(targets));
    try {
      UcxMemory pinned = engine.register(pool.memory());
      log.debug("UCX {} knows the pool's {} bytes", engine.version(), pinned.segment().byteSize());
    } catch (UcxFailedException e) {
      // It works without, more slowly on networks that could have fetched from the pool directly.
      log.warn("UCX could not register the pool: {}", e.getMessage());
    }
    return new UcxHub(engine, targets);
  }

  /** Where peers reach this relay's engine. */
  byte[] address() {
    return engine.address();
  }

  /** Of UCX, such as {@code 1.13.1}. */
  public String version() {
    return engine.version();
  }

  public UcxStats stats() {
    return engine.stats();
  }

  /** The key with which messages come to that target, from now on. */
  long enter(Target target) {
    long key = random.nextLong();
    while (key == 0 || targets.putIfAbsent(key, target) != null) {
      key = random.nextLong();
    }
    return key;
  }

  /** Messages with that key are let go from now on. */
  void leave(long key) {
    targets.remove(key);
  }

  /**
   * A way to send messages to a peer.
   *
   * @param key the peer's, for this way
   * @param onLost told at most once, on the engine's thread
   * @throws UcxConnectException if it cannot even be tried
   */
  UcxWire connect(byte[] address, long key, Consumer<UcxFailure> onLost)
      throws UcxConnectException {
    UcxConnection connection = engine.connect(address, onLost::accept);
    return new UcxWire(connection, key, engine.maxHeaderBytes());
  }

  @Override
  public void close() {
    engine.close();
    targets.clear();
  }

  static ByteBuffer frameHead(long key, int frameBytes) {
    return ByteBuffer.allocate(FRAME_HEAD + frameBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(key)
        .put(FRAME);
  }

  static ByteBuffer bodyHead(long key, long transfer) {
    return ByteBuffer.allocate(BODY_HEAD)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(key)
        .put(BODY)
        .putLong(transfer)
        .flip();
  }

  private static UcxReceiver receiver(Map<Long, Target> targets) {
    return (header, bodyBytes) -> {
      ByteBuffer head = header.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      if (head.remaining() < FRAME_HEAD) {
        return Landing.REFUSED;
      }
      Target target = targets.get(head.getLong());
      if (target == null) {
        return Landing.REFUSED;
      }
      byte kind = head.get();
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

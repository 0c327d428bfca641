package io.baton.transport.payload;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.transport.Budget;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxHub;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The bodies that come for one stream by UCX, before or after the frames that announce them. They
 * come on the engine's thread, and are asked for on the stream's.
 *
 * <table>
 * <caption>States of a body</caption>
 * <tr><td>AWAITED</td><td>COMING, REFUSED, LOST</td><td>announced, and nothing of it seen yet</td></tr>
 * <tr><td>COMING</td><td>HERE, LOST</td><td>UCX writes it, to the end even if it is given up</td></tr>
 * <tr><td>HERE</td><td>gone</td><td>until the stream takes it</td></tr>
 * <tr><td>REFUSED</td><td>gone</td><td>there was no room for it</td></tr>
 * <tr><td>LOST</td><td></td><td>UCX failed, or nothing came in time</td></tr>
 * </table>
 */
final class UcxLandings implements UcxHub.Target, AutoCloseable {

  /** For a body that was announced to show itself, and besides what it takes to come. */
  static final Duration PATIENCE = Duration.ofSeconds(5);

  /** The same after one that did not: what was sent with it is not worth as much waiting again. */
  static final Duration PATIENCE_AFTER_A_LOSS = Duration.ofMillis(250);

  /** As many as a sender may have waiting, and what it has taken for lost. */
  private static final int MAX_BODIES = 8192;

  private enum State {
    AWAITED,
    COMING,
    HERE,
    REFUSED,
    LOST
  }

  private static final class Body {
    private State state;
    private final long bytes;
    private @Nullable Place place;
    private @Nullable Runnable onSettled;

    Body(State state, long bytes) {
      this.state = state;
      this.bytes = bytes;
    }
  }

  /** What has become of a body. */
  sealed interface Found {

    /** Whoever asked is told when that has changed. */
    record Later() implements Found {}

    record Here(ByteBuffer bytes) implements Found {}

    record NoRoom() implements Found {}

    record Lost() implements Found {}
  }

  private final PayloadMemory memory;
  private final Budget waiting;
  private final UcxHub hub;
  private final long key;

  // Under the lock.
  private final Map<Long, Body> bodies = new HashMap<>();
  private @Nullable Future<?> givingUp;
  private boolean lastWasLost;
  private boolean closed;

  /**
   * @param maxBytes of bodies that nobody has asked for yet
   */
  UcxLandings(PayloadMemory memory, UcxHub hub, long maxBytes) {
    this.memory = memory;
    this.waiting = new Budget(maxBytes);
    this.hub = hub;
    this.key = hub.enter(this);
  }

  byte[] address() {
    return hub.address();
  }

  long key() {
    return key;
  }

  // ---- on the engine's thread

  @Override
  public void onFrame(ByteBuffer frame) {
    // Frames come on the stream.
  }

  @Override
  public Landing onBody(long number, long bytes) {
    Runnable told;
    synchronized (this) {
      Body known = bodies.get(number);
      if (closed
          || (known == null && bodies.size() >= MAX_BODIES)
          || (known != null && known.state != State.AWAITED)) {
        return Landing.REFUSED;
      }
      Body body = new Body(State.COMING, bytes);
      body.onSettled = known == null ? null : known.onSettled;
      bodies.put(number, body);
      if (waiting.tryTake(bytes)) {
        Place place = memory.place(bytes).orElse(null);
        if (place != null) {
          body.place = place;
          return new Landing.Into(place.memory(), settling(number, body));
        }
        waiting.giveBack(bytes);
      }
      body.state = State.REFUSED;
      told = take(body);
    }
    told.run();
    return Landing.REFUSED;
  }

  private Completion settling(long number, Body body) {
    return new Completion() {
      @Override
      public void succeeded() {
        settle(number, body, State.HERE);
      }

      @Override
      public void failed(UcxFailure failure) {
        settle(number, body, State.LOST);
      }
    };
  }

  private void settle(long number, Body body, State state) {
    Runnable told;
    synchronized (this) {
      // It may have been given up, and is only now out of UCX's hands.
      if (body.state == State.COMING) {
        body.state = state;
      }
      lastWasLost &= state == State.LOST;
      if (body.state == State.LOST || bodies.get(number) != body) {
        letGo(body);
      }
      told = take(body);
    }
    told.run();
  }

  // ---- on the stream's thread

  /**
   * Hands a body over, which is forgotten here then.
   *
   * @param wanted whether there is room for a copy; if not, it is let go when it is here
   * @param onSettled told once if it is to be asked for later, on any thread
   * @throws MalformedFrameException if it has another size, or is waited for already
   */
  Found fetch(long number, long bytes, boolean wanted, Runnable onSettled)
      throws MalformedFrameException {
    Place place;
    synchronized (this) {
      Body body = announced(number, bytes);
      place = body.place;
      if (body.state != State.HERE || place == null) {
        return notHere(number, body, onSettled);
      }
      bodies.remove(number);
      if (!wanted) {
        letGo(body);
        return new Found.NoRoom();
      }
      body.place = null;
    }
    return new Found.Here(copy(place, bytes));
  }

  private Body announced(long number, long bytes) throws MalformedFrameException {
    Body body = bodies.get(number);
    if (body == null) {
      if (bodies.size() >= MAX_BODIES) {
        throw new MalformedFrameException("ucx", "too many bodies were sent and not announced");
      }
      body = new Body(State.AWAITED, bytes);
      bodies.put(number, body);
    }
    if (body.bytes != bytes) {
      throw new MalformedFrameException(
          "ucx", "%d bytes came where %d were announced".formatted(body.bytes, bytes));
    }
    return body;
  }

  private Found notHere(long number, Body body, Runnable onSettled) throws MalformedFrameException {
    return switch (body.state) {
      case AWAITED, COMING -> {
        if (body.onSettled != null) {
          throw new MalformedFrameException("data_id", "announced twice");
        }
        body.onSettled = onSettled;
        // The stream waits for one at a time.
        awaitNoLonger(number, body);
        yield new Found.Later();
      }
      case REFUSED -> {
        bodies.remove(number);
        yield new Found.NoRoom();
      }
      // Stays: what comes of it yet is not wanted.
      case LOST, HERE -> new Found.Lost();
    };
  }

  private ByteBuffer copy(Place place, long bytes) {
    try {
      return ByteBuffer.wrap(place.copy());
    } finally {
      place.free();
      waiting.giveBack(bytes);
    }
  }

  private void awaitNoLonger(long number, Body body) {
    State now = body.state;
    Duration toShow = lastWasLost ? PATIENCE_AFTER_A_LOSS : PATIENCE;
    givingUp =
        memory.later(
            () -> giveUp(number, now),
            now == State.AWAITED ? toShow : PATIENCE.plus(UcxConfig.atSlowest(body.bytes)));
  }

  private void giveUp(long number, State awaitedThen) {
    Runnable told;
    synchronized (this) {
      Body body = bodies.get(number);
      if (closed || body == null || body.onSettled == null) {
        return;
      }
      if (body.state != awaitedThen) {
        awaitNoLonger(number, body);
        return;
      }
      body.state = State.LOST;
      lastWasLost = true;
      told = take(body);
    }
    told.run();
  }

  /** Nothing comes any more. What UCX is writing is let go when it has. Idempotent. */
  @Override
  public void close() {
    hub.leave(key);
    synchronized (this) {
      closed = true;
      if (givingUp != null) {
        givingUp.cancel(false);
      }
      bodies.values().stream().filter(body -> body.state == State.HERE).forEach(this::letGo);
      bodies.clear();
    }
  }

  private void letGo(Body body) {
    Place place = body.place;
    body.place = null;
    if (place != null) {
      place.free();
      waiting.giveBack(body.bytes);
    }
  }

  private Runnable take(Body body) {
    Runnable told = body.onSettled;
    body.onSettled = null;
    Future<?> timer = givingUp;
    if (told != null && timer != null) {
      timer.cancel(false);
    }
    return told == null ? () -> {} : told;
  }
}

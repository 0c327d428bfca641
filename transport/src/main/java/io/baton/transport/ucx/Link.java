package io.baton.transport.ucx;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpEndpoint;
import org.openucx.jucx.ucp.UcpEndpointParams;
import org.openucx.jucx.ucp.UcpRequest;

/**
 * A connection's endpoint, on the progress thread.
 *
 * <table>
 * <caption>States</caption>
 * <tr><td>WAITING</td><td>OPEN, GONE</td><td>an earlier endpoint to the peer is still closing</td></tr>
 * <tr><td>OPEN</td><td>DRAINING, CLOSING, GONE</td><td></td></tr>
 * <tr><td>DRAINING</td><td>FLUSHING, CLOSING</td><td>completions of what is under way are awaited</td></tr>
 * <tr><td>FLUSHING</td><td>CLOSING</td><td>what UCX has copied goes out</td></tr>
 * <tr><td>CLOSING</td><td>GONE</td><td>UCX gives up the endpoint</td></tr>
 * </table>
 */
final class Link {

  private enum State {
    WAITING,
    OPEN,
    DRAINING,
    FLUSHING,
    CLOSING,
    GONE
  }

  private static final UcxFailure CLOSED =
      new UcxFailure(UcxFailure.Kind.CLOSED, "the connection was closed");

  private final Progress progress;
  private final UcxConnection connection;
  private final ByteBuffer remote;
  private final UcxConnection.Listener listener;
  private final Queue<Outgoing> early = new ArrayDeque<>();
  private final Set<Outgoing> underWay = new HashSet<>();
  private State state = State.WAITING;
  private boolean closeAsked;
  private @Nullable UcxFailure lost;
  // Reachable for as long as UCX may call its error handler.
  private @Nullable UcpEndpoint endpoint;
  private @Nullable UcpRequest pending;
  private @Nullable CompletableFuture<Boolean> settling;
  private long deadlineNanos;
  private long underWayBytes;
  private long lastDoneNanos;
  private boolean proven;

  Link(
      Progress progress,
      UcxConnection connection,
      ByteBuffer remote,
      UcxConnection.Listener listener) {
    this.progress = progress;
    this.connection = connection;
    this.remote = remote;
    this.listener = listener;
  }

  /** Whether an endpoint to the same peer may not be made yet. */
  boolean blocks(Link other) {
    return other != this
        && remote.equals(other.remote)
        && (state == State.DRAINING
            || state == State.FLUSHING
            || state == State.CLOSING
            || lost != null);
  }

  boolean isWaiting() {
    return state == State.WAITING;
  }

  void open() {
    try {
      endpoint = progress.newEndpoint(parameters());
      state = State.OPEN;
    } catch (UcxException e) {
      lost = Statuses.failure(e.getStatus(), String.valueOf(e.getMessage()));
      gone();
      return;
    }
    while (!early.isEmpty()) {
      send(early.remove());
    }
    if (closeAsked) {
      close();
    }
  }

  void send(Outgoing message) {
    if (underWay.isEmpty()) {
      lastDoneNanos = System.nanoTime();
    }
    underWay.add(message);
    underWayBytes += message.body().byteSize();
    switch (state) {
      case WAITING -> early.add(message);
      case OPEN -> hand(message);
      case DRAINING, FLUSHING, CLOSING, GONE -> message.finish(CLOSED);
    }
  }

  /** What a message's completion is told: the reason of the loss comes before UCX's word. */
  void sent(Outgoing message, Completion done, @Nullable UcxFailure failure) {
    underWay.remove(message);
    underWayBytes -= message.body().byteSize();
    lastDoneNanos = System.nanoTime();
    proven |= failure == null;
    connection.release(message.slot());
    UcxFailure told = failure != null && lost != null ? lost : failure;
    progress.counters().sent(done, message.body().byteSize(), told);
  }

  /** Flushes and ends; idempotent. */
  void close() {
    closeAsked = true;
    if (state == State.OPEN && lost == null) {
      state = State.DRAINING;
      deadlineNanos = progress.closeDeadline();
      progress.attend(this);
    }
  }

  /** Tells when nothing is under way. */
  void settle(CompletableFuture<Boolean> settled) {
    if (closeAsked || state == State.GONE) {
      settled.complete(false);
    } else {
      settling = settled;
      deadlineNanos = progress.closeDeadline();
      progress.attend(this);
    }
  }

  private void settleIfQuiet(boolean late) {
    if (underWay.isEmpty()) {
      progress.leave(this);
      settled(true);
    } else if (late) {
      connection.stopTaking();
      close();
      settled(false);
    }
  }

  private void settled(boolean open) {
    CompletableFuture<Boolean> told = settling;
    settling = null;
    if (told != null) {
      told.complete(open);
    }
  }

  /** One look at a link that is settling, closing or lost. */
  void attend(long nowNanos) {
    boolean late = nowNanos - deadlineNanos >= 0;
    switch (state) {
      case WAITING, GONE -> {}
      case OPEN -> {
        if (lost != null) {
          force();
        } else {
          settleIfQuiet(late);
        }
      }
      case DRAINING -> {
        if (lost != null || late) {
          force();
        } else if (underWay.isEmpty()) {
          flush();
        }
      }
      case FLUSHING -> {
        if (lost != null || late) {
          force();
        } else if (isDone(pending)) {
          begin(State.CLOSING, UcpEndpoint::closeNonBlockingFlush);
        }
      }
      case CLOSING -> {
        if (late || isDone(pending)) {
          gone();
        }
      }
    }
  }

  /**
   * Gives up a peer to which nothing gets through: where a firewall lets nothing pass, UCX itself
   * waits for as long as the system does, which may be a quarter of an hour.
   */
  void watch(long nowNanos) {
    if (state != State.OPEN || lost != null || underWay.isEmpty()) {
      return;
    }
    Duration patience = progress.patience(proven, underWayBytes);
    if (nowNanos - lastDoneNanos > patience.toNanos()) {
      lose(
          proven
              ? new UcxFailure(
                  UcxFailure.Kind.PEER_LOST,
                  "%d messages of %d bytes are stuck, nothing got through in %d s"
                      .formatted(underWay.size(), underWayBytes, patience.toSeconds()))
              : new UcxFailure(
                  UcxFailure.Kind.UNREACHABLE,
                  "no connection in %d s".formatted(patience.toSeconds())));
    }
  }

  /** Ends at once because the engine does; UCX must have let go of the endpoint or be about to. */
  void end(UcxFailure failure) {
    if (state != State.GONE) {
      if (!closeAsked) {
        lost = failure;
      }
      gone();
    }
  }

  private void hand(Outgoing message) {
    UcpEndpoint to = endpoint;
    if (to == null) {
      message.finish(CLOSED);
      return;
    }
    try {
      progress.send(to, message);
    } catch (UcxException e) {
      message.finish(Statuses.failure(e.getStatus(), String.valueOf(e.getMessage())));
    }
  }

  private UcpEndpointParams parameters() {
    return new UcpEndpointParams()
        .setUcpAddress(remote)
        .setPeerErrorHandlingMode()
        .setErrorHandler((failed, status, text) -> lose(Statuses.lost(status, text)));
  }

  /** Perhaps from inside UCX, which must not be asked to close an endpoint there. */
  private void lose(UcxFailure failure) {
    if (lost == null) {
      lost = failure;
      connection.stopTaking();
      progress.attend(this);
      progress.suspect();
    }
  }

  private void flush() {
    begin(State.FLUSHING, to -> to.flushNonBlocking(null));
  }

  private void force() {
    deadlineNanos = progress.closeDeadline();
    begin(State.CLOSING, UcpEndpoint::closeNonBlockingForce);
  }

  private interface Step {
    UcpRequest begin(UcpEndpoint endpoint);
  }

  private void begin(State next, Step step) {
    UcpEndpoint to = endpoint;
    state = next;
    try {
      pending = to == null ? null : step.begin(to);
    } catch (UcxException e) {
      pending = null;
    }
  }

  private static boolean isDone(@Nullable UcpRequest request) {
    return request == null || request.isCompleted();
  }

  private void gone() {
    state = State.GONE;
    endpoint = null;
    UcxFailure failure = lost == null ? CLOSED : lost;
    List.copyOf(underWay).forEach(message -> message.finish(failure));
    early.clear();
    progress.gone(this);
    connection.ended();
    settled(false);
    if (lost != null && !closeAsked) {
      progress.counters().lost(listener, lost);
    }
  }
}

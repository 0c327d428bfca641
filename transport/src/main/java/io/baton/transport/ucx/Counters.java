package io.baton.transport.ucx;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts, and tells those who wait, so that what they throw goes no further than here. */
final class Counters {

  private static final Logger log = LoggerFactory.getLogger(UcxEngine.class);

  private final LongAdder sent = new LongAdder();
  private final LongAdder sentBytes = new LongAdder();
  private final LongAdder sendsFailed = new LongAdder();
  private final LongAdder received = new LongAdder();
  private final LongAdder receivedBytes = new LongAdder();
  private final Map<DropReason, LongAdder> dropped = new EnumMap<>(DropReason.class);
  private final LongAdder completionsFailed = new LongAdder();
  private final LongAdder connectionsLost = new LongAdder();
  private final LongAdder wakeUps = new LongAdder();

  private volatile boolean receiverHasFailed;
  private volatile boolean listenerHasFailed;

  Counters() {
    for (DropReason reason : DropReason.values()) {
      dropped.put(reason, new LongAdder());
    }
  }

  void sent(Completion done, long bytes, @Nullable UcxFailure failure) {
    if (failure == null) {
      sent.increment();
      sentBytes.add(bytes);
    } else {
      sendsFailed.increment();
    }
    tell(done, failure);
  }

  void landed(Landing.Into landing, @Nullable UcxFailure failure) {
    if (failure == null) {
      received.increment();
      receivedBytes.add(landing.at().byteSize());
    } else {
      drop(DropReason.CUT_OFF);
    }
    tell(landing.done(), failure);
  }

  void refuse(Landing.Into landing, DropReason reason, UcxFailure failure) {
    drop(reason);
    tell(landing.done(), failure);
  }

  void drop(DropReason reason) {
    Objects.requireNonNull(dropped.get(reason)).increment();
  }

  void receiverFailed(Throwable e) {
    drop(DropReason.RECEIVER_FAILED);
    logOnce(receiverHasFailed, "the receiver of messages failed; the message is dropped", e);
    receiverHasFailed = true;
  }

  void lost(UcxConnection.Listener listener, UcxFailure failure) {
    connectionsLost.increment();
    guarded(() -> listener.onLost(failure));
  }

  /** Messages that have come or gone. */
  long delivered() {
    return sent.sum() + received.sum();
  }

  void slept() {
    wakeUps.increment();
  }

  UcxStats stats(int connections) {
    Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
    dropped.forEach((reason, count) -> drops.put(reason, count.sum()));
    return new UcxStats(
        sent.sum(),
        sentBytes.sum(),
        sendsFailed.sum(),
        received.sum(),
        receivedBytes.sum(),
        drops,
        completionsFailed.sum(),
        connections,
        connectionsLost.sum(),
        wakeUps.sum());
  }

  private void tell(Completion done, @Nullable UcxFailure failure) {
    guarded(
        () -> {
          if (failure == null) {
            done.succeeded();
          } else {
            done.failed(failure);
          }
        });
  }

  private void guarded(Runnable listener) {
    try {
      listener.run();
    } catch (Throwable e) {
      completionsFailed.increment();
      logOnce(listenerHasFailed, "whoever was told of a message or a connection failed", e);
      listenerHasFailed = true;
    }
  }

  /** The first of its kind for everyone to see; a peer could fill the log with the others. */
  private static void logOnce(boolean seen, String message, Throwable e) {
    if (seen) {
      log.debug(message, e);
    } else {
      log.warn(message, e);
    }
  }
}

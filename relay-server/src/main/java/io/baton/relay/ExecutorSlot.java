package io.baton.relay;

import io.baton.session.model.Refusal;
import io.baton.transport.executor.ExecutorLink;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The relay's place for one stage executor, which may come and go while the relay lives. */
final class ExecutorSlot {

  private static final Logger log = LoggerFactory.getLogger(ExecutorSlot.class);

  private final AtomicReference<@Nullable WatchedExecutor> attached = new AtomicReference<>();
  private final SessionTable sessions;
  private final Duration patience;
  private final ScheduledExecutorService timer;
  private volatile String gone = "";

  /**
   * @param patience how long an executor may get no further before it counts as one that hangs
   */
  ExecutorSlot(SessionTable sessions, Duration patience, ScheduledExecutorService timer) {
    this.sessions = sessions;
    this.patience = patience;
    this.timer = timer;
  }

  /** The executor, if there is one that works. */
  Optional<ExecutorLink> executor() {
    WatchedExecutor here = attached.get();
    return here == null || here.hangs() ? Optional.empty() : Optional.of(here);
  }

  /** Why there is none that works. */
  String absence() {
    WatchedExecutor here = attached.get();
    if (here != null && here.hangs()) {
      return here.stall();
    }
    String why = gone;
    return "no stage executor is attached to this relay" + (why.isEmpty() ? "" : ": " + why);
  }

  /** Takes the place; false if another executor has it. */
  boolean attach(ExecutorLink executor) {
    WatchedExecutor watched = WatchedExecutor.start(executor, patience, timer, this::hangs);
    boolean free = attached.compareAndSet(null, watched);
    if (free) {
      gone = "";
      log.info("executor of {} of {} attached", executor.info().span(), executor.info().modelId());
    } else {
      watched.stop();
    }
    return free;
  }

  /**
   * What it holds is not to be counted on: its sessions end, and their clients are told at once.
   */
  private void hangs(WatchedExecutor watched, String why) {
    log.error("{}: its sessions end", why);
    abandon(watched, Refusal.STAGE_FAILED, why);
    watched.executor().hangs(why);
  }

  /** The executor is gone, and every session that it held: the clients are told at once. */
  void detach(ExecutorLink executor, String why) {
    WatchedExecutor here = attached.get();
    if (here == null || !here.executor().equals(executor)) {
      return;
    }
    gone = why;
    if (attached.compareAndSet(here, null)) {
      log.info("executor of {} detached: {}", executor.info().span(), why);
    }
    here.stop();
    abandon(here, Refusal.NO_SESSION, why);
  }

  private void abandon(WatchedExecutor watched, Refusal reason, String why) {
    sessions.all().stream()
        .filter(session -> session.executor().equals(watched))
        .forEach(session -> session.abandon(reason, why));
  }
}

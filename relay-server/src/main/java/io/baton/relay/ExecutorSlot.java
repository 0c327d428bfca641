package io.baton.relay;

import io.baton.session.model.Refusal;
import io.baton.transport.executor.ExecutorLink;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The relay's place for one stage executor, which may come and go while the relay lives. */
final class ExecutorSlot {

  private static final Logger log = LoggerFactory.getLogger(ExecutorSlot.class);

  private final AtomicReference<@Nullable ExecutorLink> attached = new AtomicReference<>();
  private final SessionTable sessions;

  ExecutorSlot(SessionTable sessions) {
    this.sessions = sessions;
  }

  Optional<ExecutorLink> executor() {
    return Optional.ofNullable(attached.get());
  }

  /** Takes the place; false if another executor has it. */
  boolean attach(ExecutorLink executor) {
    boolean free = attached.compareAndSet(null, executor);
    if (free) {
      log.info("executor of {} of {} attached", executor.info().span(), executor.info().modelId());
    }
    return free;
  }

  /** The executor is gone, and every session that it held: the clients are told at once. */
  void detach(ExecutorLink executor, String why) {
    if (attached.compareAndSet(executor, null)) {
      log.info("executor of {} detached: {}", executor.info().span(), why);
    }
    sessions.all().stream()
        .filter(session -> session.executor().equals(executor))
        .forEach(session -> session.abandon(Refusal.NO_SESSION, why));
  }
}

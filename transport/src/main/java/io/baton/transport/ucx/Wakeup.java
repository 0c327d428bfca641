package io.baton.transport.ucx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucs.UcsConstants.STATUS;

/**
 * Lets the progress thread sleep until UCX or another thread has work for it. UCX's own wait knows
 * no deadline, so this one polls the worker's descriptor.
 *
 * <p>Another thread may only touch the worker while the progress thread is asleep: it passes from
 * {@code ASLEEP} to {@code RINGING}, and the progress thread does not go on, and so does not
 * destroy the worker, before it is {@code AWAKE} again.
 */
final class Wakeup {

  private enum State {
    AWAKE,
    ASLEEP,
    RINGING
  }

  private final UcpWorker worker;
  private final MemorySegment readable;
  private final AtomicReference<State> state = new AtomicReference<>(State.AWAKE);

  Wakeup(UcpWorker worker, Arena arena) {
    this.worker = worker;
    readable = Natives.readable(worker.getEventFD(), arena);
  }

  /**
   * Wakes the progress thread if it sleeps. From any thread, after what it is to see is in place.
   */
  void ring() {
    VarHandle.fullFence();
    if (state.get() == State.ASLEEP && state.compareAndSet(State.ASLEEP, State.RINGING)) {
      worker.signal();
      state.set(State.AWAKE);
    }
  }

  /**
   * Sleeps until there is something to do, at most for {@code millis}. On the progress thread.
   *
   * @param idle asked once no ring can be missed any more
   * @return whether it slept
   */
  boolean sleep(int millis, BooleanSupplier idle) {
    state.set(State.ASLEEP);
    try {
      if (!idle.getAsBoolean() || !arm()) {
        return false;
      }
      Natives.poll(readable, millis);
      return true;
    } finally {
      wake();
    }
  }

  private void wake() {
    if (!state.compareAndSet(State.ASLEEP, State.AWAKE)) {
      // Whoever rings is between two statements.
      while (state.get() != State.AWAKE) {
        Thread.onSpinWait();
      }
    }
  }

  /** False if UCX has more to do first. */
  private boolean arm() {
    try {
      worker.arm();
      return true;
    } catch (UcxException e) {
      if (e.getStatus() == STATUS.UCS_ERR_BUSY) {
        return false;
      }
      throw e;
    }
  }
}

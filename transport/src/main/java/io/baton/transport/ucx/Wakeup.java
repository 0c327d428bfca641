package io.baton.transport.ucx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
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
  private volatile @Nullable Thread paused;

  Wakeup(UcpWorker worker, Arena arena) {
    this.worker = worker;
    readable = Natives.readable(worker.getEventFD(), arena);
  }

  /**
   * Wakes the progress thread if it sleeps. From any thread, after what it is to see is in place.
   */
  void ring() {
    VarHandle.fullFence();
    LockSupport.unpark(paused);
    if (state.get() == State.ASLEEP && state.compareAndSet(State.ASLEEP, State.RINGING)) {
      worker.signal();
      state.set(State.AWAKE);
    }
  }

  /** How a sleep went. */
  enum Sleep {
    SLEPT,
    /** Another thread has left a command. */
    CALLED,
    /** UCX has more to do first. */
    BUSY
  }

  /**
   * Sleeps until there is something to do, at most for {@code millis}. On the progress thread.
   *
   * @param noCommands asked once no ring can be missed any more
   */
  Sleep sleep(int millis, BooleanSupplier noCommands) {
    state.set(State.ASLEEP);
    try {
      if (!noCommands.getAsBoolean()) {
        return Sleep.CALLED;
      }
      if (!arm()) {
        return Sleep.BUSY;
      }
      Natives.poll(readable, millis);
      return Sleep.SLEPT;
    } finally {
      wake();
    }
  }

  /**
   * Sleeps although UCX is busy: commands wake it, what happens in UCX does not. UCX's descriptor
   * is of no use then: what made it readable is taken back when UCX is armed, which cannot be done.
   */
  void pause(int millis, BooleanSupplier noCommands) {
    paused = Thread.currentThread();
    try {
      if (noCommands.getAsBoolean()) {
        LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(millis));
      }
    } finally {
      paused = null;
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

package io.baton.client.stage;

import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import java.util.SortedMap;
import java.util.function.BooleanSupplier;

/**
 * Computes one stage of a model. Implement this to serve a model with Baton; {@link StageHarness}
 * drives it, from one thread at a time, and keeps the order of calls within a session: one {@code
 * open}, then any number of {@code forward} and {@code rollback}, then one {@code close}.
 */
public interface StageExecutor {

  /** What this stage computes; constant for the executor's life. */
  StageInfo info();

  /**
   * Makes room for a session of at most {@code maxLength} tokens.
   *
   * @throws StageException if there is no room; nothing is held then
   */
  void open(SessionId session, int maxLength) throws StageException;

  /**
   * Runs the stage over the tokens at {@code position, position + 1, ...}; the session holds
   * exactly {@code position} tokens before the call and {@code position + activations.rows} after
   * it. If it throws, the session holds what it held before.
   *
   * @param activations the input, one row a token, at least one
   * @param sideInputs this step's side inputs, by name
   * @return the output, as many rows as the input
   * @throws StageException if the input cannot be computed
   */
  Tensor forward(
      SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sideInputs)
      throws StageException;

  /**
   * The same for a stage whose steps may take long: whoever drives a stage calls this one. A relay
   * takes an executor for one that hangs if it has neither answered nor got further for a time (30
   * s unless the relay is told otherwise), and gives up its sessions. A stage that computes a step
   * in parts says so here, from what it computes and not from a timer.
   */
  default Tensor forward(
      SessionId session,
      int position,
      Tensor activations,
      SortedMap<String, Tensor> sideInputs,
      Progress progress)
      throws StageException {
    return forward(session, position, activations, sideInputs);
  }

  /** Hears how far a step has come, and takes no time for it. */
  @FunctionalInterface
  interface Progress {

    /**
     * So much of the step is computed.
     *
     * @param work in rows times layers: of n rows through l layers of the stage, n * l is all
     */
    void computed(long work);
  }

  /**
   * Forgets the session's tokens from {@code length} on; a no-op where it holds no more than that.
   */
  void rollback(SessionId session, int length) throws StageException;

  /** Forgets the session; a no-op if it is not open. */
  void close(SessionId session);

  /**
   * Computes something of the executor's own choice, while no session is open: in a young process a
   * step takes many times as long as later, and whoever falls back on a stage that has had nothing
   * to do must not wait for that. It is no session, and changes no result.
   *
   * @param awaited whether something else is to be done by now; it comes back soon then
   * @return whether it should be called again
   * @throws StageException if that cannot be computed; it is not called again then
   */
  default boolean warmUp(BooleanSupplier awaited) throws StageException {
    return false;
  }
}

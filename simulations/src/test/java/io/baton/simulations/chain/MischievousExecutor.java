package io.baton.simulations.chain;

import io.baton.client.stage.StageException;
import io.baton.client.stage.StageExecutor;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import java.util.SortedMap;

/** An executor that does what it is told to instead of what it should. */
final class MischievousExecutor implements StageExecutor {

  /** What to do with a forward pass. */
  @FunctionalInterface
  interface Mischief {
    Tensor forward(Forward honest) throws StageException;

    /** The same, for a mischief that says how far it has come. */
    default Tensor forward(Forward honest, StageExecutor.Progress progress) throws StageException {
      return forward(honest);
    }
  }

  /** The honest way. */
  @FunctionalInterface
  interface Forward {
    Tensor run() throws StageException;
  }

  static final Mischief NONE = Forward::run;

  private final OracleExecutor honest;
  private volatile Mischief mischief = NONE;

  MischievousExecutor(OracleExecutor honest) {
    this.honest = honest;
  }

  void does(Mischief next) {
    mischief = next;
  }

  @Override
  public StageInfo info() {
    return honest.info();
  }

  @Override
  public void open(SessionId session, int maxLength) {
    honest.open(session, maxLength);
  }

  @Override
  public Tensor forward(
      SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sideInputs)
      throws StageException {
    throw new StageException("nobody asks so");
  }

  @Override
  public Tensor forward(
      SessionId session,
      int position,
      Tensor activations,
      SortedMap<String, Tensor> sideInputs,
      StageExecutor.Progress progress)
      throws StageException {
    return mischief.forward(
        () -> honest.forward(session, position, activations, sideInputs), progress);
  }

  @Override
  public void rollback(SessionId session, int length) {
    honest.rollback(session, length);
  }

  @Override
  public void close(SessionId session) {
    honest.close(session);
  }
}

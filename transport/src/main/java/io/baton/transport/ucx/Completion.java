package io.baton.transport.ucx;

/**
 * Told exactly once how an operation ended, on the engine's progress thread. Must be short and may
 * not wait; an exception is counted and goes no further.
 */
public interface Completion {

  void succeeded();

  void failed(UcxFailure failure);
}

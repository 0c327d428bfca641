package io.baton.transport.ucx;

/** UCX could not do what it was asked for. */
public final class UcxFailedException extends Exception {

  private static final long serialVersionUID = 1L;

  private final transient UcxFailure failure;

  UcxFailedException(UcxFailure failure) {
    super(failure.toString());
    this.failure = failure;
  }

  public UcxFailure failure() {
    return failure;
  }
}

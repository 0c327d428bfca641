package io.baton.client.session;

import io.baton.session.model.Refusal;

/** The step cannot be: asking again is in vain. The session is as it was before. */
public final class StepDeclinedException extends SessionException {

  private static final long serialVersionUID = 1L;

  private final Refusal reason;

  StepDeclinedException(Refusal reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Refusal reason() {
    return reason;
  }
}

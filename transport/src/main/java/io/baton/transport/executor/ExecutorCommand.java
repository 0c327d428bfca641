package io.baton.transport.executor;

import io.baton.session.model.Payload;
import io.baton.session.model.SessionId;

/** What a relay asks of its stage executor. */
public sealed interface ExecutorCommand {

  SessionId session();

  /** Make room for a session of at most {@code maxLength} tokens. */
  record Open(SessionId session, int maxLength) implements ExecutorCommand {}

  /** Compute the tokens from {@code position} on; the session holds exactly that many. */
  record Forward(SessionId session, int position, Payload input) implements ExecutorCommand {}

  /** Forget the tokens from {@code length} on. */
  record Rollback(SessionId session, int length) implements ExecutorCommand {}

  /** Forget the session. */
  record Close(SessionId session) implements ExecutorCommand {}
}

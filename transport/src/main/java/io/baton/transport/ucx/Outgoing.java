package io.baton.transport.ucx;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxCallback;
import org.openucx.jucx.ucp.UcpRequest;

/**
 * A message on its way out. UCX knows only addresses: while this is reachable from the binding's
 * request, or from the link, the memory behind them is.
 */
final class Outgoing extends UcxCallback implements Command {

  private final Link link;
  private final HeaderSlot slot;
  private final int headerBytes;
  private final MemorySegment body;
  private @Nullable Completion done;

  Outgoing(Link link, HeaderSlot slot, int headerBytes, MemorySegment body, Completion done) {
    this.link = link;
    this.slot = slot;
    this.headerBytes = headerBytes;
    this.body = body;
    this.done = done;
  }

  HeaderSlot slot() {
    return slot;
  }

  int headerBytes() {
    return headerBytes;
  }

  MemorySegment body() {
    return body;
  }

  @Override
  public void execute() {
    link.send(this);
  }

  @Override
  public void onSuccess(UcpRequest request) {
    finish(null);
  }

  @Override
  public void onError(int status, String text) {
    finish(Statuses.failure(status, text));
  }

  /**
   * Tells the completion, the first time that it is called: the binding reports an immediate error
   * twice.
   */
  void finish(@Nullable UcxFailure failure) {
    Completion told = done;
    if (told != null) {
      done = null;
      link.sent(this, told, failure);
    }
  }
}

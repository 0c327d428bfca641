package io.baton.transport.ucx;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxCallback;
import org.openucx.jucx.ucp.UcpRequest;

/** A body that is fetched into its landing, which stays reachable until it is there. */
final class Incoming extends UcxCallback {

  private final Landing.Into landing;
  private final Set<Incoming> open;
  private final Counters counters;
  private final Runnable onCutOff;
  private boolean told;

  Incoming(Landing.Into landing, Set<Incoming> open, Counters counters, Runnable onCutOff) {
    this.landing = landing;
    this.open = open;
    this.counters = counters;
    this.onCutOff = onCutOff;
    open.add(this);
  }

  @Override
  public void onSuccess(UcpRequest request) {
    finish(null);
  }

  @Override
  public void onError(int status, String text) {
    finish(Statuses.failure(status, text));
  }

  void finish(@Nullable UcxFailure failure) {
    if (!told) {
      told = true;
      open.remove(this);
      counters.landed(landing, failure);
      if (failure != null) {
        onCutOff.run();
      }
    }
  }
}

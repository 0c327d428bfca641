package io.baton.benchmarks.node;

import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxUnavailableException;

/** An engine that nobody talks to. */
final class UcxProbe implements Node {

  private final UcxEngine engine;

  UcxProbe() throws UcxUnavailableException {
    engine = UcxEngine.start(UcxConfig.withDefaults("bench"), (_, _) -> Landing.REFUSED);
  }

  @Override
  public String report() {
    return engine.version();
  }

  @Override
  public void close() {
    engine.close();
  }
}

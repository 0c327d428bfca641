package io.baton.simulations.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Lets the events of a scenario happen, each at its token and with the chain at rest, so that what
 * they do does not hang on how fast anything is. Used by the thread that generates the tokens.
 *
 * @param <E> what the chain may fail with
 */
public final class Director<E extends Exception> {

  /** Is told of each event as it happens. */
  @FunctionalInterface
  public interface Witness {
    Witness NONE = (_, _) -> {};

    void sees(ScenarioEvent event, String relay);
  }

  private record Pending(ScenarioEvent event, String relay, long atNanos) {}

  private final Scenario scenario;
  private final ScenarioChain<E> chain;
  private final LongSupplier nanos;
  private final Witness witness;
  private final List<Pending> pending = new ArrayList<>();
  private final List<Happening> happenings = new ArrayList<>();

  /**
   * @param nanos the chain's clock
   */
  public Director(Scenario scenario, ScenarioChain<E> chain, LongSupplier nanos, Witness witness) {
    this.scenario = scenario;
    this.chain = chain;
    this.nanos = nanos;
    this.witness = witness;
  }

  /** To be called before the step is submitted that brings a token. */
  public void before(int token) throws E, InterruptedException {
    for (ScenarioEvent event : scenario.at(token)) {
      chain.settle();
      long now = nanos.getAsLong();
      String relay = happen(event);
      witness.sees(event, relay);
      pending.add(new Pending(event, relay, now));
    }
    if (!pending.isEmpty()) {
      chain.settle();
    }
  }

  private String happen(ScenarioEvent event) throws E, InterruptedException {
    return switch (event) {
      case ScenarioEvent.Kill kill -> chain.kill(kill.stage());
      case ScenarioEvent.Restart restart -> chain.restart(restart.stage());
      case ScenarioEvent.Pause pause -> chain.pause(pause.stage(), pause.length());
      case ScenarioEvent.Delay delay -> chain.delay(delay.link(), delay.by(), delay.length());
      case ScenarioEvent.Cut cut -> chain.cut(cut.link(), cut.length());
    };
  }

  /** To be called when a token is there. */
  public void tokenCame() {
    long now = nanos.getAsLong();
    for (Pending event : pending) {
      happenings.add(
          new Happening(
              event.event.token(),
              event.event.toString(),
              event.relay,
              (now - event.atNanos) / 1e6));
    }
    pending.clear();
  }

  /** What happened and was followed by a token, in order. */
  public List<Happening> happenings() {
    return List.copyOf(happenings);
  }
}

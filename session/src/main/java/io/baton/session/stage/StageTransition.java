package io.baton.session.stage;

import io.baton.session.Transition;

/** One run of {@link StageMachine}: gives the input to the part that it is for. */
final class StageTransition {

  private final StageScratch scratch;
  private final StageOutbox out;
  private final AwaitedPayloads awaited;
  private final ClientArrivals client;
  private final PeerArrivals peers;
  private final Execution execution;
  private final Settlement settlement;

  StageTransition(StageState state, long nowNanos) {
    scratch = new StageScratch(state, nowNanos);
    out = new StageOutbox(scratch);
    awaited = new AwaitedPayloads(scratch, out);
    Admission admission = new Admission(state.config(), out);
    Placement placement = new Placement(scratch, out);
    Claims claims = new Claims(scratch, out, placement, awaited);
    client = new ClientArrivals(scratch, out, admission, claims);
    peers = new PeerArrivals(scratch, out, admission, placement, awaited);
    execution = new Execution(scratch, out);
    settlement = new Settlement(scratch);
  }

  Transition<StageState, StageEffect> run(StageInput input) {
    switch (input) {
      case StageInput.Announce announce -> client.announce(announce);
      case StageInput.ClientStep step -> client.step(step);
      case StageInput.PeerPush push -> peers.push(push);
      case StageInput.Computed computed -> execution.computed(computed);
      case StageInput.ComputeFailed failed -> execution.failed(failed);
      case StageInput.Tick _ -> awaited.tick();
    }
    peers.unpark();
    settlement.settle();
    execution.schedule();
    return new Transition<>(scratch.finish(), out.effects());
  }
}

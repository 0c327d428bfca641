package io.baton.session.stage;

import io.baton.session.Transition;
import io.baton.session.model.StepId;

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
      case StageInput.Working working -> execution.working(working);
      case StageInput.Tick _ -> awaited.tick();
      case StageInput.NoRoom(StageInput refused) -> noRoom(refused);
    }
    peers.unpark();
    settlement.settle();
    execution.schedule();
    return new Transition<>(scratch.finish(), out.effects());
  }

  /** Says so to a client; a peer is told nothing. */
  private void noRoom(StageInput refused) {
    switch (refused) {
      case StageInput.Announce announce -> client.noRoom(new StepId(announce.epoch(), 0));
      case StageInput.ClientStep step -> client.noRoom(step.step().id());
      case StageInput.PeerPush push -> out.drop(push, DropReason.NO_ROOM);
      case StageInput.Computed _,
          StageInput.ComputeFailed _,
          StageInput.Working _,
          StageInput.Tick _,
          StageInput.NoRoom _ ->
          throw new IllegalArgumentException("always has room: " + refused);
    }
  }
}

package io.baton.session.route;

import io.baton.session.Transition;
import io.baton.session.model.PayloadOperations;

/** One run of {@link RouteMachine}: gives the input to the part that it is for. */
final class RouteTransition {

  private final RouteScratch scratch;
  private final Requests requests;
  private final Search search;
  private final Pump pump;
  private final OpeningAnswers openings;
  private final Answers answers;
  private final Disagreements disagreements;
  private final Refusals refusals;
  private final Failures failures;

  RouteTransition(RouteState state, PayloadOperations operations, long jitterSeed, long nowNanos) {
    scratch = new RouteScratch(state, nowNanos);
    Reputation reputation = new Reputation(scratch);
    Opening opening = new Opening(scratch, reputation);
    search = new Search(scratch, jitterSeed, reputation, opening);
    pump = new Pump(scratch, operations);
    requests = new Requests(scratch, operations, opening, search, pump);
    failures = new Failures(scratch, reputation, opening, search, pump);
    disagreements = new Disagreements(scratch, reputation, opening, failures);
    openings = new OpeningAnswers(scratch, opening, pump, failures);
    answers = new Answers(scratch, operations, pump, failures, disagreements);
    refusals = new Refusals(scratch, opening, failures);
  }

  Transition<RouteState, RouteEffect> run(RouteInput input) {
    switch (input) {
      case RouteInput.Begin _ -> requests.begin();
      case RouteInput.Submit submit -> requests.submit(submit);
      case RouteInput.Discovered found -> search.discovered(found);
      case RouteInput.Opened opened -> openings.opened(opened);
      case RouteInput.Answered answer -> answers.answered(answer);
      case RouteInput.PayloadAsked asked -> pump.payloadAsked(asked);
      case RouteInput.MismatchReported report -> disagreements.mismatchReported(report);
      case RouteInput.Refused refused -> refusals.refused(refused);
      case RouteInput.RelayLost lost -> failures.relayLost(lost);
      case RouteInput.RelayDraining draining -> failures.relayDraining(draining);
      case RouteInput.Tick _ -> tick();
      case RouteInput.Close _ -> requests.close();
    }
    return new Transition<>(scratch.finish(), scratch.effects);
  }

  private void tick() {
    switch (scratch.phase) {
      case SEARCHING -> search.retry();
      case OPENING, RUNNING -> failures.overdue();
      case DORMANT, CLOSED -> {}
    }
  }
}

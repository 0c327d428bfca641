package io.baton.session.route;

import io.baton.session.Transition;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.RelayId;
import org.jspecify.annotations.Nullable;

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
  private final Standbys standbys;
  private final PayloadRequests payloads;
  private final LifeSigns signs;
  private final RouteState before;

  RouteTransition(RouteState state, PayloadOperations operations, long jitterSeed, long nowNanos) {
    before = state;
    scratch = new RouteScratch(state, nowNanos);
    Reputation reputation = new Reputation(scratch);
    StandbyChoice choice = new StandbyChoice(scratch, reputation);
    Opening opening = new Opening(scratch, reputation, choice);
    search = new Search(scratch, jitterSeed, reputation, opening);
    pump = new Pump(scratch, operations);
    standbys = new Standbys(scratch, reputation, choice, opening, search, pump);
    requests = new Requests(scratch, operations, opening, search, pump);
    failures = new Failures(scratch, reputation, opening, search, pump);
    disagreements = new Disagreements(scratch, reputation, opening, failures, standbys);
    openings = new OpeningAnswers(scratch, opening, pump, failures);
    answers = new Answers(scratch, operations, pump, failures, disagreements);
    signs = new LifeSigns(scratch);
    payloads = new PayloadRequests(scratch, pump, failures, standbys);
    refusals = new Refusals(scratch, opening, failures);
  }

  Transition<RouteState, RouteEffect> run(RouteInput input) {
    switch (input) {
      case RouteInput.Begin _ -> requests.begin();
      case RouteInput.Submit submit -> requests.submit(submit);
      case RouteInput.Discovered found -> search.discovered(found);
      case RouteInput.Opened opened -> {
        openings.opened(opened);
        standbys.opened(opened);
      }
      case RouteInput.Answered answer -> answers.answered(answer);
      case RouteInput.Absorbed absorbed -> standbys.absorbed(absorbed);
      case RouteInput.Working sign -> signs.working(sign);
      case RouteInput.PayloadAsked asked -> payloads.asked(asked);
      case RouteInput.MismatchReported report -> disagreements.mismatchReported(report);
      case RouteInput.Refused refused -> {
        standbys.refused(refused);
        refusals.refused(refused);
      }
      case RouteInput.RelayLost lost -> {
        standbys.lost(lost.relay(), lost.cause());
        failures.relayLost(lost);
      }
      case RouteInput.RelayDraining draining -> {
        standbys.draining(draining.relay());
        failures.relayDraining(draining);
      }
      case RouteInput.Tick _ -> tick();
      case RouteInput.Close _ -> requests.close();
    }
    listen(input);
    standbys.tend();
    return new Transition<>(scratch.finish(), scratch.effects);
  }

  /**
   * Counts what a relay says that nobody waits for. That happens to honest ones, when an epoch ends
   * with answers under way; one that goes on and on costs its client time with every word.
   */
  private void listen(RouteInput input) {
    @Nullable RelayId speaker =
        switch (input) {
          case RouteInput.Opened opened -> opened.relay();
          case RouteInput.Answered answer -> answer.relay();
          case RouteInput.Absorbed absorbed -> absorbed.relay();
          case RouteInput.Working sign -> sign.relay();
          case RouteInput.PayloadAsked asked -> asked.relay();
          case RouteInput.MismatchReported report -> report.relay();
          case RouteInput.Refused refused -> refused.relay();
          case RouteInput.RelayDraining draining -> draining.relay();
          case RouteInput.Begin _,
              RouteInput.Submit _,
              RouteInput.Discovered _,
              RouteInput.RelayLost _,
              RouteInput.Tick _,
              RouteInput.Close _ ->
              null;
        };
    if (speaker == null || scratch.find(speaker).isEmpty() || !scratch.isUntouched(before)) {
      return;
    }
    scratch.trials = scratch.trials.disturbed(speaker);
    if (scratch.trials.isNoisy(speaker)) {
      String why = "says over and over what nobody waits for";
      standbys.lost(speaker, why);
      failures.relayLost(new RouteInput.RelayLost(speaker, why));
    }
  }

  private void tick() {
    switch (scratch.phase) {
      case SEARCHING -> search.retry();
      case OPENING, RUNNING -> {
        standbys.overdue();
        failures.overdue();
      }
      case DORMANT, CLOSED -> {}
    }
  }
}

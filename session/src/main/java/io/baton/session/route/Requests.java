package io.baton.session.route;

import io.baton.session.model.Finiteness;
import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.Refusal;
import io.baton.session.model.TensorSpec;
import io.baton.session.route.RouteState.Phase;
import java.util.List;
import java.util.Optional;

/** Does what the application asks: begins, takes a step if it is one to take, and ends. */
final class Requests {

  private final RouteScratch scratch;
  private final PayloadOperations operations;
  private final Opening opening;
  private final Search search;
  private final Pump pump;

  Requests(
      RouteScratch scratch,
      PayloadOperations operations,
      Opening opening,
      Search search,
      Pump pump) {
    this.scratch = scratch;
    this.operations = operations;
    this.opening = opening;
    this.search = search;
    this.pump = pump;
  }

  void begin() {
    if (scratch.phase == Phase.DORMANT) {
      search.wake();
    }
  }

  void submit(RouteInput.Submit submit) {
    Optional<RouteEffect.Declined> declined = whatIsWrong(submit);
    if (declined.isPresent()) {
      scratch.effects.add(declined.get());
      return;
    }
    boolean rewind = submit.position() < scratch.history.acceptedLength();
    if (rewind) {
      scratch.history = scratch.history.truncate(submit.position(), operations);
      scratch.limitHeld(submit.position());
    }
    scratch.request = Optional.of(submit.request());
    scratch.history = scratch.history.enter(submit.payload());
    search.startAnew();
    switch (scratch.phase) {
      case DORMANT -> search.wake();
      case OPENING, RUNNING -> {
        if (rewind) {
          opening.reopen("rewind to position " + submit.position());
        } else if (scratch.phase == Phase.RUNNING) {
          pump.pump(0);
        }
      }
      case SEARCHING, CLOSED -> {}
    }
  }

  private Optional<RouteEffect.Declined> whatIsWrong(RouteInput.Submit submit) {
    Payload payload = submit.payload();
    TensorSpec expected = scratch.config.inputRow().withRows(payload.tokens());
    if (!payload.activations().spec().equals(expected)) {
      return declined(
          submit,
          Refusal.BAD_TENSOR,
          "the model takes activations of %s, not %s"
              .formatted(expected, payload.activations().spec()));
    }
    if (!Finiteness.of(payload.activations())) {
      return declined(
          submit, Refusal.BAD_TENSOR, "activations that are no numbers: NaN or infinite");
    }
    if (scratch.request.isPresent()) {
      return declined(submit, Refusal.TOO_MANY_STEPS, "another step is under way");
    }
    int length = scratch.history.acceptedLength();
    if (submit.position() < 0 || submit.position() > length) {
      return declined(
          submit,
          Refusal.GAP,
          "position %d, and the session holds %d tokens".formatted(submit.position(), length));
    }
    int maxLength = scratch.config.maxLength();
    if ((long) submit.position() + payload.tokens() > maxLength) {
      return declined(
          submit,
          Refusal.TOO_LONG,
          "%d tokens at position %d, and the session holds at most %d"
              .formatted(payload.tokens(), submit.position(), maxLength));
    }
    return Optional.empty();
  }

  private static Optional<RouteEffect.Declined> declined(
      RouteInput.Submit submit, Refusal reason, String message) {
    return Optional.of(new RouteEffect.Declined(submit.request(), reason, message));
  }

  void close() {
    opening.closeAll();
    scratch.request.ifPresent(
        id ->
            scratch.effects.add(
                new RouteEffect.Failed(id, new RouteFailure("the session was closed", List.of()))));
    scratch.request = Optional.empty();
    scratch.history = History.EMPTY;
    scratch.phase = Phase.CLOSED;
  }
}

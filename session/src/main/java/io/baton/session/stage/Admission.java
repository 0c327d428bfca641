package io.baton.session.stage;

import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.model.Step;
import io.baton.session.model.TensorSpec;
import java.util.Optional;

/** Turns away what no state of the session could take. */
final class Admission {

  private final StageConfig config;
  private final StageOutbox out;

  Admission(StageConfig config, StageOutbox out) {
    this.config = config;
    this.out = out;
  }

  /** Whether a push can be taken; says nothing if it cannot. */
  boolean admits(Push push) {
    return push.step().end() <= config.maxLength()
        && push.payload().digest().algorithm() == config.algorithm()
        && whatIsWrong(push.step(), push.payload()).isEmpty();
  }

  /** Whether a step of the client can be taken; refuses it if not. */
  boolean admits(StageInput.ClientStep message) {
    return fits(message.step()) && isDigestRight(message) && isPayloadRight(message);
  }

  private boolean fits(Step step) {
    if (step.end() <= config.maxLength()) {
      return true;
    }
    out.refuse(
        step.id(),
        Refusal.TOO_LONG,
        "step %s ends at %d, and the session holds at most %d tokens"
            .formatted(step.id(), step.end(), config.maxLength()));
    return false;
  }

  private boolean isDigestRight(StageInput.ClientStep message) {
    if (message.digest().algorithm() != config.algorithm()) {
      out.refuse(
          message.step().id(),
          Refusal.MALFORMED,
          "a digest by %s in a session that uses %s"
              .formatted(message.digest().algorithm(), config.algorithm()));
      return false;
    }
    if (message.payload().isPresent()
        && !message.payload().get().digest().equals(message.digest())) {
      out.refuse(
          message.step().id(),
          Refusal.BAD_DIGEST,
          "step %s was announced as %s, and its payload is %s"
              .formatted(message.step().id(), message.digest(), message.payload().get().digest()));
      return false;
    }
    return true;
  }

  private boolean isPayloadRight(StageInput.ClientStep message) {
    Step step = message.step();
    Optional<String> wrong = message.payload().flatMap(payload -> whatIsWrong(step, payload));
    wrong.ifPresent(what -> out.refuse(step.id(), Refusal.BAD_TENSOR, what));
    return wrong.isEmpty();
  }

  private Optional<String> whatIsWrong(Step step, Payload payload) {
    TensorSpec expected = config.stage().inputRow().withRows(step.count());
    if (!payload.activations().spec().equals(expected)) {
      return Optional.of(
          "step %s takes activations of %s, not %s"
              .formatted(step.id(), expected, payload.activations().spec()));
    }
    return payload.sideInputs().keySet().stream()
        .filter(name -> !config.stage().sideInputs().contains(name))
        .findFirst()
        .map(name -> "this stage knows no side input named '%s'".formatted(name));
  }
}

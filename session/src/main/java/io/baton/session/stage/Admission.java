package io.baton.session.stage;

import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.model.Step;
import io.baton.session.model.TensorSpec;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

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
    return push.payload().digest().algorithm() == config.algorithm()
        && objectionTo(push.step(), push.payload()).isEmpty();
  }

  /** Whether a step of the client can be taken; refuses it if not. */
  boolean admits(StageInput.ClientStep message) {
    return isNot(message, config.objectionTo(message.step()))
        && isDigestRight(message)
        && isNot(message, message.payload().flatMap(p -> objectionTo(message.step(), p)));
  }

  private boolean isNot(StageInput.ClientStep message, Optional<StageConfig.Objection> objection) {
    objection.ifPresent(it -> out.refuse(message.step().id(), it.reason(), it.message()));
    return objection.isEmpty();
  }

  private Optional<StageConfig.Objection> objectionTo(Step step, Payload payload) {
    Map<String, TensorSpec> sides = new TreeMap<>();
    payload.sideInputs().forEach((name, tensor) -> sides.put(name, tensor.spec()));
    return config.objectionTo(step, payload.activations().spec(), sides);
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
}

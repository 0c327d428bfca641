package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.client.session.InferenceSession;
import io.baton.client.stage.StageException;
import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import java.util.Collections;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A session that is fed its own outputs, next to an unbroken run of the whole model in one place:
 * after every step the two must say the same.
 */
final class Decoding {

  private final InferenceSession session;
  private final OracleExecutor whole;
  private final SessionId reference = new SessionId(0, ThreadLocalRandom.current().nextLong());
  private long value = 1;

  Decoding(InferenceSession session, int layers) {
    this.session = session;
    this.whole = new OracleExecutor(layers, 0, layers, TestChain.MAX_LENGTH);
    whole.open(reference, TestChain.MAX_LENGTH);
  }

  InferenceSession session() {
    return session;
  }

  /** Steps of one token. */
  void steps(int count) throws Exception {
    for (int i = 0; i < count; i++) {
      step(1);
    }
  }

  /** One step of so many tokens, which follow from what has been said so far. */
  void step(int tokens) throws Exception {
    Tensor input = next(tokens);
    check(session.length(), input, start(input));
  }

  /** One step with a side input. */
  void step(SortedMap<String, Tensor> sideInputs) throws Exception {
    Tensor input = next(1);
    int position = session.length();
    CompletableFuture<Tensor> output = session.stepAsync(position, input, sideInputs);
    check(position, input, sideInputs, output);
  }

  /** Goes back to an earlier position, and on from there with other tokens. */
  void rewind(int position) throws Exception {
    value = position + 17L;
    Tensor input = next(1);
    whole.rollback(reference, position);
    check(position, input, session.stepAsync(position, input, Collections.emptySortedMap()));
  }

  /** What the next step is given. */
  Tensor next(int tokens) {
    long[] values = new long[tokens];
    for (int i = 0; i < tokens; i++) {
      values[i] = value + i;
    }
    return OracleExecutor.rows(values);
  }

  /** Begins a step without waiting for it; {@link #check} is to follow. */
  CompletableFuture<Tensor> start(Tensor input) {
    return session.stepAsync(input);
  }

  /** Waits for a step at a position, and compares. */
  void check(int position, Tensor input, CompletableFuture<Tensor> output) throws Exception {
    check(position, input, Collections.emptySortedMap(), output);
  }

  private void check(
      int position,
      Tensor input,
      SortedMap<String, Tensor> sideInputs,
      CompletableFuture<Tensor> output)
      throws Exception {
    Tensor actual = output.get(TestChain.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    Tensor expected = expected(position, input, sideInputs);
    assertThat(actual).as("the output at position %d", position).isEqualTo(expected);
    assertThat(session.length()).isEqualTo(position + input.spec().rows());
    if (input.spec().rows() > 0) {
      value = OracleExecutor.last(expected);
    }
  }

  private Tensor expected(int position, Tensor input, SortedMap<String, Tensor> sideInputs)
      throws StageException {
    return whole.forward(reference, position, input, sideInputs);
  }
}

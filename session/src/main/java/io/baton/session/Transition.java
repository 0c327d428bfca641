package io.baton.session;

import java.util.List;

/**
 * What a machine makes of an input: its next state, and the effects that its driver has to carry
 * out, in this order.
 *
 * @param <S> the machine's state
 * @param <E> the machine's effects
 */
public record Transition<S, E>(S state, List<E> effects) {

  public Transition {
    effects = List.copyOf(effects);
  }
}

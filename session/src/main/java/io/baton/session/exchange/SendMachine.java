package io.baton.session.exchange;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Brings one chunk to the relays of its readers. Each is offered the chunk, makes room when it can,
 * and is sent the bytes then, so that none is sent what it cannot keep; a relay that is lost is
 * offered it again when it is back. Destinations do not wait for each other. The sender is told
 * once: when all have it, or when its deadline has passed, or when no destination is left that
 * could still get it.
 *
 * <pre>
 *   Offered   -> Waiting | Granted | Taken | Failed   what the relay answers
 *   Offered   -> Held                                 too much waits to be sent to it
 *   Held      -> Offered                              there is room
 *   Waiting   -> Granted | Taken | Failed
 *   Granted   -> Taken | Failed
 *   all four  -> Unlinked -> Offered                  the link breaks, and is back
 *   all five  -> Failed                               cancelled, or the deadline
 * </pre>
 *
 * <p>Any answer may come twice or late; one that says nothing new changes nothing, and neither does
 * one to what was not asked.
 */
public final class SendMachine {

  private SendMachine() {}

  /** Offers the chunk to every destination. */
  public static Transition<SendState, SendEffect> start(
      String what, List<String> destinations, long deadlineNanos) {
    Scratch scratch =
        new Scratch(
            new SendState(
                what,
                destinations,
                destinations.stream().<Delivery>map(_ -> new Delivery.Offered()).toList(),
                deadlineNanos,
                false));
    for (int i = 0; i < destinations.size(); i++) {
      scratch.effects.add(new SendEffect.Offer(i));
    }
    return scratch.finish();
  }

  /** What becomes of a sending with that input. */
  public static Transition<SendState, SendEffect> step(
      SendState state, SendInput input, long nowNanos) {
    Scratch scratch = new Scratch(state);
    scratch.take(input, nowNanos);
    return scratch.finish();
  }

  private static final class Scratch {

    private final SendState before;
    private final List<Delivery> deliveries;
    private final List<SendEffect> effects = new ArrayList<>();

    Scratch(SendState before) {
      this.before = before;
      this.deliveries = new ArrayList<>(before.deliveries());
    }

    void take(SendInput input, long nowNanos) {
      switch (input) {
        case SendInput.Wait(int i, String detail) -> {
          if (deliveries.get(i) instanceof Delivery.Offered) {
            deliveries.set(i, new Delivery.Waiting(detail));
          }
        }
        case SendInput.Grant(int i) -> {
          if (deliveries.get(i) instanceof Delivery.Offered
              || deliveries.get(i) instanceof Delivery.Waiting) {
            deliveries.set(i, new Delivery.Granted());
            effects.add(new SendEffect.SendBody(i));
          }
        }
        case SendInput.Take(int i) -> answered(i, new Delivery.Taken());
        case SendInput.Refuse(int i, Failure failure) -> answered(i, new Delivery.Failed(failure));
        case SendInput.Hold(int i, String why) -> {
          if (deliveries.get(i) instanceof Delivery.Offered) {
            deliveries.set(i, new Delivery.Held(why));
          }
        }
        case SendInput.Room(int i) -> {
          if (deliveries.get(i) instanceof Delivery.Held) {
            offer(i);
          }
        }
        case SendInput.LinkLost(int i, String why) -> {
          if (!deliveries.get(i).isOver()) {
            deliveries.set(i, new Delivery.Unlinked(why));
          }
        }
        case SendInput.LinkReady(int i) -> {
          if (deliveries.get(i) instanceof Delivery.Unlinked) {
            offer(i);
          }
        }
        case SendInput.Cancel(String why) ->
            giveUp(_ -> new Failure(Failure.Reason.CANCELLED, why));
        case SendInput.Tick _ -> {
          if (nowNanos - before.deadlineNanos() >= 0) {
            giveUp(Scratch::late);
          }
        }
      }
    }

    Transition<SendState, SendEffect> finish() {
      boolean over = deliveries.stream().allMatch(Delivery::isOver);
      if (over && !before.finished()) {
        effects.add(new SendEffect.Finish(failure()));
      }
      return new Transition<>(
          new SendState(
              before.what(), before.destinations(), deliveries, before.deadlineNanos(), over),
          effects);
    }

    private void offer(int destination) {
      deliveries.set(destination, new Delivery.Offered());
      effects.add(new SendEffect.Offer(destination));
    }

    private void answered(int destination, Delivery delivery) {
      if (deliveries.get(destination).isAsked()) {
        deliveries.set(destination, delivery);
      }
    }

    private void giveUp(Function<Delivery, Failure> why) {
      for (int i = 0; i < deliveries.size(); i++) {
        Delivery delivery = deliveries.get(i);
        if (!delivery.isOver()) {
          if (delivery.isAsked()) {
            effects.add(new SendEffect.Withdraw(i));
          }
          deliveries.set(i, new Delivery.Failed(why.apply(delivery)));
        }
      }
    }

    private static Failure late(Delivery delivery) {
      return switch (delivery) {
        case Delivery.Waiting(String detail) ->
            new Failure(Failure.Reason.RESOURCE_EXHAUSTED, "no room in time: " + detail);
        case Delivery.Unlinked(String why) ->
            new Failure(Failure.Reason.UNAVAILABLE, "not reached in time: " + why);
        case Delivery.Held(String why) ->
            new Failure(Failure.Reason.RESOURCE_EXHAUSTED, "not offered in time: " + why);
        default ->
            new Failure(Failure.Reason.DEADLINE_EXCEEDED, "it did not take the chunk in time");
      };
    }

    /** The reason of the first, and what each of them says. */
    private Optional<Failure> failure() {
      List<Integer> failed =
          IntStream.range(0, deliveries.size())
              .filter(i -> deliveries.get(i) instanceof Delivery.Failed)
              .boxed()
              .toList();
      if (failed.isEmpty()) {
        return Optional.empty();
      }
      String each =
          failed.stream()
              .map(i -> before.destinations().get(i) + ": " + reasonOf(i).message())
              .collect(Collectors.joining("; "));
      String others =
          failed.size() == deliveries.size()
              ? ""
              : " (%d of %d destinations have it)"
                  .formatted(deliveries.size() - failed.size(), deliveries.size());
      return Optional.of(
          new Failure(reasonOf(failed.getFirst()).reason(), before.what() + ": " + each + others));
    }

    private Failure reasonOf(int destination) {
      return ((Delivery.Failed) deliveries.get(destination)).failure();
    }
  }
}

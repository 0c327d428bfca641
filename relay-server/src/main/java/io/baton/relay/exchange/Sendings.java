package io.baton.relay.exchange;

import io.baton.session.Transition;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.SendEffect;
import io.baton.session.exchange.SendInput;
import io.baton.session.exchange.SendMachine;
import io.baton.session.exchange.SendState;
import io.baton.transport.exchange.Closing;
import io.baton.transport.exchange.LinkAnswer;
import io.baton.transport.exchange.Offer;
import io.baton.transport.exchange.PeerLink;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.LaneState;
import io.baton.transport.pinned.Slot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is being sent from here: feeds the {@link SendMachine} of each sending and carries out the
 * effects. To be used in the loop alone.
 */
final class Sendings {

  /** More than this are refused. */
  private static final int MAX_SENDINGS = 1 << 16;

  /** Where something goes. */
  sealed interface Target {

    /** For a person. */
    String name();

    /** The readers of this relay. */
    record Here(String name, Handover handover) implements Target {}

    /** The readers of another, as an offer without its body. */
    record There(String name, String address, Message message) implements Target {}
  }

  /** Takes what is for the readers of this relay; may answer at once. */
  interface Handover {
    void accept(DataTable.Receipt receipt);
  }

  /** What another relay is told. */
  sealed interface Message {

    long transfer();

    record OfChunk(Offer offer) implements Message {
      @Override
      public long transfer() {
        return offer.transfer();
      }
    }

    record OfClosing(Closing closing) implements Message {
      @Override
      public long transfer() {
        return closing.transfer();
      }
    }
  }

  private static final class Sending {
    final List<Target> targets;
    final @Nullable Slot slot;
    final Consumer<Optional<Failure>> onFinished;
    final Map<Integer, PeerLink> links = new HashMap<>();
    SendState state;
    Deadlines.@Nullable Due due;

    Sending(
        List<Target> targets,
        @Nullable Slot slot,
        SendState state,
        Consumer<Optional<Failure>> onFinished) {
      this.targets = targets;
      this.slot = slot;
      this.state = state;
      this.onFinished = onFinished;
    }
  }

  private record Pending(Sending sending, int destination) {}

  private record Shared(PeerLink link, Slot slot) {}

  private final PeerLinks links;
  private final Deadlines deadlines;
  private final LongSupplier nanoTime;
  private final Quarantine quarantine;
  private final Consumer<Slot> releaser;
  private final Map<Long, Pending> transfers = new HashMap<>();
  private final Map<Long, Shared> shared = new HashMap<>();
  private final Set<Sending> all = new HashSet<>();

  Sendings(
      PeerLinks links,
      Deadlines deadlines,
      LongSupplier nanoTime,
      Quarantine quarantine,
      Consumer<Slot> releaser) {
    this.quarantine = quarantine;
    this.links = links;
    this.deadlines = deadlines;
    this.nanoTime = nanoTime;
    this.releaser = releaser;
  }

  int size() {
    return all.size();
  }

  /**
   * Sends something to everybody it is for.
   *
   * @param slot where its bytes are, with a reference that is given back in the end; null if it has
   *     none, or they are in the messages
   * @param onFinished told once, with what went wrong if anything did
   */
  void start(
      String what,
      List<Target> targets,
      @Nullable Slot slot,
      long deadlineNanos,
      Consumer<Optional<Failure>> onFinished) {
    if (all.size() >= MAX_SENDINGS) {
      if (slot != null) {
        releaser.accept(slot);
      }
      onFinished.accept(
          Optional.of(
              new Failure(
                  Failure.Reason.RESOURCE_EXHAUSTED,
                  "%d chunks are being sent already".formatted(all.size()))));
      return;
    }
    Transition<SendState, SendEffect> first =
        SendMachine.start(what, targets.stream().map(Target::name).toList(), deadlineNanos);
    Sending sending = new Sending(targets, slot, first.state(), onFinished);
    all.add(sending);
    sending.due = deadlines.at(deadlineNanos, () -> feed(sending, new SendInput.Tick()));
    for (int i = 0; i < targets.size(); i++) {
      if (targets.get(i) instanceof Target.There there) {
        connect(sending, i, there);
      }
    }
    first.effects().forEach(effect -> carryOut(sending, effect));
  }

  private void connect(Sending sending, int destination, Target.There there) {
    Optional<PeerLink> link = links.use(there.address());
    link.ifPresent(open -> sending.links.put(destination, open));
    transfers.put(there.message().transfer(), new Pending(sending, destination));
  }

  void onReady(PeerLink link) {
    eachOn(link, (sending, i) -> feed(sending, new SendInput.LinkReady(i)));
  }

  void onLost(PeerLink link, String why) {
    shared
        .values()
        .removeIf(
            kept -> {
              boolean its = kept.link() == link;
              if (its) {
                // The peer may live, and needs some time to copy what it still wants.
                quarantine.keep(kept.slot());
                releaser.accept(kept.slot());
              }
              return its;
            });
    eachOn(link, (sending, i) -> feed(sending, new SendInput.LinkLost(i, why)));
  }

  void onAnswer(LinkAnswer answer) {
    switch (answer) {
      case LinkAnswer.Waiting(long transfer, String detail) ->
          feed(transfer, i -> new SendInput.Wait(i, detail));
      case LinkAnswer.Granted(long transfer) -> feed(transfer, SendInput.Grant::new);
      case LinkAnswer.Taken(long transfer) -> feed(transfer, SendInput.Take::new);
      case LinkAnswer.Refused(long transfer, Failure failure) -> {
        unshare(transfer);
        feed(transfer, i -> new SendInput.Refuse(i, failure));
      }
      case LinkAnswer.Released(List<Long> released) -> released.forEach(this::unshare);
    }
  }

  /**
   * Ends everything: the relay stops, and its pool with it. What was shared is not freed before, so
   * that peers can still copy it.
   */
  void close() {
    new ArrayList<>(all).forEach(sending -> feed(sending, new SendInput.Cancel("the relay stops")));
  }

  private interface Visit {
    void of(Sending sending, int destination);
  }

  private void eachOn(PeerLink link, Visit visit) {
    for (Pending pending : new ArrayList<>(transfers.values())) {
      if (pending.sending.links.get(pending.destination) == link) {
        visit.of(pending.sending, pending.destination);
      }
    }
  }

  private void feed(long transfer, IntFunction<SendInput> input) {
    Pending pending = transfers.get(transfer);
    if (pending != null) {
      feed(pending.sending, input.apply(pending.destination));
    }
  }

  private void feed(Sending sending, SendInput input) {
    Transition<SendState, SendEffect> next =
        SendMachine.step(sending.state, input, nanoTime.getAsLong());
    sending.state = next.state();
    next.effects().forEach(effect -> carryOut(sending, effect));
  }

  private void carryOut(Sending sending, SendEffect effect) {
    switch (effect) {
      case SendEffect.Offer(int i) -> offer(sending, i);
      case SendEffect.SendBody(int i) -> {
        PeerLink link = sending.links.get(i);
        if (link != null
            && sending.slot != null
            && sending.targets.get(i) instanceof Target.There there) {
          link.body(there.message().transfer(), sending.slot);
        }
      }
      case SendEffect.Withdraw(int i) -> {
        PeerLink link = sending.links.get(i);
        if (link != null && sending.targets.get(i) instanceof Target.There there) {
          link.withdraw(there.message().transfer());
        }
      }
      case SendEffect.Finish(Optional<Failure> failure) -> finish(sending, failure);
    }
  }

  private void offer(Sending sending, int destination) {
    switch (sending.targets.get(destination)) {
      case Target.Here here ->
          here.handover()
              .accept(
                  new DataTable.Receipt() {
                    @Override
                    public void taken() {
                      feed(sending, new SendInput.Take(destination));
                    }

                    @Override
                    public void refused(Failure failure) {
                      feed(sending, new SendInput.Refuse(destination, failure));
                    }
                  });
      case Target.There there -> offerThere(sending, destination, there);
    }
  }

  private void offerThere(Sending sending, int destination, Target.There there) {
    PeerLink link = sending.links.get(destination);
    if (link == null) {
      feed(
          sending,
          new SendInput.Refuse(
              destination,
              new Failure(Failure.Reason.RESOURCE_EXHAUSTED, "too many relays are being sent to")));
      return;
    }
    if (link.state() != LaneState.READY) {
      feed(
          sending,
          new SendInput.LinkLost(
              destination, link.lastFailure().orElse("the connection is being made")));
      return;
    }
    boolean sent =
        switch (there.message()) {
          case Message.OfChunk(Offer offer) -> {
            share(link, offer.transfer(), sending.slot);
            yield link.offer(offer, sending.slot);
          }
          case Message.OfClosing(Closing closing) -> link.closing(closing);
        };
    if (!sent) {
      unshare(there.message().transfer());
      feed(sending, new SendInput.LinkLost(destination, "too much waits to be sent to it"));
    }
  }

  private void share(PeerLink link, long transfer, @Nullable Slot slot) {
    if (slot != null && link.lane() == LaneKind.LOCAL && !shared.containsKey(transfer)) {
      slot.retain();
      shared.put(transfer, new Shared(link, slot));
    }
  }

  private void unshare(long transfer) {
    Shared kept = shared.remove(transfer);
    if (kept != null) {
      releaser.accept(kept.slot());
    }
  }

  private void finish(Sending sending, Optional<Failure> failure) {
    if (!all.remove(sending)) {
      return;
    }
    if (sending.due != null) {
      deadlines.cancel(sending.due);
    }
    for (Target target : sending.targets) {
      if (target instanceof Target.There there) {
        transfers.remove(there.message().transfer());
      }
    }
    sending.links.values().forEach(links::leave);
    if (sending.slot != null) {
      releaser.accept(sending.slot);
    }
    sending.onFinished.accept(failure);
  }
}

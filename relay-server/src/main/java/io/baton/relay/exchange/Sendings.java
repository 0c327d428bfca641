package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.session.Transition;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.SendEffect;
import io.baton.session.exchange.SendInput;
import io.baton.session.exchange.SendMachine;
import io.baton.session.exchange.SendState;
import io.baton.transport.Deadlines;
import io.baton.transport.LaneKind;
import io.baton.transport.TimerWheel.Timer;
import io.baton.transport.peer.Body;
import io.baton.transport.peer.Closing;
import io.baton.transport.peer.Offer;
import io.baton.transport.peer.PeerAnswer;
import io.baton.transport.peer.PeerConnection;
import io.baton.transport.pinned.Slot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** Of a set of numbers, each, about. */
  private static final int RANK_BYTES = 64;

  private static final String MUCH_WAITS = "too much waits to be sent to it";

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

    /** Of the heap, about, that is not shared with the same message to others. */
    long ownBytes();

    /** Of the heap, about, that is. */
    long sharedBytes();

    record OfChunk(Offer offer) implements Message {
      @Override
      public long transfer() {
        return offer.transfer();
      }

      @Override
      public long ownBytes() {
        return HeapRoom.RECORD_BYTES + (long) RANK_BYTES * offer.ranks().size();
      }

      @Override
      public long sharedBytes() {
        ByteString inline =
            offer.body() instanceof Body.Inline(var bytes) ? bytes : ByteString.EMPTY;
        return HeapRoom.saidBytes(offer.id(), offer.nextPeers(), inline);
      }
    }

    record OfClosing(Closing closing) implements Message {
      @Override
      public long transfer() {
        return closing.transfer();
      }

      @Override
      public long ownBytes() {
        return HeapRoom.RECORD_BYTES;
      }

      @Override
      public long sharedBytes() {
        return HeapRoom.saidBytes(closing.id(), List.of(), ByteString.EMPTY);
      }
    }
  }

  static final class Sending {
    final List<Target> targets;
    final @Nullable Slot slot;
    final Consumer<Optional<Failure>> onFinished;
    final Map<Integer, PeerTraffic> peers = new HashMap<>();
    final Map<Integer, Failure> objections = new HashMap<>();
    SendState state;
    long heapBytes;
    @Nullable Timer due;

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

  /** A destination of a sending that is another relay. */
  record Pending(Sending sending, int destination) {}

  private final Traffic traffic;
  private final SendRoom room;
  private final Deadlines deadlines;
  private final LongSupplier nanoTime;
  private final Quarantine quarantine;
  private final Consumer<Slot> releaser;
  private final Set<Sending> all = new HashSet<>();

  Sendings(
      Traffic traffic,
      SendRoom room,
      Deadlines deadlines,
      LongSupplier nanoTime,
      Quarantine quarantine,
      Consumer<Slot> releaser) {
    this.quarantine = quarantine;
    this.traffic = traffic;
    this.room = room;
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
    guarded(sending, () -> begin(sending, first.effects()));
  }

  private void begin(Sending sending, List<SendEffect> effects) {
    List<Target> targets = sending.targets;
    long deadlineNanos = sending.state.deadlineNanos();
    sending.due = deadlines.at(deadlineNanos, () -> feed(sending, new SendInput.Tick()));
    for (int i = 0; i < targets.size(); i++) {
      if (targets.get(i) instanceof Target.There there) {
        connect(sending, i, there);
      }
    }
    effects.forEach(effect -> carryOut(sending, effect));
  }

  /**
   * A bug in the middle of what there is to do would leave the sending and what it holds at odds:
   * it fails, alone, and gives back all that is its.
   */
  private void guarded(Sending sending, Runnable task) {
    Bugs.contain(
        sending.state.what(),
        task,
        bug -> {
          for (int i = 0; i < sending.targets.size(); i++) {
            onConnection(sending, i, PeerConnection::withdraw);
          }
          finish(
              sending,
              Optional.of(
                  new Failure(
                      Failure.Reason.UNAVAILABLE,
                      "%s: an error in the relay: %s".formatted(sending.state.what(), bug))));
        });
  }

  private void connect(Sending sending, int destination, Target.There there) {
    switch (traffic.to(there.address())) {
      case Traffic.Way.None(Failure why) -> sending.objections.put(destination, why);
      case Traffic.Way.To(PeerTraffic peer) -> {
        Message message = there.message();
        long own = message.ownBytes();
        long all = own + message.sharedBytes();
        long more = sending.peers.isEmpty() ? all : own;
        if (room.tryTake(peer, all, more)) {
          sending.heapBytes += more;
          sending.peers.put(destination, peer);
          peer.transfers.put(message.transfer(), new Pending(sending, destination));
        } else {
          sending.objections.put(destination, room.full(peer));
        }
      }
    }
  }

  void onReady(PeerConnection connection) {
    PeerTraffic peer = traffic.of(connection).orElse(null);
    // It may have been found ready already, when there was something for it.
    if (peer != null && peer.connection != connection && connection.isReady()) {
      peer.connection = connection;
      each(peer, SendInput.LinkReady::new);
    }
  }

  void onLost(PeerConnection connection, String why) {
    PeerTraffic peer = traffic.of(connection).orElse(null);
    if (peer == null || (peer.connection != null && peer.connection != connection)) {
      return;
    }
    peer.connection = null;
    peer.held.clear();
    for (Slot slot : peer.shared.values()) {
      // The peer may live, and needs some time to copy what it still wants.
      quarantine.keep(slot);
      releaser.accept(slot);
    }
    peer.shared.clear();
    each(peer, i -> new SendInput.LinkLost(i, why));
  }

  /** Offers what is held, as far as there is room. */
  void onRoom(PeerConnection connection) {
    PeerTraffic peer = current(connection);
    if (peer == null || peer.offeringHeld) {
      return;
    }
    peer.offeringHeld = true;
    try {
      while (!peer.held.isEmpty()) {
        long next = peer.held.removeFirst();
        feed(peer, next, SendInput.Room::new);
        if (peer.held.contains(next)) {
          // It stays the next one.
          peer.held.addFirst(next);
          return;
        }
      }
    } finally {
      peer.offeringHeld = false;
    }
  }

  /** What comes on a connection that is lost, or for what was not said on it, means nothing. */
  void onAnswer(PeerConnection connection, PeerAnswer answer) {
    PeerTraffic peer = current(connection);
    if (peer == null) {
      return;
    }
    switch (answer) {
      case PeerAnswer.Waiting(long transfer, String detail) ->
          feed(peer, transfer, i -> new SendInput.Wait(i, detail));
      case PeerAnswer.Granted(long transfer) -> feed(peer, transfer, SendInput.Grant::new);
      case PeerAnswer.Taken(long transfer) -> feed(peer, transfer, SendInput.Take::new);
      case PeerAnswer.Refused(long transfer, Failure failure) -> {
        unshare(peer, transfer);
        feed(peer, transfer, i -> new SendInput.Refuse(i, failure));
      }
      case PeerAnswer.Released(List<Long> released) ->
          released.forEach(transfer -> unshare(peer, transfer));
    }
  }

  private @Nullable PeerTraffic current(PeerConnection connection) {
    return traffic.of(connection).filter(peer -> peer.connection == connection).orElse(null);
  }

  /**
   * Ends everything: the relay stops, and its pool with it. What was shared is not freed before, so
   * that peers can still copy it.
   */
  void close() {
    new ArrayList<>(all).forEach(sending -> feed(sending, new SendInput.Cancel("the relay stops")));
  }

  private void each(PeerTraffic peer, IntFunction<SendInput> input) {
    for (Pending pending : new ArrayList<>(peer.transfers.values())) {
      feed(pending.sending, input.apply(pending.destination));
    }
  }

  private void feed(PeerTraffic peer, long transfer, IntFunction<SendInput> input) {
    Pending pending = peer.transfers.get(transfer);
    if (pending != null) {
      feed(pending.sending, input.apply(pending.destination));
    }
  }

  private void feed(Sending sending, SendInput input) {
    guarded(sending, () -> step(sending, input));
  }

  private void step(Sending sending, SendInput input) {
    Transition<SendState, SendEffect> next =
        SendMachine.step(sending.state, input, nanoTime.getAsLong());
    sending.state = next.state();
    next.effects().forEach(effect -> carryOut(sending, effect));
  }

  private void carryOut(Sending sending, SendEffect effect) {
    if (!all.contains(sending)) {
      // It has failed meanwhile.
      return;
    }
    switch (effect) {
      case SendEffect.Offer(int i) -> offer(sending, i);
      case SendEffect.SendBody(int i) -> {
        Slot slot = sending.slot;
        if (slot != null) {
          onConnection(sending, i, (connection, transfer) -> connection.body(transfer, slot));
        }
      }
      case SendEffect.Withdraw(int i) -> onConnection(sending, i, PeerConnection::withdraw);
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

  private interface Saying {
    void to(PeerConnection connection, long transfer);
  }

  private static void onConnection(Sending sending, int destination, Saying saying) {
    PeerTraffic peer = sending.peers.get(destination);
    if (peer != null
        && peer.connection != null
        && sending.targets.get(destination) instanceof Target.There there) {
      saying.to(peer.connection, there.message().transfer());
    }
  }

  private void offerThere(Sending sending, int destination, Target.There there) {
    Failure objection = sending.objections.get(destination);
    if (objection != null) {
      feed(sending, new SendInput.Refuse(destination, objection));
      return;
    }
    PeerTraffic peer = Objects.requireNonNull(sending.peers.get(destination));
    PeerConnection connection = peer.connection;
    if (connection == null) {
      feed(sending, new SendInput.LinkLost(destination, peer.whyLost()));
      return;
    }
    boolean isNext = peer.offeringHeld || peer.held.isEmpty();
    if (!isNext || !say(peer, connection, there.message(), sending.slot)) {
      peer.held.addLast(there.message().transfer());
      feed(sending, new SendInput.Hold(destination, MUCH_WAITS));
    }
  }

  private boolean say(
      PeerTraffic peer, PeerConnection connection, Message message, @Nullable Slot slot) {
    return switch (message) {
      case Message.OfClosing(Closing closing) -> connection.closing(closing);
      case Message.OfChunk(Offer offer) -> {
        if (slot != null && connection.lane() == LaneKind.LOCAL) {
          slot.retain();
          peer.shared.put(offer.transfer(), slot);
        }
        boolean sent = connection.offer(offer, slot);
        if (!sent) {
          unshare(peer, offer.transfer());
        }
        yield sent;
      }
    };
  }

  private void unshare(PeerTraffic peer, long transfer) {
    Slot slot = peer.shared.remove(transfer);
    if (slot != null) {
      releaser.accept(slot);
    }
  }

  private void finish(Sending sending, Optional<Failure> failure) {
    if (!all.remove(sending)) {
      return;
    }
    if (sending.due != null) {
      deadlines.cancel(sending.due);
    }
    sending.peers.forEach((destination, peer) -> leave(sending, destination, peer));
    room.giveBack(sending.heapBytes);
    if (sending.slot != null) {
      releaser.accept(sending.slot);
    }
    sending.onFinished.accept(failure);
  }

  private void leave(Sending sending, int destination, PeerTraffic peer) {
    if (sending.targets.get(destination) instanceof Target.There(_, _, Message message)) {
      peer.transfers.remove(message.transfer());
      peer.held.remove(message.transfer());
      peer.heapBytes -= message.ownBytes() + message.sharedBytes();
    }
  }
}

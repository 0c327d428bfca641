package io.baton.session.exchange;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Drives a {@link DataMachine} in tests, under a witness that sees every step. */
final class DataDriver {

  static final long RELAY = 77;
  static final long MEMORY_NANOS = 1_000;
  static final DataLimits LIMITS = new DataLimits(16, 4, MEMORY_NANOS);

  final DataWitness witness = new DataWitness();
  final List<DataEffect> all = new ArrayList<>();
  DataState state;
  long now;
  private long requests;
  private Set<Integer> members = Set.of(0);
  private @Nullable Taken taken;

  DataDriver() {
    this(LIMITS);
  }

  DataDriver(DataLimits limits) {
    state = DataState.initial(new DataId("group", "datum"), limits, 0);
  }

  DataDriver forMembers(Integer... ranks) {
    members = Set.of(ranks);
    return this;
  }

  /** Remembers what was taken from {@link #RELAY}. */
  DataDriver rememberingItsSender() {
    taken = Taken.NOTHING;
    return this;
  }

  List<DataEffect> feed(DataInput input) {
    DataState before = state;
    Transition<DataState, DataEffect> transition =
        DataMachine.step(state, input, taken == null ? Taken.NOTHING : taken, now);
    if (taken != null
        && input instanceof DataInput.Arrived arrived
        && transition.effects().contains(new DataEffect.Keep(arrived.index()))) {
      taken = taken.with(arrived.origin().transfer());
    }
    state = transition.state();
    witness.see(before, input, transition, now);
    all.addAll(transition.effects());
    return transition.effects();
  }

  List<DataEffect> arrive(int index, long transfer) {
    return arrive(index, OptionalInt.empty(), new Origin(RELAY, transfer));
  }

  List<DataEffect> arriveOf(int total, int index, long transfer) {
    return arrive(index, OptionalInt.of(total), new Origin(RELAY, transfer));
  }

  List<DataEffect> arrive(int index, OptionalInt total, Origin origin) {
    return feed(new DataInput.Arrived(index, total, origin, members));
  }

  List<DataEffect> close(int total, long transfer) {
    return feed(new DataInput.Closed(total, new Origin(RELAY, transfer)));
  }

  /** Asks for a chunk, with a deadline far away. */
  List<DataEffect> receive(Reader reader, int index) {
    return receive(reader, index, now + 1_000_000);
  }

  List<DataEffect> receive(Reader reader, int index, long deadlineNanos) {
    return feed(new DataInput.Receive(++requests, reader, index, deadlineNanos));
  }

  /** The number of the last request. */
  long request() {
    return requests;
  }

  List<DataEffect> markDone(Reader reader, int index) {
    return feed(new DataInput.MarkDone(reader, index));
  }

  void receiveAndMarkDone(Reader reader, int index) {
    receive(reader, index);
    markDone(reader, index);
  }

  List<DataEffect> drop(int index) {
    return feed(new DataInput.Dropped(index));
  }

  List<DataEffect> tickAt(long nanos) {
    now = nanos;
    return feed(new DataInput.Tick());
  }
}

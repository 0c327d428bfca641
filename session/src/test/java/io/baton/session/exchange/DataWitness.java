package io.baton.session.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What readers, senders and the owner of the memory see of a datum, from inputs and effects alone.
 * It checks after each step that this is what they were promised.
 */
final class DataWitness {

  /** Transfers of the first life of a datum are below this, of the second below twice this. */
  static final long LIFE = 100;

  private static final class Chunk {

    final Origin origin;
    final Set<Integer> addressed;
    final Set<Long> holders;
    final Set<Integer> received;
    final Set<Integer> done;
    @Nullable Standing standing;

    Chunk(DataInput.Arrived arrived) {
      origin = arrived.origin();
      addressed = arrived.ranks();
      holders = new HashSet<>();
      received = new HashSet<>();
      done = new HashSet<>();
    }

    Chunk(Chunk other) {
      origin = other.origin;
      addressed = other.addressed;
      holders = new HashSet<>(other.holders);
      received = new HashSet<>(other.received);
      done = new HashSet<>(other.done);
      standing = other.standing;
    }

    Standing expected() {
      if (!holders.isEmpty()) {
        return Standing.IN_USE;
      }
      return done.containsAll(addressed) ? Standing.DONE : Standing.UNCLAIMED;
    }

    List<Object> key() {
      return List.of(
          origin, Set.copyOf(holders), Set.copyOf(received), Set.copyOf(done), expected());
    }
  }

  private final Map<Integer, Chunk> memory = new TreeMap<>();
  private final Map<Long, DataInput.Receive> open = new TreeMap<>();
  private final Set<Origin> kept = new HashSet<>();
  private final Set<Origin> closings = new HashSet<>();
  private final Set<Integer> lost = new HashSet<>();

  DataWitness() {}

  DataWitness(DataWitness other) {
    other.memory.forEach((index, chunk) -> memory.put(index, new Chunk(chunk)));
    open.putAll(other.open);
    kept.addAll(other.kept);
    closings.addAll(other.closings);
    lost.addAll(other.lost);
  }

  /** Equal where nothing that is seen differs. */
  List<Object> key() {
    Map<Integer, List<Object>> chunks = new TreeMap<>();
    memory.forEach((index, chunk) -> chunks.put(index, chunk.key()));
    return List.of(
        chunks, Map.copyOf(open), Set.copyOf(kept), Set.copyOf(closings), Set.copyOf(lost));
  }

  /** The origin of what lies in the memory of a chunk. */
  @Nullable Origin origin(int index) {
    Chunk chunk = memory.get(index);
    return chunk == null ? null : chunk.origin;
  }

  /** The chunks that are in memory with that standing. */
  List<Integer> standing(Standing standing) {
    return memory.entrySet().stream()
        .filter(chunk -> chunk.getValue().standing == standing)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** True if somebody holds a chunk of that life. */
  boolean isInUse(int life) {
    return memory.values().stream()
        .anyMatch(chunk -> life(chunk.origin) == life && !chunk.holders.isEmpty());
  }

  boolean wasKept(Origin origin) {
    return kept.contains(origin);
  }

  /** How many chunks of that life were kept. */
  long kept(int life) {
    return kept.stream().filter(origin -> life(origin) == life).count();
  }

  static int life(Origin origin) {
    return (int) (origin.transfer() / LIFE);
  }

  void see(
      DataState before,
      DataInput input,
      Transition<DataState, DataEffect> transition,
      long nowNanos) {
    hear(input);
    for (DataEffect effect : transition.effects()) {
      obey(input, effect, nowNanos);
    }
    checkAnswers(before, input, transition);
    check(transition.state());
  }

  private void hear(DataInput input) {
    switch (input) {
      case DataInput.Receive receive -> open.put(receive.request(), receive);
      case DataInput.Cancel(long request) -> open.remove(request);
      case DataInput.MarkDone(Reader reader, int index) -> {
        Chunk chunk = memory.get(index);
        if (chunk != null) {
          chunk.holders.remove(reader.registration());
          if (chunk.received.contains(reader.rank())) {
            chunk.done.add(reader.rank());
          }
        }
      }
      case DataInput.LetGo(Reader reader, int index) -> {
        Chunk chunk = memory.get(index);
        if (chunk != null) {
          chunk.holders.remove(reader.registration());
        }
      }
      case DataInput.ReaderGone(long registration) -> {
        memory.values().forEach(chunk -> chunk.holders.remove(registration));
        open.values().removeIf(request -> request.reader().registration() == registration);
      }
      case DataInput.Dropped(int index) -> {
        if (memory.remove(index) != null) {
          lost.add(index);
        }
      }
      case DataInput.Arrived _, DataInput.Closed _, DataInput.Crowded _, DataInput.Tick _ -> {}
    }
  }

  private void obey(DataInput input, DataEffect effect, long nowNanos) {
    switch (effect) {
      case DataEffect.Keep(int index) -> {
        DataInput.Arrived arrived = (DataInput.Arrived) input;
        assertThat(arrived.index()).isEqualTo(index);
        assertThat(memory).as("memory when %s is to be kept", index).doesNotContainKey(index);
        assertThat(kept.add(arrived.origin())).as("%s is kept once", arrived).isTrue();
        memory.values().stream()
            .map(chunk -> chunk.origin)
            .forEach(other -> assertThat(life(other)).isEqualTo(life(arrived.origin())));
        memory.put(index, new Chunk(arrived));
        lost.remove(index);
      }
      case DataEffect.KnowAlready(int index) -> {
        DataInput.Arrived arrived = (DataInput.Arrived) input;
        assertThat(arrived.index()).isEqualTo(index);
        assertThat(kept).as("%s is said to be known", arrived).contains(arrived.origin());
      }
      case DataEffect.ClosingKnown() -> closings.add(((DataInput.Closed) input).origin());
      case DataEffect.Refuse _ -> {}
      case DataEffect.Deliver(long request, Reader reader, int index) -> {
        DataInput.Receive asked = answered(request);
        assertThat(asked.reader()).isEqualTo(reader);
        assertThat(asked.index()).isEqualTo(index);
        Chunk chunk = Objects.requireNonNull(memory.get(index), "delivered what is not here");
        chunk.holders.add(reader.registration());
        chunk.received.add(reader.rank());
      }
      case DataEffect.EndOfStream(long request, int total) ->
          assertThat(answered(request).index()).isGreaterThanOrEqualTo(total);
      case DataEffect.Fail(long request, Failure failure) -> {
        DataInput.Receive asked = answered(request);
        assertThat(memory).doesNotContainKey(asked.index());
        switch (failure.reason()) {
          case GONE -> assertThat(lost).contains(asked.index());
          case DEADLINE_EXCEEDED ->
              assertThat(nowNanos).isGreaterThanOrEqualTo(asked.deadlineNanos());
          default -> assertThat(failure.reason()).isEqualTo(Failure.Reason.RESOURCE_EXHAUSTED);
        }
      }
      case DataEffect.Stand(int index, Standing standing) -> {
        Chunk chunk = Objects.requireNonNull(memory.get(index), "the standing of nothing");
        assertThat(chunk.standing)
            .as("the standing of %s has changed", index)
            .isNotEqualTo(standing);
        chunk.standing = standing;
      }
      case DataEffect.Discard(int index) -> {
        Chunk chunk = Objects.requireNonNull(memory.remove(index), "nothing to discard");
        assertThat(chunk.standing).isEqualTo(Standing.DONE);
        assertThat(chunk.holders).isEmpty();
      }
      case DataEffect.Forget() -> {
        assertThat(memory).as("memory of what is forgotten").isEmpty();
        assertThat(open).as("requests for what is forgotten").isEmpty();
        lost.clear();
      }
    }
  }

  private DataInput.Receive answered(long request) {
    return Objects.requireNonNull(open.remove(request), "an answer that nobody waits for");
  }

  /** Each message of a sender has one answer, and one that is refused changes nothing. */
  private void checkAnswers(
      DataState before, DataInput input, Transition<DataState, DataEffect> transition) {
    List<DataEffect> answers = new ArrayList<>();
    for (DataEffect effect : transition.effects()) {
      switch (effect) {
        case DataEffect.Keep _,
            DataEffect.KnowAlready _,
            DataEffect.ClosingKnown _,
            DataEffect.Refuse _ ->
            answers.add(effect);
        default -> {}
      }
    }
    boolean isOfSender = input instanceof DataInput.Arrived || input instanceof DataInput.Closed;
    assertThat(answers).as("answers to %s", input).hasSize(isOfSender ? 1 : 0);
    if (isOfSender && answers.getFirst() instanceof DataEffect.Refuse) {
      checkRefusal(before, input);
    }
    if (isOfSender
        && (answers.getFirst() instanceof DataEffect.Refuse
            || answers.getFirst() instanceof DataEffect.KnowAlready)) {
      assertThat(timeless(transition.state())).isEqualTo(timeless(before));
    }
  }

  /** What was taken is not refused later, unless the datum has been sent anew since. */
  private void checkRefusal(DataState before, DataInput input) {
    switch (input) {
      case DataInput.Arrived arrived when arrived.index() >= before.forgotten() ->
          assertThat(kept.contains(arrived.origin()) && !isOvertaken(arrived.origin()))
              .as("%s was kept, and is refused", arrived)
              .isFalse();
      case DataInput.Closed closed ->
          assertThat(closings.contains(closed.origin()) && !isOvertaken(closed.origin()))
              .as("%s was known, and is refused", closed)
              .isFalse();
      default -> {}
    }
  }

  private boolean isOvertaken(Origin origin) {
    return kept.stream().anyMatch(later -> life(later) > life(origin));
  }

  private void check(DataState state) {
    memory.forEach(
        (index, chunk) -> {
          assertThat(chunk.standing).as("what was said of %s", index).isEqualTo(chunk.expected());
          assertThat(state.standing(index)).isEqualTo(chunk.expected());
        });
    assertThat(state.here()).isEqualTo(memory.size());
    assertThat(state.waitingRequests()).containsExactlyInAnyOrderElementsOf(open.values());
    open.values()
        .forEach(
            request ->
                assertThat(state.nextDeadlineNanos().orElseThrow())
                    .isLessThanOrEqualTo(request.deadlineNanos()));
    assertThat(state.nextDeadlineNanos().isPresent())
        .as("is woken unless only memory is waited for")
        .isEqualTo(memory.isEmpty() || !open.isEmpty());
  }

  private static List<Object> timeless(DataState state) {
    return List.of(
        state.chunks(),
        state.here(),
        state.highest(),
        state.forgotten(),
        state.total(),
        Optional.ofNullable(state.closing()),
        state.senders(),
        state.waiting());
  }
}

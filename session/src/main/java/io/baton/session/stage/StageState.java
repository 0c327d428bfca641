package io.baton.session.stage;

import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.StepId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * A session at a stage. The tokens {@code [0, settled)} are computed and confirmed. {@code open}
 * holds the steps after them, each beginning where the one before ends: first those of the current
 * epoch, then those carried over from older ones, which are kept only to spare a computation if the
 * same input comes again.
 *
 * @param role the part that the stage takes in the current epoch
 * @param recorded the latest settled steps, kept to answer again
 * @param settledNumber the highest number of a settled step; numbers up to it are never new
 * @param parked pushes that came too early
 * @param running the computation that the executor works on, wanted or not
 * @param executorLength tokens that the executor holds, or will once the running computation is
 *     done
 */
public record StageState(
    StageConfig config,
    long epoch,
    Set<RelayId> pushSources,
    StageRole role,
    int settled,
    long settledNumber,
    List<Entry> recorded,
    List<Entry> open,
    List<StageInput.PeerPush> parked,
    Optional<Running> running,
    int executorLength,
    long nextCommand) {

  /**
   * A computation in the executor.
   *
   * @param position what the executor holds if it fails
   * @param bytes of its input and of the output that is to come
   */
  record Running(long command, int position, long bytes) {}

  /**
   * @throws IllegalStateException if the state breaks an invariant, which is a bug in the machine
   */
  public StageState {
    pushSources = Set.copyOf(pushSources);
    recorded = List.copyOf(recorded);
    open = List.copyOf(open);
    parked = List.copyOf(parked);
    int end = settled;
    boolean carried = false;
    boolean waiting = false;
    for (Entry entry : open) {
      if (entry.step().position() != end) {
        throw new IllegalStateException("%s does not begin at %d".formatted(entry.step(), end));
      }
      if (carried && entry.in(epoch)) {
        throw new IllegalStateException(entry.step() + " comes after steps of an older epoch");
      }
      if (entry.isInExecutor() && (waiting || entry.step().end() > executorLength)) {
        throw new IllegalStateException(
            entry.step() + " is computed on top of what the executor does not hold");
      }
      carried |= !entry.in(epoch);
      waiting |= !entry.isDone();
      end = entry.step().end();
    }
    if (end > config.maxLength()) {
      throw new IllegalStateException(
          "length %d exceeds the session's maximum %d".formatted(end, config.maxLength()));
    }
  }

  /** A session of which the stage has heard nothing but its configuration: no epoch is older. */
  public static StageState initial(StageConfig config) {
    return new StageState(
        config,
        0,
        Set.of(),
        StageRole.ACTIVE,
        0,
        0,
        List.of(),
        List.of(),
        List.of(),
        Optional.empty(),
        0,
        1);
  }

  /** Tokens that are computed: the settled ones and those of the steps done after them. */
  public int currentLength() {
    return currentLength(epoch, settled, open);
  }

  static int currentLength(long epoch, int settled, List<Entry> open) {
    int length = settled;
    for (Entry entry : open) {
      if (!entry.in(epoch) || !entry.isDone()) {
        break;
      }
      length = entry.step().end();
    }
    return length;
  }

  /** When the next {@link StageInput.Tick} is due. */
  public OptionalLong nextDeadlineNanos() {
    return open.stream()
        .flatMapToLong(
            entry ->
                entry.progress() instanceof Progress.Awaiting(long deadline, boolean asked)
                        && !asked
                    ? LongStream.of(deadline)
                    : LongStream.empty())
        .reduce((a, b) -> a - b < 0 ? a : b);
  }

  /** Whether that step has been taken in this epoch, and is not computed yet. */
  public boolean isUnderWay(StepId step) {
    return open.stream()
        .anyMatch(entry -> entry.step().id().equals(step) && entry.in(epoch) && !entry.isDone());
  }

  /** Whether nothing waits, computes or is speculative. */
  public boolean isQuiet() {
    return open.isEmpty() && running.isEmpty();
  }

  /** Bytes of payload that the session makes the stage keep. */
  public long heldBytes() {
    long bytes = 0;
    for (StageInput.PeerPush push : parked) {
      bytes += push.push().payload().bytes();
    }
    for (List<Entry> entries : List.of(recorded, open)) {
      for (Entry entry : entries) {
        bytes +=
            switch (entry.progress()) {
              case Progress.Ready(var input) -> input.bytes();
              case Progress.Done(var output, long _, long _) -> output.bytes();
              case Progress.Awaiting _, Progress.Computing _ -> 0;
            };
      }
    }
    return bytes;
  }
}

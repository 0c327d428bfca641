package io.baton.session.exchange;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What the sender sends. */
final class Arrivals {

  private final DataScratch data;
  private final Taken taken;

  /**
   * @param taken from the relay that sent this
   */
  Arrivals(DataScratch data, Taken taken) {
    this.data = data;
    this.taken = taken;
  }

  void arrived(DataInput.Arrived arrived) {
    int index = arrived.index();
    // One that was too old when it was offered was refused then; this one has waited here since.
    if (arrived.origin().equals(data.origin(index))
        || taken.verdict(arrived.origin().transfer()) == Taken.Verdict.TAKEN) {
      data.emit(new DataEffect.KnowAlready(index));
    } else if (data.senders.isOfEarlierLife(arrived.origin())) {
      refuseAsOvertaken("chunk " + index);
    } else if (arrived.total().isPresent() && index >= arrived.total().getAsInt()) {
      refuse(Failure.Reason.INVALID_ARGUMENT, beyond(arrived.total().getAsInt(), index));
    } else if (data.isFinished() && data.senders.isNew(arrived.origin())) {
      DataInput.Closed closing = data.closing;
      data.beginAnew();
      keep(arrived);
      applyEarly(closing);
    } else if (data.knows(index)) {
      refuse(
          Failure.Reason.ALREADY_EXISTS,
          "chunk %d of %s has been sent before".formatted(index, data.id));
    } else {
      admit(arrived);
    }
  }

  void closed(DataInput.Closed closed) {
    Taken.Verdict verdict = taken.verdict(closed.origin().transfer());
    if (closed.equals(data.closing) || verdict == Taken.Verdict.TAKEN) {
      data.emit(new DataEffect.ClosingKnown());
    } else if (verdict == Taken.Verdict.TOO_OLD) {
      data.emit(new DataEffect.Refuse(Taken.tooOld("the number of chunks of " + data.id)));
    } else if (data.senders.isOfEarlierLife(closed.origin())) {
      refuseAsOvertaken("the number of chunks");
    } else if (data.isFinished() && data.senders.isNew(closed.origin())) {
      data.closing = closed;
      data.emit(new DataEffect.ClosingKnown());
    } else {
      Optional<String> objection = objection(closed.total() - 1, OptionalInt.of(closed.total()));
      if (objection.isPresent()) {
        refuse(Failure.Reason.INVALID_ARGUMENT, objection.get());
      } else {
        data.emit(new DataEffect.ClosingKnown());
        close(closed);
      }
    }
  }

  private void admit(DataInput.Arrived arrived) {
    Optional<String> objection = objection(arrived.index(), arrived.total());
    if (objection.isPresent()) {
      refuse(Failure.Reason.INVALID_ARGUMENT, objection.get());
    } else if (data.chunks.size() >= data.limits.chunks()) {
      refuse(
          Failure.Reason.RESOURCE_EXHAUSTED,
          "%d chunks of %s are known already; there is no room for another"
              .formatted(data.chunks.size(), data.id));
    } else {
      keep(arrived);
    }
  }

  private void keep(DataInput.Arrived arrived) {
    List<DataInput.Receive> served = new ArrayList<>();
    ChunkState.Here chunk = ChunkState.Here.arrived(arrived.origin(), arrived.ranks());
    for (DataInput.Receive request : data.waiting.values()) {
      if (request.index() == arrived.index()) {
        served.add(request);
        chunk = chunk.heldBy(request.reader());
      }
    }
    data.add(arrived.index(), chunk);
    for (DataInput.Receive request : served) {
      data.waiting.remove(request.request());
      data.deliver(request);
    }
    arrived.total().ifPresent(this::endAt);
  }

  /** A closing that came before the first chunk, unless it was the old one said once more. */
  private void applyEarly(DataInput.@Nullable Closed closing) {
    if (closing != null
        && objection(closing.total() - 1, OptionalInt.of(closing.total())).isEmpty()) {
      close(closing);
    }
  }

  private void close(DataInput.Closed closed) {
    data.senders = data.senders.having(closed.origin());
    endAt(closed.total());
  }

  /** What a chunk of that number, or that total, contradicts. */
  private Optional<String> objection(int index, OptionalInt total) {
    if (total.isPresent() && data.total.isPresent() && !total.equals(data.total)) {
      return Optional.of(
          "%s has %d chunks, not %d".formatted(data.id, data.total.getAsInt(), total.getAsInt()));
    }
    OptionalInt known = total.isPresent() ? total : data.total;
    int highest = Math.max(index, data.highest);
    return known.isPresent() && highest >= known.getAsInt()
        ? Optional.of(beyond(known.getAsInt(), highest))
        : Optional.empty();
  }

  private String beyond(int total, int index) {
    return "%s has %d chunks, and so none of number %d".formatted(data.id, total, index);
  }

  private void endAt(int total) {
    data.total = OptionalInt.of(total);
    data.waiting
        .values()
        .removeIf(
            request -> {
              boolean past = request.index() >= total;
              if (past) {
                data.emit(new DataEffect.EndOfStream(request.request(), total));
              }
              return past;
            });
  }

  private void refuseAsOvertaken(String what) {
    refuse(
        Failure.Reason.ALREADY_EXISTS,
        "%s was sent before %s was sent anew".formatted(what, data.id));
  }

  private void refuse(Failure.Reason reason, String message) {
    data.emit(new DataEffect.Refuse(new Failure(reason, message)));
  }
}

package io.baton.session.exchange;

import java.util.ArrayList;
import java.util.OptionalInt;
import java.util.Set;

/** What the sender sends. */
final class Arrivals {

  private final DataScratch data;

  Arrivals(DataScratch data) {
    this.data = data;
  }

  void arrived(DataInput.Arrived arrived) {
    int index = arrived.index();
    if (isRepeated(index, arrived.origin())) {
      data.emit(new DataEffect.KnowAlready(index));
      return;
    }
    if (data.knows(index)) {
      if (!data.isFinished()) {
        refuse(
            Failure.Reason.ALREADY_EXISTS,
            "chunk %d of %s has been sent before".formatted(index, data.id));
        return;
      }
      data.beginAnew();
    }
    if (!isConsistent(index, arrived.total())) {
      return;
    }
    if (data.chunks.size() >= data.limits.chunks()) {
      refuse(
          Failure.Reason.RESOURCE_EXHAUSTED,
          "%d chunks of %s are known already; there is no room for another"
              .formatted(data.chunks.size(), data.id));
      return;
    }
    data.add(index, new ChunkState.Here(arrived.origin(), Set.of(), arrived.ranks()));
    for (DataInput.Receive request : new ArrayList<>(data.waiting.values())) {
      if (request.index() == index) {
        data.waiting.remove(request.request());
        data.deliver(request);
      }
    }
    arrived.total().ifPresent(this::endAt);
  }

  void closed(DataInput.Closed closed) {
    if (closed.origin().equals(data.closedBy)) {
      data.emit(new DataEffect.ClosingKnown());
      return;
    }
    if (data.total.isPresent() && data.isFinished()) {
      data.beginAnew();
    }
    if (isConsistent(closed.total() - 1, OptionalInt.of(closed.total()))) {
      data.closedBy = closed.origin();
      data.emit(new DataEffect.ClosingKnown());
      endAt(closed.total());
    }
  }

  /** The same once more, or one that was overtaken by a later life of the datum. */
  private boolean isRepeated(int index, Origin origin) {
    Origin known =
        switch (data.chunks.get(index)) {
          case ChunkState.Here here -> here.origin();
          case ChunkState.Gone gone -> gone.origin();
          case null -> null;
        };
    return known != null
        && known.relay() == origin.relay()
        && origin.transfer() <= known.transfer();
  }

  private boolean isConsistent(int index, OptionalInt total) {
    if (total.isPresent() && data.total.isPresent() && !total.equals(data.total)) {
      refuse(
          Failure.Reason.INVALID_ARGUMENT,
          "%s has %d chunks, not %d".formatted(data.id, data.total.getAsInt(), total.getAsInt()));
      return false;
    }
    OptionalInt known = total.isPresent() ? total : data.total;
    if (known.isEmpty()) {
      return true;
    }
    int highest = Math.max(index, data.end - 1);
    if (highest >= known.getAsInt()) {
      refuse(
          Failure.Reason.INVALID_ARGUMENT,
          "%s has %d chunks, and so none of number %d"
              .formatted(data.id, known.getAsInt(), highest));
      return false;
    }
    return true;
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

  private void refuse(Failure.Reason reason, String message) {
    data.emit(new DataEffect.Refuse(new Failure(reason, message)));
  }
}

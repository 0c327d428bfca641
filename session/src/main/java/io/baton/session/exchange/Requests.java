package io.baton.session.exchange;

import java.util.ArrayList;

/** What readers ask for. */
final class Requests {

  private final DataScratch data;

  Requests(DataScratch data) {
    this.data = data;
  }

  void receive(DataInput.Receive request) {
    int index = request.index();
    if (data.waiting.containsKey(request.request())) {
      return;
    }
    if (data.chunks.get(index) instanceof ChunkState.Here) {
      data.update(index, here -> here.heldBy(request.reader()));
      data.deliver(request);
    } else if (data.total.isPresent() && index >= data.total.getAsInt()) {
      data.emit(new DataEffect.EndOfStream(request.request(), data.total.getAsInt()));
    } else if (data.knows(index)) {
      data.fail(
          request,
          Failure.Reason.GONE,
          "chunk %d of %s was here, and its memory has been given to others"
              .formatted(index, data.id));
    } else if (data.nowNanos - request.deadlineNanos() >= 0) {
      expire(request);
    } else if (data.waiting.size() >= data.limits.waiting()) {
      data.fail(
          request,
          Failure.Reason.RESOURCE_EXHAUSTED,
          "%d requests wait for chunks of %s already".formatted(data.waiting.size(), data.id));
    } else {
      data.waiting.put(request.request(), request);
    }
  }

  void gone(long registration) {
    data.waiting.values().removeIf(request -> request.reader().registration() == registration);
    for (int index : data.chunks.keys()) {
      if (data.chunks.get(index) instanceof ChunkState.Here here
          && here.holders().contains(registration)) {
        data.update(index, held -> held.without(registration));
      }
    }
  }

  void tick() {
    for (DataInput.Receive request : new ArrayList<>(data.waiting.values())) {
      if (data.nowNanos - request.deadlineNanos() >= 0) {
        data.waiting.remove(request.request());
        expire(request);
      }
    }
  }

  private void expire(DataInput.Receive request) {
    data.fail(
        request,
        Failure.Reason.DEADLINE_EXCEEDED,
        "chunk %d of %s did not come in time; %s"
            .formatted(request.index(), data.id, whatIsKnown()));
  }

  private String whatIsKnown() {
    if (data.total.isPresent()) {
      return "%d of %d have come".formatted(data.come(), data.total.getAsInt());
    }
    return data.come() == 0
        ? "nothing has been sent under that id"
        : "%d have come, and the sender has not said how many there are".formatted(data.come());
  }
}

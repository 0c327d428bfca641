package io.baton.session.route;

import io.baton.session.PersistentList;
import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The steps of a session and the input that each had at each stage: what a replacement needs to
 * become what the lost stage was. An input is known by the layer that it enters; that of layer 0
 * came from the application, all others are outputs that the client has checked.
 *
 * @param segments the tokens of the steps, in order and without gaps
 * @param inputs for each boundary between stages, the inputs of the first segments there
 * @param accepted segments of which the whole chain's result has been accepted: all but the one
 *     under way
 */
record History(
    PersistentList<Segment> segments, Map<Integer, PersistentList<Payload>> inputs, int accepted) {

  /** The tokens of a step. */
  record Segment(int position, int count) {
    int end() {
      return position + count;
    }
  }

  static final History EMPTY = new History(PersistentList.empty(), Map.of(), 0);

  History {
    inputs = Map.copyOf(inputs);
  }

  /** Tokens of the first {@code segmentCount} segments. */
  int lengthOf(int segmentCount) {
    return segmentCount == 0 ? 0 : segments.get(segmentCount - 1).end();
  }

  int acceptedLength() {
    return lengthOf(accepted);
  }

  /** Number of segments whose input at {@code layer} is known. */
  int known(int layer) {
    PersistentList<Payload> payloads = inputs.get(layer);
    return payloads == null ? 0 : payloads.size();
  }

  Payload input(int layer, int segment) {
    PersistentList<Payload> payloads = inputs.get(layer);
    if (payloads == null) {
      throw new IllegalStateException("no input is known at layer " + layer);
    }
    return payloads.get(segment);
  }

  /** Number of segments that lie within the first {@code length} tokens. */
  int segmentsWithin(int length) {
    int low = 0;
    int high = segments.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (segments.get(middle).end() <= length) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** A new step enters the chain. */
  History enter(Payload payload) {
    Segment segment = new Segment(lengthOf(segments.size()), payload.tokens());
    return new History(segments.append(segment), inputs, accepted).learn(0, payload);
  }

  /** The input of the next segment at {@code layer} is known now. */
  History learn(int layer, Payload payload) {
    Map<Integer, PersistentList<Payload>> next = new TreeMap<>(inputs);
    next.merge(
        layer,
        PersistentList.<Payload>empty().append(payload),
        (known, _) -> known.append(payload));
    return new History(segments, next, accepted);
  }

  /**
   * The chain's result for the segment under way is accepted; a step of no tokens leaves no trace.
   */
  History accept() {
    return segments.get(accepted).count() == 0
        ? withoutPending()
        : new History(segments, inputs, accepted + 1);
  }

  /** Forgets the segment under way. */
  History withoutPending() {
    Map<Integer, PersistentList<Payload>> next = new TreeMap<>();
    inputs.forEach((layer, payloads) -> next.put(layer, payloads.truncate(accepted)));
    return new History(segments.truncate(accepted), next, accepted);
  }

  /**
   * Forgets the inputs at boundaries that the route no longer has; those of layer 0 always stay.
   */
  History retain(Set<Integer> layers) {
    Map<Integer, PersistentList<Payload>> next = new TreeMap<>(inputs);
    next.keySet().removeIf(layer -> layer != 0 && !layers.contains(layer));
    return new History(segments, next, accepted);
  }

  /**
   * Forgets the tokens from {@code length} on, cutting the segment that crosses it. Nothing is
   * under way.
   */
  History truncate(int length, PayloadOperations operations) {
    int whole = segmentsWithin(length);
    int rows = length - lengthOf(whole);
    PersistentList<Segment> left = segments.truncate(whole);
    if (rows > 0) {
      left = left.append(new Segment(lengthOf(whole), rows));
    }
    Map<Integer, PersistentList<Payload>> next = new TreeMap<>();
    inputs.forEach(
        (layer, payloads) -> {
          PersistentList<Payload> cut = payloads.truncate(whole);
          next.put(
              layer,
              rows > 0 && payloads.size() > whole
                  ? cut.append(operations.rows(payloads.get(whole), 0, rows))
                  : cut);
        });
    return new History(left, next, left.size());
  }
}

package io.baton.proto.codec;

import io.baton.session.model.Step;
import io.baton.session.model.StepId;

/** Steps, whose four numbers stand directly in the messages that name one. */
public final class StepCodec {

  private StepCodec() {}

  /** From the fields {@code epoch} and {@code step}. */
  public static StepId idFromWire(long epoch, long step) throws MalformedFrameException {
    return new StepId(Fields.unsigned("epoch", epoch), Fields.unsigned("step", step));
  }

  /** From the fields {@code epoch}, {@code step}, {@code position} and {@code count}. */
  public static Step fromWire(long epoch, long step, int position, int count)
      throws MalformedFrameException {
    StepId id = idFromWire(epoch, step);
    Fields.unsigned("position", position);
    Fields.unsigned("count", count);
    return Fields.built("count", () -> new Step(id, position, count));
  }

  public static Step fromWire(io.baton.proto.v1.Step wire) throws MalformedFrameException {
    return fromWire(wire.getEpoch(), wire.getStep(), wire.getPosition(), wire.getCount());
  }

  /** A number of tokens, a length, a position, a rank or an index that stands alone. */
  public static int lengthFromWire(int uint32, String field) throws MalformedFrameException {
    return Fields.unsigned(field, uint32);
  }

  /** An epoch, a time or a number of things or bytes that stands alone. */
  public static long countFromWire(long uint64, String field) throws MalformedFrameException {
    return Fields.unsigned(field, uint64);
  }
}

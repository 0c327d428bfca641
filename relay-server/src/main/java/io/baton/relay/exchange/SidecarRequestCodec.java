package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ChunkingCodec;
import io.baton.proto.codec.DestinationCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.v1.Allocate;
import io.baton.proto.v1.CloseStream;
import io.baton.proto.v1.Join;
import io.baton.proto.v1.LetGo;
import io.baton.proto.v1.MarkDone;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.Receive;
import io.baton.proto.v1.RegisterReader;
import io.baton.proto.v1.RegisterSender;
import io.baton.proto.v1.Send;
import io.baton.session.exchange.ChunkHeader;
import io.baton.transport.pinned.SlotHandle;
import java.time.Duration;
import java.util.SortedSet;

/** Reads what processes of this host ask. */
final class SidecarRequestCodec {

  private static final long MAX_TIMEOUT_NANOS = Duration.ofDays(1).toNanos();
  private static final int MAX_INLINE_BYTES = 128 << 10;

  private SidecarRequestCodec() {}

  /**
   * @param now in {@link System#nanoTime}'s time; timeouts count from then, and are a day at most
   * @throws MalformedFrameException for what no right process sends after its hello
   */
  static SidecarRequest fromWire(ProcessFrame frame, long now) throws MalformedFrameException {
    return switch (frame.getFrameCase()) {
      case REGISTER_SENDER -> registerSender(frame.getRegisterSender());
      case REGISTER_READER -> registerReader(frame.getRegisterReader());
      case UNREGISTER -> new SidecarRequest.Unregister(frame.getUnregister().getRegistration());
      case ALLOCATE -> allocate(frame.getAllocate(), now);
      case DISCARD ->
          new SidecarRequest.Discard(
              ExchangeCodec.slotFromWire(frame.getDiscard().getSlot(), SlotHandle::new));
      case SEND -> send(frame.getSend(), now);
      case JOIN -> join(frame.getJoin(), now);
      case PART_WRITTEN ->
          new SidecarRequest.Written(
              frame.getPartWritten().getRequest(), frame.getPartWritten().getPart());
      case CLOSE_STREAM -> closeStream(frame.getCloseStream(), now);
      case RECEIVE -> receive(frame.getReceive(), now);
      case CANCEL -> new SidecarRequest.Cancel(frame.getCancel().getRequest());
      case MARK_DONE -> markDone(frame.getMarkDone());
      case LET_GO -> letGo(frame.getLetGo());
      default -> throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    };
  }

  private static SidecarRequest registerSender(RegisterSender wire) throws MalformedFrameException {
    String group = ExchangeCodec.nameFromWire(wire.getGroup(), wire.getGroupBytes(), "group");
    return new SidecarRequest.RegisterSender(
        wire.getRequest(),
        wire.getRegistration(),
        new SidecarRequest.Sender(
            group,
            rank(wire.getRank()),
            isSharded(wire),
            StepCodec.countFromWire(wire.getSlotBytes(), "slot_bytes"),
            members(wire)));
  }

  /** Whoever is no member of its own group would be waited for by nobody, or by all in vain. */
  private static SortedSet<Integer> members(RegisterSender wire) throws MalformedFrameException {
    SortedSet<Integer> ranks = ExchangeCodec.ranksFromWire(wire.getMembersList(), "members");
    if (!ranks.contains(wire.getRank())) {
      throw new MalformedFrameException(
          "members", "rank %d is not one of them".formatted(wire.getRank()));
    }
    return ranks;
  }

  private static boolean isSharded(RegisterSender wire) throws MalformedFrameException {
    return switch (wire.getCopy()) {
      case GROUP_COPY_SHARDED -> true;
      case GROUP_COPY_LOWEST, GROUP_COPY_UNSPECIFIED -> false;
      case UNRECOGNIZED ->
          throw new MalformedFrameException("copy", wire.getCopyValue() + " is no known way");
    };
  }

  private static SidecarRequest registerReader(RegisterReader wire) throws MalformedFrameException {
    String group = ExchangeCodec.nameFromWire(wire.getGroup(), wire.getGroupBytes(), "group");
    return new SidecarRequest.RegisterReader(
        wire.getRequest(), wire.getRegistration(), group, rank(wire.getRank()));
  }

  private static int rank(int uint32) throws MalformedFrameException {
    return StepCodec.lengthFromWire(uint32, "rank");
  }

  private static SidecarRequest allocate(Allocate wire, long now) throws MalformedFrameException {
    return new SidecarRequest.Allocate(
        wire.getRequest(),
        wire.getRegistration(),
        StepCodec.countFromWire(wire.getBytes(), "bytes"),
        holder(wire),
        deadline(wire.getTimeoutNanos(), now));
  }

  private static String holder(Allocate wire) throws MalformedFrameException {
    int groups = wire.getGroupsCount();
    if (groups == 0 || groups > ChunkHeader.MAX_DESTINATIONS) {
      throw new MalformedFrameException(
          "groups", "%d of them; 1 to %d".formatted(groups, ChunkHeader.MAX_DESTINATIONS));
    }
    for (int i = 0; i < groups; i++) {
      var _ = ExchangeCodec.nameFromWire(wire.getGroups(i), wire.getGroupsBytes(i), "groups");
    }
    return Exchange.holderOf(wire.getGroupsList());
  }

  private static SidecarRequest send(Send wire, long now) throws MalformedFrameException {
    ChunkHeader chunk = chunk(wire.hasChunk(), wire.getChunk());
    long deadline = deadline(wire.getTimeoutNanos(), now);
    return switch (wire.getBodyCase()) {
      case SLOT ->
          new SidecarRequest.SendSlot(
              wire.getRequest(),
              wire.getRegistration(),
              chunk,
              ExchangeCodec.slotFromWire(wire.getSlot(), SlotHandle::new),
              deadline);
      case INLINE ->
          new SidecarRequest.SendInline(
              wire.getRequest(),
              wire.getRegistration(),
              chunk,
              inline(wire.getInline(), chunk),
              deadline);
      case BODY_NOT_SET -> throw new MalformedFrameException("body", "missing");
    };
  }

  private static ByteString inline(ByteString bytes, ChunkHeader chunk)
      throws MalformedFrameException {
    if (bytes.size() != chunk.content().bytes() || bytes.size() > MAX_INLINE_BYTES) {
      throw new MalformedFrameException(
          "inline",
          "%d bytes; the chunk has %d, and at most %d may be here"
              .formatted(bytes.size(), chunk.content().bytes(), MAX_INLINE_BYTES));
    }
    return bytes;
  }

  private static SidecarRequest join(Join wire, long now) throws MalformedFrameException {
    ChunkHeader chunk = chunk(wire.hasChunk(), wire.getChunk());
    if (chunk.content().bytes() == 0) {
      throw new MalformedFrameException("chunk", "has no bytes that a group could write");
    }
    return new SidecarRequest.Join(
        wire.getRequest(), wire.getRegistration(), chunk, deadline(wire.getTimeoutNanos(), now));
  }

  private static SidecarRequest closeStream(CloseStream wire, long now)
      throws MalformedFrameException {
    String dataId = dataId(wire.getDataId(), wire.getDataIdBytes());
    int count = wire.getCount();
    if (count < 0) {
      throw new MalformedFrameException("count", Integer.toUnsignedString(count));
    }
    return new SidecarRequest.CloseStream(
        wire.getRequest(),
        wire.getRegistration(),
        dataId,
        count,
        DestinationCodec.listFromWire(wire.getDestinationsList()),
        deadline(wire.getTimeoutNanos(), now));
  }

  private static ChunkHeader chunk(boolean present, io.baton.proto.v1.Chunking wire)
      throws MalformedFrameException {
    if (!present) {
      throw new MalformedFrameException("chunk", "missing");
    }
    try {
      return ChunkingCodec.fromWire(wire);
    } catch (MalformedFrameException e) {
      throw e.in("chunk");
    }
  }

  private static SidecarRequest receive(Receive wire, long now) throws MalformedFrameException {
    return new SidecarRequest.Receive(
        wire.getRequest(),
        wire.getRegistration(),
        dataId(wire.getDataId(), wire.getDataIdBytes()),
        index(wire.getIndex()),
        deadline(wire.getTimeoutNanos(), now));
  }

  private static SidecarRequest markDone(MarkDone wire) throws MalformedFrameException {
    return new SidecarRequest.MarkDone(
        wire.getRegistration(),
        dataId(wire.getDataId(), wire.getDataIdBytes()),
        index(wire.getIndex()));
  }

  private static SidecarRequest letGo(LetGo wire) throws MalformedFrameException {
    return new SidecarRequest.LetGo(
        wire.getRegistration(),
        dataId(wire.getDataId(), wire.getDataIdBytes()),
        index(wire.getIndex()));
  }

  private static String dataId(String name, ByteString bytes) throws MalformedFrameException {
    return ExchangeCodec.nameFromWire(name, bytes, "data_id");
  }

  private static int index(int uint32) throws MalformedFrameException {
    return StepCodec.lengthFromWire(uint32, "index");
  }

  private static long deadline(long timeoutNanos, long now) throws MalformedFrameException {
    return now
        + Math.min(StepCodec.countFromWire(timeoutNanos, "timeout_nanos"), MAX_TIMEOUT_NANOS);
  }
}

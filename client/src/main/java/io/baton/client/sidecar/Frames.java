package io.baton.client.sidecar;

import io.baton.proto.codec.ChunkingCodec;
import io.baton.proto.codec.DestinationCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Allocate;
import io.baton.proto.v1.Cancel;
import io.baton.proto.v1.CloseStream;
import io.baton.proto.v1.Discard;
import io.baton.proto.v1.GroupCopy;
import io.baton.proto.v1.Join;
import io.baton.proto.v1.LetGo;
import io.baton.proto.v1.MarkDone;
import io.baton.proto.v1.PartWritten;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.Receive;
import io.baton.proto.v1.RegisterReader;
import io.baton.proto.v1.RegisterSender;
import io.baton.proto.v1.Send;
import io.baton.proto.v1.Unregister;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Destination;
import io.baton.transport.pinned.SlotHandle;
import java.util.List;

/** What is said to the relay. */
final class Frames {

  private Frames() {}

  static ProcessFrame hello(String name) {
    return ProcessFrame.newBuilder()
        .setHello(ProcessHello.newBuilder().setVersions(Versions.spoken()).setName(name))
        .build();
  }

  static ProcessFrame register(long request, long registration, SenderConfig config) {
    return ProcessFrame.newBuilder()
        .setRegisterSender(
            RegisterSender.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setGroup(config.group())
                .setRank(config.rank())
                .addAllMembers(config.members())
                .setCopy(
                    switch (config.copy()) {
                      case LOWEST -> GroupCopy.GROUP_COPY_LOWEST;
                      case SHARDED -> GroupCopy.GROUP_COPY_SHARDED;
                    })
                .setSlotBytes(config.slotBytes()))
        .build();
  }

  static ProcessFrame register(long request, long registration, ReceiverConfig config) {
    return ProcessFrame.newBuilder()
        .setRegisterReader(
            RegisterReader.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setGroup(config.group())
                .setRank(config.rank()))
        .build();
  }

  static ProcessFrame unregister(long registration) {
    return ProcessFrame.newBuilder()
        .setUnregister(Unregister.newBuilder().setRegistration(registration))
        .build();
  }

  static ProcessFrame allocate(
      long request, long registration, long bytes, List<Destination> destinations, long nanos) {
    return ProcessFrame.newBuilder()
        .setAllocate(
            Allocate.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setBytes(bytes)
                .addAllGroups(destinations.stream().map(Destination::group).toList())
                .setTimeoutNanos(nanos))
        .build();
  }

  static ProcessFrame discard(SlotHandle slot) {
    return ProcessFrame.newBuilder().setDiscard(Discard.newBuilder().setSlot(wire(slot))).build();
  }

  /** With the bytes where they are. */
  static ProcessFrame send(
      long request, long registration, ChunkHeader chunk, Outgoing body, long nanos) {
    Send.Builder send =
        Send.newBuilder()
            .setRequest(request)
            .setRegistration(registration)
            .setChunk(ChunkingCodec.toWire(chunk))
            .setTimeoutNanos(nanos);
    switch (body) {
      case Outgoing.Inline(var bytes) -> send.setInline(bytes);
      case Outgoing.Pooled(PoolMemory memory) -> send.setSlot(wire(memory.slot()));
    }
    return ProcessFrame.newBuilder().setSend(send).build();
  }

  static ProcessFrame join(long request, long registration, ChunkHeader chunk, long nanos) {
    return ProcessFrame.newBuilder()
        .setJoin(
            Join.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setChunk(ChunkingCodec.toWire(chunk))
                .setTimeoutNanos(nanos))
        .build();
  }

  static ProcessFrame partWritten(long request, int part) {
    return ProcessFrame.newBuilder()
        .setPartWritten(PartWritten.newBuilder().setRequest(request).setPart(part))
        .build();
  }

  static ProcessFrame closeStream(
      long request,
      long registration,
      String dataId,
      int count,
      List<Destination> destinations,
      long nanos) {
    return ProcessFrame.newBuilder()
        .setCloseStream(
            CloseStream.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setDataId(dataId)
                .setCount(count)
                .addAllDestinations(DestinationCodec.listToWire(destinations))
                .setTimeoutNanos(nanos))
        .build();
  }

  static ProcessFrame receive(
      long request, long registration, String dataId, int index, long nanos) {
    return ProcessFrame.newBuilder()
        .setReceive(
            Receive.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setDataId(dataId)
                .setIndex(index)
                .setTimeoutNanos(nanos))
        .build();
  }

  static ProcessFrame cancel(long request) {
    return ProcessFrame.newBuilder().setCancel(Cancel.newBuilder().setRequest(request)).build();
  }

  static ProcessFrame markDone(long registration, String dataId, int index) {
    return ProcessFrame.newBuilder()
        .setMarkDone(
            MarkDone.newBuilder().setRegistration(registration).setDataId(dataId).setIndex(index))
        .build();
  }

  static ProcessFrame letGo(long registration, String dataId, int index) {
    return ProcessFrame.newBuilder()
        .setLetGo(
            LetGo.newBuilder().setRegistration(registration).setDataId(dataId).setIndex(index))
        .build();
  }

  private static io.baton.proto.v1.SlotHandle wire(SlotHandle slot) {
    return ExchangeCodec.slotToWire(slot.pool(), slot.offset(), slot.generation());
  }
}

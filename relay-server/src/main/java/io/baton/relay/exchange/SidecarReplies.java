package io.baton.relay.exchange;

import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Allocated;
import io.baton.proto.v1.EndOfStream;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.Registered;
import io.baton.proto.v1.RequestFailed;
import io.baton.proto.v1.Sent;
import io.baton.proto.v1.WritePart;
import io.baton.session.exchange.Failure;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import java.util.Optional;
import java.util.function.Consumer;

/** What a process of this host is told. For any thread. */
final class SidecarReplies {

  private final Consumer<ProcessReply> speech;

  /**
   * @param speech says it to the process, or ends its connection
   */
  SidecarReplies(Consumer<ProcessReply> speech) {
    this.speech = speech;
  }

  void registered(long request) {
    reply(ProcessReply.newBuilder().setRegistered(Registered.newBuilder().setRequest(request)));
  }

  void allocated(long request, Slot slot) {
    reply(
        ProcessReply.newBuilder()
            .setAllocated(
                Allocated.newBuilder().setRequest(request).setSlot(toWire(slot.handle()))));
  }

  /** Write the chunk's bytes from {@code from} to before {@code to}. */
  void writePart(long request, int part, Slot slot, long from, long to) {
    reply(
        ProcessReply.newBuilder()
            .setWritePart(
                WritePart.newBuilder()
                    .setRequest(request)
                    .setPart(part)
                    .setSlot(toWire(slot.handle()))
                    .setFrom(from)
                    .setTo(to)));
  }

  /** What was to be sent is, or why not. */
  void finish(long request, Optional<Failure> failure) {
    failure.ifPresentOrElse(why -> fail(request, why), () -> sent(request));
  }

  private void sent(long request) {
    reply(ProcessReply.newBuilder().setSent(Sent.newBuilder().setRequest(request)));
  }

  void received(long request, StoredChunk chunk) {
    StoredChunk.Label label = chunk.label();
    Received.Builder received =
        Received.newBuilder()
            .setRequest(request)
            .setContent(ContentCodec.toWire(label.content()))
            .addAllNextPeers(label.nextPeers());
    label.count().ifPresent(received::setCount);
    switch (chunk) {
      case StoredChunk.Inline inline -> received.setInline(inline.body());
      case StoredChunk.Pooled pooled -> received.setSlot(toWire(pooled.slot().handle()));
      case StoredChunk.Foreign foreign ->
          received
              .setSlot(toWire(foreign.handle()))
              .setPool(
                  ExchangeCodec.toWire(
                      new PoolAddress(foreign.pool().path().toString(), foreign.pool().id())));
    }
    reply(ProcessReply.newBuilder().setReceived(received));
  }

  void endOfStream(long request, int count) {
    reply(
        ProcessReply.newBuilder()
            .setEndOfStream(EndOfStream.newBuilder().setRequest(request).setCount(count)));
  }

  void fail(long request, Failure.Reason reason, String message) {
    fail(request, new Failure(reason, message));
  }

  void fail(long request, Failure failure) {
    reply(
        ProcessReply.newBuilder()
            .setFailed(
                RequestFailed.newBuilder()
                    .setRequest(request)
                    .setFailure(FailureCodec.toWire(failure))));
  }

  private void reply(ProcessReply.Builder reply) {
    speech.accept(reply.build());
  }

  private static io.baton.proto.v1.SlotHandle toWire(SlotHandle handle) {
    return ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation());
  }
}

package io.baton.relay.exchange;

import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Allocated;
import io.baton.proto.v1.EndOfStream;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.Registered;
import io.baton.proto.v1.RequestFailed;
import io.baton.proto.v1.Sent;
import io.baton.proto.v1.SidecarReply;
import io.baton.proto.v1.SidecarWelcome;
import io.baton.proto.v1.WritePart;
import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.function.Consumer;

/** What a process of this host is told. For any thread. */
final class SidecarReplies {

  private static final SenderLimits LIMITS = new SenderLimits(1 << 16, 64L << 20);

  private final FlowControlledSender<SidecarReply> sender;
  private final Runnable onUnread;

  /**
   * @param onUnread more would have to be kept for a process that does not read than may be
   * @param onLost why nothing reaches the process any more
   */
  SidecarReplies(
      ServerCallStreamObserver<SidecarReply> call, Runnable onUnread, Consumer<String> onLost) {
    this.onUnread = onUnread;
    this.sender =
        new FlowControlledSender<>(
            call, SidecarReply::getSerializedSize, LIMITS, new Ended(onLost), false);
    call.setOnReadyHandler(sender::onReady);
  }

  /** No more is to be said. */
  void complete() {
    sender.complete();
  }

  void end(Status status, String why) {
    sender.fail(status.withDescription(why).asException());
  }

  void welcome(int version, RelayId self, PinnedPool pool) {
    reply(
        SidecarReply.newBuilder()
            .setWelcome(
                SidecarWelcome.newBuilder()
                    .setVersion(version)
                    .setIdentity(IdCodec.toWire(self))
                    .setPool(
                        ExchangeCodec.toWire(new PoolAddress(pool.path().toString(), pool.id())))));
  }

  void registered(long request) {
    reply(SidecarReply.newBuilder().setRegistered(Registered.newBuilder().setRequest(request)));
  }

  void allocated(long request, Slot slot) {
    reply(
        SidecarReply.newBuilder()
            .setAllocated(
                Allocated.newBuilder().setRequest(request).setSlot(toWire(slot.handle()))));
  }

  /** Write the chunk's bytes from {@code from} to before {@code to}. */
  void writePart(long request, int part, Slot slot, long from, long to) {
    reply(
        SidecarReply.newBuilder()
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
    reply(SidecarReply.newBuilder().setSent(Sent.newBuilder().setRequest(request)));
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
    reply(SidecarReply.newBuilder().setReceived(received));
  }

  void endOfStream(long request, int count) {
    reply(
        SidecarReply.newBuilder()
            .setEndOfStream(EndOfStream.newBuilder().setRequest(request).setCount(count)));
  }

  void fail(long request, Failure.Reason reason, String message) {
    fail(request, new Failure(reason, message));
  }

  void fail(long request, Failure failure) {
    reply(
        SidecarReply.newBuilder()
            .setFailed(
                RequestFailed.newBuilder()
                    .setRequest(request)
                    .setFailure(FailureCodec.toWire(failure))));
  }

  /** A process that does not read its replies would wait for them for ever. */
  private void reply(SidecarReply.Builder reply) {
    if (!sender.offer(reply.build())) {
      onUnread.run();
    }
  }

  private static io.baton.proto.v1.SlotHandle toWire(SlotHandle handle) {
    return ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation());
  }

  private record Ended(Consumer<String> onLost) implements SenderListener {

    @Override
    public void onDropped(int groups) {}

    @Override
    public void onEnded(Optional<Throwable> cause) {
      cause.ifPresent(error -> onLost.accept(String.valueOf(error.getMessage())));
    }
  }
}

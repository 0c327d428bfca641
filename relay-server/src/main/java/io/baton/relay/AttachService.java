package io.baton.relay;

import io.baton.proto.v1.AttachGrpc;
import io.baton.proto.v1.CommandFrame;
import io.baton.proto.v1.ExecutorFrame;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.payload.PayloadAssembler;
import io.baton.transport.payload.PayloadFramer;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** What stage executors of other processes call, over a Unix-domain socket. */
final class AttachService extends AttachGrpc.AttachImplBase {

  private final RelayId self;
  private final ExecutorSlot slot;
  private final PayloadFramer framer;
  private final Budget payloads;

  AttachService(RelayId self, ExecutorSlot slot, PayloadFramer framer, Budget payloads) {
    this.self = self;
    this.slot = slot;
    this.framer = framer;
    this.payloads = payloads;
  }

  @Override
  public StreamObserver<ExecutorFrame> attach(StreamObserver<CommandFrame> observer) {
    return new RemoteExecutor(
        self,
        slot,
        framer,
        new PayloadAssembler(payloads.capacity(), payloads),
        (ServerCallStreamObserver<CommandFrame>) observer);
  }
}

package io.baton.relay;

import io.baton.proto.v1.AttachGrpc;
import io.baton.proto.v1.CommandFrame;
import io.baton.proto.v1.ExecutorFrame;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.payload.PayloadMemory;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.ScheduledExecutorService;

/** What stage executors of other processes call, over a Unix-domain socket. */
final class AttachService extends AttachGrpc.AttachImplBase {

  private final RelayId self;
  private final ExecutorSlot slot;
  private final PayloadMemory memory;
  private final Budget payloads;
  private final ScheduledExecutorService timer;

  /**
   * @param payloads for outputs that are being received
   */
  AttachService(
      RelayId self,
      ExecutorSlot slot,
      PayloadMemory memory,
      Budget payloads,
      ScheduledExecutorService timer) {
    this.self = self;
    this.slot = slot;
    this.memory = memory;
    this.payloads = payloads;
    this.timer = timer;
  }

  @Override
  public StreamObserver<ExecutorFrame> attach(StreamObserver<CommandFrame> observer) {
    return new RemoteExecutor(
        self, slot, memory, payloads, timer, (ServerCallStreamObserver<CommandFrame>) observer);
  }
}

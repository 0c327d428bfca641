package io.baton.relay;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.StatusRequest;
import io.baton.proto.v1.StatusResponse;
import io.baton.transport.FairBudget;
import io.baton.transport.grpc.Caller;
import io.baton.transport.grpc.Deaf;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.payload.PayloadMemory;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** What clients call. */
final class RelayService extends RelayGrpc.RelayImplBase {

  /** Of answers that wait to be read, by all clients together. */
  private static final long QUEUED_ANSWER_BYTES = 256L << 20;

  private final RelayContext relay;
  private final ExecutorSlot slot;
  private final SessionOpener opener;
  private final PayloadMemory memory;
  private final FairBudget payloads;
  private final FairBudget streams;
  private final FairBudget answers;
  private final StatusReport report;

  RelayService(
      RelayContext relay,
      ExecutorSlot slot,
      PayloadMemory memory,
      FairBudget payloads,
      StatusReport report) {
    this.relay = relay;
    this.slot = slot;
    this.opener = new SessionOpener(relay, slot);
    this.memory = memory;
    this.payloads = payloads;
    this.streams = new FairBudget(relay.limits().streams(), relay.limits().share());
    this.answers = new FairBudget(QUEUED_ANSWER_BYTES, relay.limits().share());
    this.report = report;
  }

  @Override
  public void describe(DescribeRequest request, StreamObserver<DescribeResponse> observer) {
    DescribeResponse.Builder response =
        DescribeResponse.newBuilder()
            .setVersions(Versions.spoken())
            .setIdentity(IdCodec.toWire(relay.self()))
            .setDraining(relay.sessions().isShut())
            .setSessions(relay.sessions().size())
            .setMaxSessions(relay.limits().sessions());
    slot.executor()
        .ifPresentOrElse(
            e -> response.addStages(StageCodec.toWire(e.info())),
            () -> response.setNoStage(slot.absence()));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void status(StatusRequest request, StreamObserver<StatusResponse> observer) {
    var _ =
        report
            .take()
            .whenComplete(
                (response, error) -> {
                  if (error == null) {
                    observer.onNext(response);
                    observer.onCompleted();
                  } else {
                    observer.onError(
                        Status.INTERNAL
                            .withDescription("the status cannot be told: " + error)
                            .withCause(error)
                            .asException());
                  }
                });
  }

  @Override
  public StreamObserver<ClientFrame> session(StreamObserver<StageFrame> observer) {
    Caller caller = Caller.current();
    if (!streams.tryTake(caller, 1)) {
      observer.onError(
          Status.RESOURCE_EXHAUSTED
              .withDescription(
                  "%d streams of clients are open, of %d, and each has a share"
                      .formatted(streams.used(), streams.capacity()))
              .asException());
      return new Deaf<>();
    }
    return new ClientStream(
        opener,
        caller,
        memory,
        new ClientStream.Receiving(
            payloads.capacity(),
            payloads.of(caller),
            answers.of(caller),
            relay.timer(),
            relay.streams(),
            () -> streams.giveBack(caller, 1)),
        (ServerCallStreamObserver<StageFrame>) observer,
        SenderLimits.DEFAULT);
  }
}

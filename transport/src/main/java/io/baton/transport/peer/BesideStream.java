package io.baton.transport.peer;

import com.google.protobuf.InvalidProtocolBufferException;
import io.baton.proto.v1.PeerFrame;
import io.baton.transport.LaneKind;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxHub;
import io.grpc.Status;
import java.nio.ByteBuffer;

/** What comes beside a connection's stream. Frames mean the same there as on it. */
record BesideStream(InboundConnection connection, InboundSteps steps, InboundBodies bodies)
    implements UcxHub.Target {

  @Override
  public void onFrame(ByteBuffer frame) {
    try {
      connection.hear(PeerFrame.parseFrom(frame), LaneKind.UCX);
    } catch (InvalidProtocolBufferException e) {
      connection.end(
          Status.INVALID_ARGUMENT,
          DropReason.MALFORMED,
          "a frame beside the stream: " + e.getMessage());
    }
  }

  @Override
  public Landing onBody(long number, long bytes) {
    return OutboundSteps.isStep(number) ? steps.land(number, bytes) : bodies.land(number, bytes);
  }
}

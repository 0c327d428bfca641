package io.baton.relay.hostile;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.TensorCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.Close;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.Heartbeat;
import io.baton.proto.v1.LayerSpan;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.RelayIdentity;
import io.baton.proto.v1.SessionId;
import io.baton.proto.v1.Step;
import io.baton.proto.v1.StepHead;
import io.baton.session.model.Digest;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.verification.PayloadDigester;

/** Frames of sessions that are as they should be, to be spoilt or not. */
final class SessionFrames {

  static final RelayIdentity PEER =
      RelayIdentity.newBuilder().setName("peer").setIncarnation(3).build();

  private SessionFrames() {}

  static SessionId id(long number) {
    return SessionId.newBuilder().setHigh(0xfeedfacecafebeefL).setLow(number).build();
  }

  /** Of the client that is called so. */
  static ByteString proof(String client) {
    return ByteString.copyFromUtf8("the secret of " + client);
  }

  static Open.Builder open(long session, String client) {
    return Open.newBuilder()
        .setVersions(Versions.spoken())
        .setSession(id(session))
        .setProof(proof(client))
        .setEpoch(1)
        .setModelId(EchoExecutor.MODEL)
        .setSpan(LayerSpan.newBuilder().setEnd(1))
        .addPushSources(PEER)
        .setMaxLength(EchoExecutor.MAX_LENGTH);
  }

  static ClientFrame frame(Open.Builder open) {
    return ClientFrame.newBuilder().setOpen(open).build();
  }

  static ClientFrame frame(Step.Builder step) {
    return ClientFrame.newBuilder().setStep(step).build();
  }

  static ClientFrame heartbeat() {
    return ClientFrame.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build();
  }

  static ClientFrame close() {
    return ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build();
  }

  /** Rows of zeros, inline. */
  static PayloadHeader.Builder payload(TensorSpec row, int rows) {
    TensorSpec spec = row.withRows(rows);
    byte[] zeros = new byte[Math.toIntExact(spec.bytes())];
    return PayloadHeader.newBuilder()
        .setActivations(TensorCodec.toWire(spec))
        .setInline(ByteString.copyFrom(zeros))
        .setDigest(
            DigestCodec.toWire(
                new PayloadDigester(Digest.Algorithm.SHA256)
                    .payload(Tensor.wrap(spec, zeros))
                    .digest()));
  }

  /** The same, announced to come in chunks. */
  static PayloadHeader.Builder announced(TensorSpec row, int rows, int chunks) {
    return PayloadHeader.newBuilder()
        .setActivations(TensorCodec.toWire(row.withRows(rows)))
        .setChunkCount(chunks)
        .setDataId(5)
        .setDigest(
            DigestCodec.toWire(
                new Digest(Digest.Algorithm.SHA256, new byte[Digest.Algorithm.SHA256.bytes()])));
  }

  static Step.Builder step(int number, int position, int count, PayloadHeader.Builder payload) {
    return Step.newBuilder()
        .setEpoch(1)
        .setStep(number)
        .setPosition(position)
        .setCount(count)
        .setPayload(payload);
  }

  /** On the lane grpc. */
  static PeerFrame pushHello() {
    return Frames.frame(Frames.peerHello().setFrom(PEER));
  }

  /** Of a push, and different for each one of this session. */
  static long number(long session, long number) {
    return Long.MIN_VALUE | session << Integer.SIZE | number;
  }

  static PeerFrame pushed(
      long session,
      ByteString ticket,
      int number,
      int position,
      int count,
      PayloadHeader.Builder payload) {
    Parcel.Builder parcel =
        Parcel.newBuilder()
            .setNumber(number(session, number))
            .setStep(
                StepHead.newBuilder()
                    .setSession(id(session))
                    .setTicket(ticket)
                    .setEpoch(1)
                    .setStep(number)
                    .setPosition(position)
                    .setCount(count)
                    .setActivations(payload.getActivations())
                    .addAllSideInputs(payload.getSideInputsList())
                    .setDigest(payload.getDigest()));
    return Frames.frame(
        payload.getChunkCount() == 0
            ? parcel.setInline(payload.getInline())
            : parcel.setFollowing(Empty.getDefaultInstance()));
  }
}

package io.baton.relay.hostile;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Allocate;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.ChunkHead;
import io.baton.proto.v1.Chunking;
import io.baton.proto.v1.Content;
import io.baton.proto.v1.DType;
import io.baton.proto.v1.Destination;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LaneKind;
import io.baton.proto.v1.MarkDone;
import io.baton.proto.v1.Member;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.Receive;
import io.baton.proto.v1.RegisterReader;
import io.baton.proto.v1.RegisterSender;
import io.baton.proto.v1.RelayIdentity;
import io.baton.proto.v1.Send;
import io.baton.proto.v1.TensorSpec;
import java.time.Duration;

/** Frames that are as they should be, to be spoilt or not. */
final class Frames {

  static final long TIMEOUT_NANOS = Duration.ofSeconds(15).toNanos();

  private Frames() {}

  // ---- chunks

  static Content.Builder object(long bytes) {
    return Content.newBuilder().setObject(Empty.getDefaultInstance()).setBytes(bytes);
  }

  static Content.Builder tensor(int bytes) {
    return Content.newBuilder()
        .setTensor(TensorSpec.newBuilder().setDtype(DType.DTYPE_U8).addShape(bytes))
        .setBytes(bytes);
  }

  // ---- between relays

  static PeerHello.Builder peerHello() {
    return PeerHello.newBuilder()
        .setVersions(Versions.spoken())
        .setFrom(RelayIdentity.newBuilder().setName("peer").setIncarnation(77))
        .addLanes(LaneKind.LANE_KIND_GRPC);
  }

  static PeerFrame frame(PeerHello.Builder hello) {
    return PeerFrame.newBuilder().setHello(hello).build();
  }

  /** Of an object whose body is to be granted. */
  static Parcel.Builder offer(long number, String group, String id, long bytes) {
    return Parcel.newBuilder()
        .setNumber(number)
        .setChunk(
            ChunkHead.newBuilder()
                .setGroup(group)
                .setDataId(id)
                .setCount(1)
                .addRanks(0)
                .setContent(object(bytes)));
  }

  static Parcel.Builder inlineOffer(long number, String group, String id, int bytes) {
    return offer(number, group, id, bytes).setInline(zeros(bytes));
  }

  static PeerFrame frame(Parcel.Builder parcel) {
    return PeerFrame.newBuilder().setParcel(parcel).build();
  }

  static PeerFrame body(long number, long offset, ByteString data) {
    return PeerFrame.newBuilder()
        .setBody(BodyPart.newBuilder().setNumber(number).setOffset(offset).setData(data))
        .build();
  }

  // ---- from processes

  static ProcessFrame hello() {
    return ProcessFrame.newBuilder()
        .setHello(ProcessHello.newBuilder().setVersions(Versions.spoken()).setName("process"))
        .build();
  }

  static RegisterSender.Builder sender(long request, long registration, String group) {
    return RegisterSender.newBuilder()
        .setRequest(request)
        .setRegistration(registration)
        .setGroup(group)
        .addMembers(0);
  }

  static ProcessFrame frame(RegisterSender.Builder sender) {
    return ProcessFrame.newBuilder().setRegisterSender(sender).build();
  }

  static RegisterReader.Builder reader(long request, long registration, String group) {
    return RegisterReader.newBuilder()
        .setRequest(request)
        .setRegistration(registration)
        .setGroup(group);
  }

  static ProcessFrame frame(RegisterReader.Builder reader) {
    return ProcessFrame.newBuilder().setRegisterReader(reader).build();
  }

  static Allocate.Builder allocate(long request, long registration, long bytes, String group) {
    return Allocate.newBuilder()
        .setRequest(request)
        .setRegistration(registration)
        .setBytes(bytes)
        .addGroups(group)
        .setTimeoutNanos(TIMEOUT_NANOS);
  }

  static ProcessFrame frame(Allocate.Builder allocate) {
    return ProcessFrame.newBuilder().setAllocate(allocate).build();
  }

  static Destination.Builder here(String group) {
    return Destination.newBuilder().setGroup(group).addMembers(Member.getDefaultInstance());
  }

  static Chunking.Builder chunk(String group, String id, long bytes) {
    return Chunking.newBuilder()
        .setDataId(id)
        .setCount(1)
        .setContent(object(bytes))
        .addDestinations(here(group));
  }

  static Send.Builder send(long request, long registration, Chunking.Builder chunk) {
    return Send.newBuilder()
        .setRequest(request)
        .setRegistration(registration)
        .setChunk(chunk)
        .setTimeoutNanos(TIMEOUT_NANOS);
  }

  static ProcessFrame frame(Send.Builder send) {
    return ProcessFrame.newBuilder().setSend(send).build();
  }

  static Receive.Builder receive(long request, long registration, String id) {
    return Receive.newBuilder()
        .setRequest(request)
        .setRegistration(registration)
        .setDataId(id)
        .setTimeoutNanos(TIMEOUT_NANOS);
  }

  static ProcessFrame frame(Receive.Builder receive) {
    return ProcessFrame.newBuilder().setReceive(receive).build();
  }

  static ProcessFrame markDone(long registration, String id) {
    return ProcessFrame.newBuilder()
        .setMarkDone(MarkDone.newBuilder().setRegistration(registration).setDataId(id))
        .build();
  }

  static ByteString zeros(int bytes) {
    return ByteString.copyFrom(new byte[bytes]);
  }
}

package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.proto.v1.AttachGrpc;
import io.baton.proto.v1.ExchangeGrpc;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.SidecarGrpc;
import io.baton.proto.v1.StatusRequest;
import io.baton.proto.v1.StatusResponse;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who can reach what: nobody is asked for a name, but files have owners. */
@Timeout(60)
class StrangersTest {

  @TempDir private Path directory;
  private HostileRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new HostileRig(directory);
  }

  @AfterEach
  void stop() throws Exception {
    rig.assertServes();
    rig.assertNothingLeft();
    rig.close();
  }

  private static void assertNotServed(Channel at, MethodDescriptor<?, ?> method) throws Exception {
    try (RawStream<?> call = new RawStream<>(at, method)) {
      call.send(new byte[0]).complete();
      assertThat(call.ended().getCode())
          .as(method.getFullMethodName())
          .isEqualTo(Status.Code.UNIMPLEMENTED);
    }
  }

  @Test
  void sidecarAndAttach_areServedAtTheSocketAlone() throws Exception {
    assertNotServed(rig.tcp(), SidecarGrpc.getAttachMethod());
    assertNotServed(rig.tcp(), AttachGrpc.getAttachMethod());
  }

  @Test
  void whatOthersCall_isNotServedAtTheSocket() throws Exception {
    assertNotServed(rig.unix(), ExchangeGrpc.getExchangeMethod());
    assertNotServed(rig.unix(), PushGrpc.getPushMethod());
    assertNotServed(rig.unix(), RelayGrpc.getSessionMethod());
  }

  @Test
  void socketAndPool_areTheirOwnersAlone() throws Exception {
    for (Path file : List.of(rig.socket(), rig.relay().pool().path())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .as("%s", file)
          .isEqualTo("rw-------");
    }
  }

  // ---- calls of one message

  private RawStream<StatusResponse> statusCall(byte[]... messages) {
    RawStream<StatusResponse> call = new RawStream<>(rig.tcp(), RelayGrpc.getStatusMethod());
    for (byte[] message : messages) {
      call.send(message);
    }
    return call.complete();
  }

  /** It asks for nothing in particular, so that there is nothing to be refused. */
  @Test
  void status_asksWithAnything_isAnswered() throws Exception {
    Mutations mutations = new Mutations(7);
    byte[] good =
        StatusRequest.newBuilder()
            .setVersions(io.baton.proto.codec.Versions.spoken())
            .build()
            .toByteArray();
    for (int i = 0; i < 200; i++) {
      try (RawStream<StatusResponse> call = statusCall(mutations.of(good))) {
        StatusResponse status = call.next(StatusResponse::hasIdentity);
        assertThat(status.getIdentity().getName()).isEqualTo("besieged");
        assertThat(call.ended()).matches(Status::isOk);
      }
    }
  }

  @Test
  void status_askedTwiceOrNotAtAll_orAtLength_isATypedError() throws Exception {
    assertThat(statusCall().ended().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(statusCall(new byte[5 << 20]).ended().getCode())
        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    // gRPC's own answer, which may be overtaken by the end of the call.
    assertThat(statusCall(new byte[0], new byte[0]).ended().getCode())
        .isIn(Status.Code.INTERNAL, Status.Code.CANCELLED);
  }
}

package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.StatusRequest;
import io.baton.proto.v1.StatusResponse;
import io.baton.transport.grpc.StallWatch;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
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

  /** As gRPC's clients begin. */
  @Test
  void socket_isSpokenToByGrpc_saysThatThisIsNoFrame() throws Exception {
    try (RawProcess stream = rig.sidecar()) {
      stream.sendPlain("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(stream.ended().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(stream.ended().getDescription()).contains("a frame of 1347569952 bytes");
    }
  }

  /** What is announced costs nothing, and what does not come is not waited for. */
  @Test
  void frame_thatIsOnlyAnnounced_endsTheStreamInTime() throws Exception {
    try (RawProcess stream = rig.sidecar()) {
      stream.sendPlain(new byte[] {0, 0x3f, 0, 0, 1, 2, 3});
      assertThat(stream.endedWithin(StallWatch.PATIENCE.plusSeconds(5)).getCode())
          .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }
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
    RawStream<StatusResponse> call = new RawCall<>(rig.tcp(), RelayGrpc.getStatusMethod());
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

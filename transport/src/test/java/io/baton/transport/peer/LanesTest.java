package io.baton.transport.peer;

import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Each lane against what a link must do by every one; gRPC by a Unix-domain socket, too. */
class LanesTest {

  @Nested
  class InFrames extends LaneConformance {
    @Override
    PeerRig rig() throws Exception {
      return PeerRig.of(LaneKind.GRPC);
    }
  }

  @Nested
  class InFramesOverAUnixSocket extends LaneConformance {

    @TempDir Path directory;

    @Override
    PeerRig rig() throws Exception {
      return PeerRig.of(
          LaneKind.GRPC, new Endpoint.Unix(directory.resolve("relay.sock")), PeerLimits.DEFAULT);
    }
  }

  @Nested
  class InSharedMemory extends LaneConformance {
    @Override
    PeerRig rig() throws Exception {
      return PeerRig.of(LaneKind.LOCAL);
    }
  }

  @Nested
  class ByUcx extends LaneConformance {
    @Override
    PeerRig rig() throws Exception {
      return PeerRig.of(LaneKind.UCX);
    }
  }
}

package io.baton.transport.lane.grpc;

import io.baton.transport.grpc.Endpoint;
import io.baton.transport.lane.Lane;
import io.baton.transport.lane.LaneConformance;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.PushReceiver;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lane over gRPC, by TCP and by a Unix-domain socket, and with payloads in shared memory, which
 * is the local one, against what every lane must do.
 */
class GrpcLaneTest {

  private record ConformanceRig(GrpcRig rig, LaneKind kind) implements LaneConformance.Rig {

    @Override
    public void startReceiver(PushReceiver receiver) throws Exception {
      rig.start(LaneConformance.RECEIVER, receiver);
    }

    @Override
    public void stopReceiver() {
      rig.stop();
    }

    @Override
    public Lane openLane() {
      return rig.open(LaneConformance.SENDER, LaneConformance.QUEUE_BYTES);
    }

    @Override
    public List<String> held() {
      return rig.held();
    }

    @Override
    public void close() {
      rig.close();
    }
  }

  @Nested
  class OverTcp extends LaneConformance {
    @Override
    protected Rig rig() {
      return new ConformanceRig(
          GrpcRig.framing(Endpoint.tcp("127.0.0.1", 0), PushLimits.DEFAULT), LaneKind.GRPC);
    }
  }

  @Nested
  class OverUnixSocket extends LaneConformance {

    @TempDir Path directory;

    @Override
    protected Rig rig() {
      return new ConformanceRig(
          GrpcRig.framing(new Endpoint.Unix(directory.resolve("relay.sock")), PushLimits.DEFAULT),
          LaneKind.GRPC);
    }
  }

  @Nested
  class InSharedMemory extends LaneConformance {
    @Override
    protected Rig rig() throws Exception {
      return new ConformanceRig(
          GrpcRig.sharing(Endpoint.tcp("127.0.0.1", 0), PushLimits.DEFAULT), LaneKind.LOCAL);
    }
  }
}

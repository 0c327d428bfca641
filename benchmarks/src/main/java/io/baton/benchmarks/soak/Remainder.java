package io.baton.benchmarks.soak;

import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import java.time.Duration;

/** What may lie in a pool because an act was cut short. */
record Remainder(Group group, String id) {

  private static final int MOST_CHUNKS = 16;

  /** Takes what there is. */
  void take() throws InterruptedException {
    for (int rank = 0; rank < group.members(); rank++) {
      try (SidecarReader reader =
          group.pair().client(group.host(rank)).reader(group.receiver(rank))) {
        for (int index = 0; index < MOST_CHUNKS; index++) {
          takeOne(reader, index);
        }
      }
    }
  }

  private void takeOne(SidecarReader reader, int index) throws InterruptedException {
    try {
      if (reader.receive(id, index, Duration.ZERO) instanceof ReceivedChunk chunk) {
        chunk.close();
      }
    } catch (SidecarException e) {
      // It is not there, which is as well.
    }
  }
}

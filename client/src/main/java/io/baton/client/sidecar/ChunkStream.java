package io.baton.client.sidecar;

import java.time.Duration;
import java.util.Optional;

/** The chunks of one datum in their order. For one thread. */
public final class ChunkStream {

  private final SidecarReader reader;
  private final String dataId;
  private final Duration timeout;
  private int index;

  ChunkStream(SidecarReader reader, String dataId, Duration timeout) {
    this.reader = reader;
    this.dataId = dataId;
    this.timeout = timeout;
  }

  /**
   * The next chunk, which the caller closes; empty after the last. After a failure it may be asked
   * for again.
   */
  public Optional<ReceivedChunk> next() throws SidecarException, InterruptedException {
    return switch (reader.receive(dataId, index, timeout)) {
      case ReceivedChunk chunk -> {
        index++;
        yield Optional.of(chunk);
      }
      case Received.EndOfStream _ -> Optional.empty();
    };
  }
}

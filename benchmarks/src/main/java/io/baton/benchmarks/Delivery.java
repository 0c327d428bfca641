package io.baton.benchmarks;

import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One process that sends and one that receives. */
final class Delivery {

  private static final long PATIENCE_SECONDS = 30;

  private final SidecarSender sender;
  private final SidecarReader reader;
  private final Destination to;
  private final MemorySegment other;
  private long number;

  /**
   * From a process of the first host to one of the last.
   *
   * @param other memory that is written after a tensor, so that of a small one no more is in the
   *     caches than of one that has as many bytes as this
   */
  Delivery(Hosts hosts, int last, MemorySegment other) {
    this.other = other;
    sender = hosts.client(0).sender(SenderConfig.alone("sender"));
    reader = hosts.client(last).reader(ReceiverConfig.alone("readers"));
    to = hosts.group("readers", last);
  }

  /**
   * Writes a tensor, sends and receives it, and looks at its ends.
   *
   * @return nanoseconds from the sending to the look; not those of writing it, nor those until the
   *     sender knows that it has arrived
   */
  long nanos(int bytes)
      throws SidecarException, InterruptedException, ExecutionException, TimeoutException {
    byte mark = (byte) ++number;
    String id = Long.toString(number);
    OutgoingTensor tensor =
        sender
            .allocate(TensorSpec.of(DType.U8, bytes), List.of(to))
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    tensor.memory().fill(mark);
    other.asSlice(bytes).fill(mark);
    long began = System.nanoTime();
    var sent = tensor.send(id, ChunkPosition.ONLY);
    try (ReceivedChunk chunk = (ReceivedChunk) reader.receive(id, 0)) {
      MemorySegment memory = chunk.memory();
      byte first = memory.get(ValueLayout.JAVA_BYTE, 0);
      byte last = memory.get(ValueLayout.JAVA_BYTE, bytes - 1L);
      long nanos = System.nanoTime() - began;
      if (first != mark || last != mark) {
        throw new IllegalStateException("other bytes were received");
      }
      sent.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      return nanos;
    }
  }
}

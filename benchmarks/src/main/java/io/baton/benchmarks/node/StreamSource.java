package io.baton.benchmarks.node;

import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;

/** Sends over a gRPC stream, from a thread of its own. */
final class StreamSource implements Node {

  private final Streams streams = new Streams();
  private final ManagedChannel channel;
  private final StreamObserver<byte[]> stream;
  private volatile Window window = new Window(1);
  private Workload workload = new Workload(Message.MIN_BYTES, 1, false);
  private long number;

  StreamSource(Settings settings) {
    channel = streams.channel(settings.get("next"));
    stream = Streams.open(channel, (Streams.Hearing) _ -> window.release(null));
  }

  @Override
  public void begin(Workload next) {
    workload = next;
    window = new Window(next.inFlight());
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    long began = System.nanoTime();
    int sent = 0;
    Window mine = window;
    while (sent < most && System.nanoTime() - began < time.toNanos()) {
      mine.acquire();
      byte[] body = new byte[workload.bytes()];
      Message.write(MemorySegment.ofArray(body), number++, workload.whole());
      for (int from = 0; from < body.length; from += Streams.PART_BYTES) {
        int to = Math.min(body.length, from + Streams.PART_BYTES);
        stream.onNext(from == 0 && to == body.length ? body : Arrays.copyOfRange(body, from, to));
      }
      sent++;
    }
    mine.awaitAll();
    return Sent.since(began, sent);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    streams.close();
  }
}

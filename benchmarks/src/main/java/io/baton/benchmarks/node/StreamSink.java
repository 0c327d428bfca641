package io.baton.benchmarks.node;

import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.lang.foreign.MemorySegment;

/** Receives what a {@link StreamSource} sends, and acknowledges each message. */
final class StreamSink implements Node {

  private static final byte[] ACK = new byte[1];

  private final Streams streams = new Streams();
  private final Latencies latencies = new Latencies();
  private final Server server;
  private final String address;
  private volatile Workload workload = new Workload(Message.MIN_BYTES, 1, false);

  StreamSink(Settings settings) throws Exception {
    server = streams.listen(settings.get("listen"), Receiving::new);
    address = Streams.address(settings.get("listen"), server);
  }

  @Override
  public String address() {
    return address;
  }

  @Override
  public void begin(Workload next) {
    workload = next;
  }

  @Override
  public Latencies latencies() {
    return latencies;
  }

  /** Of one stream, in the order of its messages. */
  private final class Receiving implements Streams.Hearing {

    private final StreamObserver<byte[]> back;
    private long came;
    private long number;
    private long sent;

    Receiving(StreamObserver<byte[]> back) {
      this.back = back;
    }

    @Override
    public void onNext(byte[] part) {
      Workload expected = workload;
      MemorySegment bytes = MemorySegment.ofArray(part);
      if (came == 0) {
        number = Message.number(bytes);
        sent = Message.stamp(bytes);
      }
      try {
        Message.check(bytes, came, expected.bytes(), number, expected.whole());
      } catch (IllegalStateException e) {
        latencies.fail(e);
      }
      came += part.length;
      if (came == expected.bytes()) {
        came = 0;
        latencies.add(sent);
        back.onNext(ACK);
      }
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
    streams.close();
  }
}

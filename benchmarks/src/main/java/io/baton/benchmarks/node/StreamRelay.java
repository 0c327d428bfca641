package io.baton.benchmarks.node;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;

/** Passes on what comes, both ways: what stands in a relay's place. */
final class StreamRelay implements Node {

  private final Streams streams = new Streams();
  private final ManagedChannel channel;
  private final Server server;
  private final String address;

  StreamRelay(Settings settings) throws Exception {
    channel = streams.channel(settings.get("next"));
    server = streams.listen(settings.get("listen"), this::opened);
    address = Streams.address(settings.get("listen"), server);
  }

  private StreamObserver<byte[]> opened(StreamObserver<byte[]> back) {
    StreamObserver<byte[]> next = Streams.open(channel, (Streams.Hearing) back::onNext);
    return (Streams.Hearing) next::onNext;
  }

  @Override
  public String address() {
    return address;
  }

  @Override
  public void close() {
    server.shutdownNow();
    channel.shutdownNow();
    streams.close();
  }
}

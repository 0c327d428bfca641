package io.baton.transport.lane.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushHello;
import io.baton.proto.v1.PushReply;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.transport.Payloads;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.lane.DropReason;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.Pushes;
import io.baton.transport.lane.RecordingReceiver;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxUnavailableException;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A stream of pushes whose bytes come by UCX, sent by hand so that they come when they should not.
 */
class UcxPushTest {

  private static final RelayId SENDER = new RelayId("relay-a", 1);
  private static final RelayId SELF = new RelayId("relay-b", 2);

  @TempDir private Path directory;

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(2));
  }

  private static UcxHub ucx(String name) {
    try {
      return UcxHub.start(UcxConfig.withDefaults(name).overTransports("tcp", "self"));
    } catch (UcxUnavailableException e) {
      assumeTrue(false, e.getMessage());
      throw new AssertionError(e);
    }
  }

  private PinnedPool pool(String name) throws Exception {
    return PinnedPool.create(PoolConfig.of(name, 1 << 20).withDirectory(directory).withLock(false));
  }

  private static PushFrame frame(Push push, PayloadFrames payload) {
    return PushFrame.newBuilder().setPush(PushCodec.toWire(push, payload.header())).build();
  }

  @Test
  void push_whoseBytesAreLate_isNotOvertakenByTheNext() throws Exception {
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    RecordingReceiver receiver = new RecordingReceiver();
    Queue<PushReply> replies = new ConcurrentLinkedQueue<>();
    Push first = Pushes.of(1, 1, Payloads.ofBytes(1, 5000));
    Push second = Pushes.of(1, 2, Payloads.ofBytes(2, 5000));
    try (UcxHub here = ucx("here");
        UcxHub there = ucx("there");
        PinnedPool ours = pool("here");
        PinnedPool theirs = pool("there");
        EventLoops loops = EventLoops.start("ucx-push", 1);
        PayloadMemory sending = memory(ours, timer, here, loops);
        PayloadMemory receiving = memory(theirs, timer, there, loops);
        PayloadLink link = sending.sending(PoolUse.PUSH, "relay-b", 1 << 20)) {
      GrpcPushService service =
          new GrpcPushService(SELF, PushLimits.DEFAULT, receiver, receiving, timer);
      try (BoundServer server =
          Servers.start(
              loops,
              Endpoint.tcp("127.0.0.1", 0),
              ServerSettings.direct(InsecureServerCredentials.create()),
              List.of(service))) {
        ManagedChannel channel =
            Channels.open(
                loops, server.endpoint(), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
        StreamObserver<PushFrame> stream = PushGrpc.newStub(channel).push(collecting(replies));
        stream.onNext(
            PushFrame.newBuilder()
                .setHello(
                    PushHello.newBuilder()
                        .setVersions(Versions.spoken())
                        .setFrom(IdCodec.toWire(SENDER)))
                .setSharing(link.news().orElseThrow())
                .build());
        eventually().until(() -> !replies.isEmpty());
        link.take(replies.remove().getSharing(), Optional.of(InetAddress.getLoopbackAddress()));
        eventually().until(() -> link.lane() == LaneKind.UCX);

        PayloadFrames late = link.frame(first.payload());
        stream.onNext(frame(first, late));
        PayloadFrames early = link.frame(second.payload());
        stream.onNext(frame(second, early));
        link.sent(early);
        eventually().until(() -> theirs.usage().total().slots() == 1);
        assertThat(receiver.pushes()).isEmpty();
        link.sent(late);
        eventually().until(() -> receiver.pushes().size() == 2);
        assertThat(receiver.pushes()).containsExactly(first, second);

        // What never comes is dropped, and does not hold up the rest for long.
        stream.onNext(frame(first, link.frame(first.payload())));
        PayloadFrames last = link.frame(second.payload());
        stream.onNext(frame(second, last));
        link.sent(last);
        eventually().until(() -> receiver.pushes().size() == 3);
        assertThat(receiver.drops())
            .extracting(RecordingReceiver.Drop::reason)
            .containsExactly(DropReason.STALE);
        channel.shutdownNow();
        service.close();
      }
    } finally {
      timer.shutdownNow();
    }
  }

  private static PayloadMemory memory(
      PinnedPool pool, ScheduledExecutorService timer, UcxHub hub, EventLoops loops) {
    return PayloadMemory.of(
        pool, timer, new PayloadMemory.Ways(false, Optional.of(hub), loops.executor()));
  }

  private static StreamObserver<PushReply> collecting(Queue<PushReply> replies) {
    return new StreamObserver<>() {
      @Override
      public void onNext(PushReply reply) {
        replies.add(reply);
      }

      @Override
      public void onError(Throwable cause) {}

      @Override
      public void onCompleted() {}
    };
  }
}

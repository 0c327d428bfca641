package io.baton.simulations.chain;

import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushReply;
import io.baton.proto.v1.Pushed;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.StageFrame;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands in front of a relay and speaks its protocol on both sides: sees every frame, and lets a
 * test lose, double, delay, reorder, change or forge pushes, as a hostile relay or a bad network
 * would. Frames are small in these tests, so it does without flow control.
 */
final class Tap implements AutoCloseable {

  /** What becomes of a push: handed on, changed, doubled, kept for later, or lost. */
  @FunctionalInterface
  interface PushFault {
    void onPush(Pushed push, Onward onward);
  }

  /** Towards the relay. */
  @FunctionalInterface
  interface Onward {
    void push(Pushed push);
  }

  static final PushFault HONEST = (push, onward) -> onward.push(push);

  private final EventLoops loops = EventLoops.start("baton-tap", 1);
  private final ManagedChannel channel;
  private final BoundServer server;
  private final Queue<ClientFrame> fromClient = new ConcurrentLinkedQueue<>();
  private final Queue<StageFrame> fromStage = new ConcurrentLinkedQueue<>();
  private final Queue<Pushed> pushes = new ConcurrentLinkedQueue<>();
  private final AtomicInteger peersConnected = new AtomicInteger();
  private final AtomicInteger described = new AtomicInteger();
  private volatile boolean silent;
  private volatile PushFault fault = HONEST;
  private volatile String sender = "";

  private Tap(Endpoint relay) throws BindFailedException {
    channel = Channels.open(loops, relay, InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
    server =
        Servers.start(
            loops,
            Endpoint.tcp("127.0.0.1", 0),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(new RelayTap(), new PushTap()));
  }

  static Tap inFrontOf(Endpoint relay) throws BindFailedException {
    return new Tap(relay);
  }

  HostPort address() {
    return HostPort.parse(server.endpoint().toString());
  }

  void pushesMeet(PushFault next) {
    fault = next;
  }

  /** Peers that connect from now on pretend to be another. */
  void greetingsSay(String name) {
    sender = name;
  }

  /** All that clients have sent. */
  List<ClientFrame> fromClient() {
    return List.copyOf(fromClient);
  }

  /** All that the relay has told its clients. */
  List<StageFrame> fromStage() {
    return List.copyOf(fromStage);
  }

  /** Relays that have said hello. */
  int peersConnected() {
    return peersConnected.get();
  }

  /** Nobody is told any more what the relay serves, and nobody is refused. */
  void describesNothing() {
    silent = true;
  }

  /** How often the relay was asked what it serves. */
  int described() {
    return described.get();
  }

  /** All pushes that have come, whatever became of them. */
  List<Pushed> pushes() {
    return List.copyOf(pushes);
  }

  @Override
  public void close() {
    server.close();
    channel.shutdownNow();
    loops.close();
  }

  private final class RelayTap extends RelayGrpc.RelayImplBase {

    @Override
    public void describe(DescribeRequest request, StreamObserver<DescribeResponse> observer) {
      described.incrementAndGet();
      if (silent) {
        return;
      }
      channel.resetConnectBackoff();
      RelayGrpc.newStub(channel).describe(request, observer);
    }

    @Override
    public StreamObserver<ClientFrame> session(StreamObserver<StageFrame> observer) {
      // With a handler, writing to a call that was cancelled does nothing instead of throwing.
      ((ServerCallStreamObserver<StageFrame>) observer).setOnCancelHandler(() -> {});
      StreamObserver<ClientFrame> onward =
          RelayGrpc.newStub(channel).session(new Copying<>(observer, fromStage));
      return new Copying<>(onward, fromClient);
    }
  }

  private final class PushTap extends PushGrpc.PushImplBase {

    @Override
    public StreamObserver<PushFrame> push(StreamObserver<PushReply> observer) {
      ((ServerCallStreamObserver<PushReply>) observer).setOnCancelHandler(() -> {});
      StreamObserver<PushFrame> onward =
          PushGrpc.newStub(channel)
              .push(new Copying<>(observer, new ConcurrentLinkedQueue<PushReply>()));
      return new StreamObserver<>() {
        @Override
        public void onNext(PushFrame frame) {
          if (frame.hasPush()) {
            pushes.add(frame.getPush());
            fault.onPush(frame.getPush(), push -> send(onward, push));
          } else {
            onward.onNext(renamed(frame));
            peersConnected.incrementAndGet();
          }
        }

        @Override
        public void onError(Throwable error) {
          onward.onError(error);
        }

        @Override
        public void onCompleted() {
          onward.onCompleted();
        }
      };
    }

    private PushFrame renamed(PushFrame frame) {
      // Without a word of shared memory, pushes come in messages, where they can be changed.
      PushFrame.Builder changed = frame.toBuilder().clearSharing();
      if (frame.hasHello() && !sender.isEmpty()) {
        changed.getHelloBuilder().getFromBuilder().setName(sender);
      }
      return changed.build();
    }

    /** Possibly on another thread, if it was kept for later. */
    private void send(StreamObserver<PushFrame> onward, Pushed push) {
      synchronized (onward) {
        try {
          onward.onNext(PushFrame.newBuilder().setPush(push).build());
        } catch (IllegalStateException e) {
          // The stream has ended meanwhile, and pushes may be lost.
        }
      }
    }
  }

  /** Hands frames on and keeps a copy. */
  private static final class Copying<T> implements StreamObserver<T> {

    private final StreamObserver<T> onward;
    private final Queue<T> copies;

    Copying(StreamObserver<T> onward, Queue<T> copies) {
      this.onward = onward;
      this.copies = copies;
    }

    @Override
    public void onNext(T frame) {
      copies.add(frame);
      onward.onNext(frame);
    }

    @Override
    public void onError(Throwable error) {
      onward.onError(error);
    }

    @Override
    public void onCompleted() {
      onward.onCompleted();
    }
  }
}

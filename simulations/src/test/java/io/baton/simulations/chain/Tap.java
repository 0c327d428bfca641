package io.baton.simulations.chain;

import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LaneKind;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.PeerReply;
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
    void onPush(Parcel push, Onward onward);
  }

  /** Towards the relay. */
  @FunctionalInterface
  interface Onward {
    void push(Parcel push);
  }

  static final PushFault HONEST = (push, onward) -> onward.push(push);

  private final EventLoops loops = EventLoops.start("baton-tap", 1);
  private final ManagedChannel channel;
  private final BoundServer server;
  private final Queue<ClientFrame> fromClient = new ConcurrentLinkedQueue<>();
  private final Queue<StageFrame> fromStage = new ConcurrentLinkedQueue<>();
  private final Queue<Parcel> pushes = new ConcurrentLinkedQueue<>();
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
            List.of(new RelayTap(), new LinkTap()));
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
  List<Parcel> pushes() {
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

  private final class LinkTap extends LinkGrpc.LinkImplBase {

    @Override
    public StreamObserver<PeerFrame> carry(StreamObserver<PeerReply> observer) {
      ((ServerCallStreamObserver<PeerReply>) observer).setOnCancelHandler(() -> {});
      StreamObserver<PeerFrame> onward =
          LinkGrpc.newStub(channel)
              .carry(new Copying<>(observer, new ConcurrentLinkedQueue<PeerReply>()));
      return new StreamObserver<>() {
        @Override
        public void onNext(PeerFrame frame) {
          if (frame.getParcel().hasStep()) {
            pushes.add(frame.getParcel());
            fault.onPush(
                frame.getParcel(),
                push -> send(onward, PeerFrame.newBuilder().setParcel(push).build()));
          } else if (frame.hasHello()) {
            send(onward, PeerFrame.newBuilder().setHello(changed(frame.getHello())).build());
            peersConnected.incrementAndGet();
          } else {
            send(onward, frame);
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

    /** Large pushes are not tampered with. */
    @Override
    public StreamObserver<BulkFrame> bulk(StreamObserver<Empty> observer) {
      ((ServerCallStreamObserver<Empty>) observer).setOnCancelHandler(() -> {});
      StreamObserver<BulkFrame> onward =
          LinkGrpc.newStub(channel).bulk(new Copying<>(observer, new ConcurrentLinkedQueue<>()));
      return new Copying<>(onward, new ConcurrentLinkedQueue<>());
    }

    private PeerHello changed(PeerHello hello) {
      // Pushes come in frames, where they can be changed.
      PeerHello.Builder changed =
          hello.toBuilder().clearData().clearLanes().addLanes(LaneKind.LANE_KIND_GRPC);
      if (!sender.isEmpty()) {
        changed.getFromBuilder().setName(sender);
      }
      return changed.build();
    }

    /** Possibly on another thread, if it was kept for later. */
    private void send(StreamObserver<PeerFrame> onward, PeerFrame frame) {
      synchronized (onward) {
        try {
          onward.onNext(frame);
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

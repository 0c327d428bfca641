package io.baton.relay.exchange;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.Granted;
import io.baton.proto.v1.LaneKind;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.PeerWelcome;
import io.baton.proto.v1.Released;
import io.baton.proto.v1.Taken;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.grpc.InsecureServerCredentials;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Another relay, of which a test says what it hears and what it answers. It greets by itself. */
final class ScriptedPeer extends LinkGrpc.LinkImplBase implements AutoCloseable {

  /** What nothing takes. */
  private static final long PATIENCE_SECONDS = 30;

  /** A stream of the relay under test. */
  static final class Call implements StreamObserver<PeerFrame> {

    final BlockingQueue<PeerFrame> frames = new LinkedBlockingQueue<>();
    private final ServerCallStreamObserver<PeerReply> answers;
    private final long bulkKey;
    private final boolean reading;

    Call(ServerCallStreamObserver<PeerReply> answers, long bulkKey, boolean reading) {
      this.answers = answers;
      this.bulkKey = bulkKey;
      this.reading = reading;
      answers.disableAutoInboundFlowControl();
      answers.request(1);
    }

    @Override
    public void onNext(PeerFrame frame) {
      if (frame.hasHello()) {
        answer(
            PeerReply.newBuilder()
                .setWelcome(
                    PeerWelcome.newBuilder()
                        .setVersion(1)
                        .setIdentity(IdCodec.toWire(new RelayId("scripted", 5)))
                        .setBulkKey(bulkKey)
                        .setLane(LaneKind.LANE_KIND_GRPC)));
      } else {
        frames.add(frame);
      }
      if (reading) {
        answers.request(1);
      }
    }

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}

    /** Reads the next frame. */
    void readOne() {
      answers.request(1);
    }

    /** Reads all that was sent and will be. */
    void read() {
      answers.request(Integer.MAX_VALUE);
    }

    synchronized void answer(PeerReply.Builder reply) {
      answers.onNext(reply.build());
    }

    void taken(long transfer) {
      answer(PeerReply.newBuilder().setTaken(Taken.newBuilder().setNumber(transfer)));
    }

    void granted(long transfer) {
      answer(PeerReply.newBuilder().setGranted(Granted.newBuilder().setNumber(transfer)));
    }

    void released(long transfer) {
      answer(PeerReply.newBuilder().setReleased(Released.newBuilder().addNumbers(transfer)));
    }

    synchronized void cut() {
      answers.onError(Status.UNAVAILABLE.withDescription("the test cuts it").asException());
    }

    /** The next frame. */
    PeerFrame next() throws InterruptedException {
      return poll(frames, "a frame");
    }

    /** The next frame, which must be of that kind. */
    PeerFrame next(Predicate<PeerFrame> wanted) throws InterruptedException {
      PeerFrame frame = next();
      if (!wanted.test(frame)) {
        throw new AssertionError("another frame: " + frame.getFrameCase());
      }
      return frame;
    }
  }

  private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
  private final Map<Long, Call> byKey = new ConcurrentHashMap<>();
  private final AtomicLong keys = new AtomicLong();
  private final BoundServer server;
  private volatile boolean reading = true;
  private volatile boolean readingBodies = true;

  ScriptedPeer(EventLoops loops) throws Exception {
    server =
        Servers.start(
            loops,
            Endpoint.tcp("127.0.0.1", 0),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(this));
  }

  String address() {
    return server.endpoint().toString();
  }

  /** From the next stream on it reads nothing but the hello, until it is told to. */
  void stopReading() {
    reading = false;
  }

  @Override
  public StreamObserver<PeerFrame> carry(StreamObserver<PeerReply> answers) {
    long key = keys.incrementAndGet();
    Call call = new Call((ServerCallStreamObserver<PeerReply>) answers, key, reading);
    byKey.put(key, call);
    calls.add(call);
    return call;
  }

  /** Of bodies it reads the first part, and then nothing. */
  void stopReadingBodies() {
    readingBodies = false;
  }

  /** What is heard there is heard by the call that it belongs to. */
  @Override
  public StreamObserver<BulkFrame> bulk(StreamObserver<Empty> answers) {
    if (!readingBodies) {
      ServerCallStreamObserver<Empty> call = (ServerCallStreamObserver<Empty>) answers;
      call.disableAutoInboundFlowControl();
      call.request(2);
    }
    return new StreamObserver<>() {
      private @Nullable Call its;

      @Override
      public void onNext(BulkFrame frame) {
        Call call = its;
        if (call == null) {
          its = byKey.get(frame.getHello().getKey());
        } else if (frame.hasParcel()) {
          call.frames.add(PeerFrame.newBuilder().setParcel(frame.getParcel()).build());
        } else {
          call.frames.add(PeerFrame.newBuilder().setBody(frame.getBody()).build());
        }
      }

      @Override
      public void onError(Throwable cause) {}

      @Override
      public void onCompleted() {}
    };
  }

  /** The next stream that the relay opens. */
  Call call() throws InterruptedException {
    return poll(calls, "a stream");
  }

  private static <T> T poll(BlockingQueue<T> queue, String what) throws InterruptedException {
    @Nullable T next = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError(what + " did not come");
    }
    return next;
  }

  @Override
  public void close() {
    server.close();
  }
}

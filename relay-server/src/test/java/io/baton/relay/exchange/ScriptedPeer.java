package io.baton.relay.exchange;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeGrpc;
import io.baton.proto.v1.ExchangeReply;
import io.baton.proto.v1.ExchangeWelcome;
import io.baton.proto.v1.Granted;
import io.baton.proto.v1.LaneKind;
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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Another relay, of which a test says what it hears and what it answers. It greets by itself. */
final class ScriptedPeer extends ExchangeGrpc.ExchangeImplBase implements AutoCloseable {

  /** What nothing takes. */
  private static final long PATIENCE_SECONDS = 30;

  /** A stream of the relay under test. */
  static final class Call implements StreamObserver<ExchangeFrame> {

    final BlockingQueue<ExchangeFrame> frames = new LinkedBlockingQueue<>();
    private final ServerCallStreamObserver<ExchangeReply> answers;
    private final boolean reading;

    Call(ServerCallStreamObserver<ExchangeReply> answers, boolean reading) {
      this.answers = answers;
      this.reading = reading;
      answers.disableAutoInboundFlowControl();
      answers.request(1);
    }

    @Override
    public void onNext(ExchangeFrame frame) {
      if (frame.hasHello()) {
        answer(
            ExchangeReply.newBuilder()
                .setWelcome(
                    ExchangeWelcome.newBuilder()
                        .setVersion(1)
                        .setIdentity(IdCodec.toWire(new RelayId("scripted", 5)))
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

    synchronized void answer(ExchangeReply.Builder reply) {
      answers.onNext(reply.build());
    }

    void taken(long transfer) {
      answer(ExchangeReply.newBuilder().setTaken(Taken.newBuilder().setTransfer(transfer)));
    }

    void granted(long transfer) {
      answer(ExchangeReply.newBuilder().setGranted(Granted.newBuilder().setTransfer(transfer)));
    }

    void released(long transfer) {
      answer(ExchangeReply.newBuilder().setReleased(Released.newBuilder().addTransfers(transfer)));
    }

    synchronized void cut() {
      answers.onError(Status.UNAVAILABLE.withDescription("the test cuts it").asException());
    }

    /** The next frame. */
    ExchangeFrame next() throws InterruptedException {
      return poll(frames, "a frame");
    }

    /** The next frame, which must be of that kind. */
    ExchangeFrame next(Predicate<ExchangeFrame> wanted) throws InterruptedException {
      ExchangeFrame frame = next();
      if (!wanted.test(frame)) {
        throw new AssertionError("another frame: " + frame.getFrameCase());
      }
      return frame;
    }
  }

  private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
  private final BoundServer server;
  private volatile boolean reading = true;

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
  public StreamObserver<ExchangeFrame> exchange(StreamObserver<ExchangeReply> answers) {
    Call call = new Call((ServerCallStreamObserver<ExchangeReply>) answers, reading);
    calls.add(call);
    return call;
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

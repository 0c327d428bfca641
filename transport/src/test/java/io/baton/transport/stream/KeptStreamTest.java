package io.baton.transport.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.transport.Budget;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The order in which a handler is told of connections that come and go on several threads. */
@Timeout(60)
class KeptStreamTest {

  /** Long enough for whatever should wait for it and does not. */
  private static final Duration SLOW = Duration.ofMillis(300);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final EventLoops loops = EventLoops.start("test", 1);
  private final List<String> told = new CopyOnWriteArrayList<>();
  private volatile Consumer<String> listener = told::add;
  private BoundServer server;
  private KeptStream<PeerFrame, PeerReply> stream;

  @BeforeEach
  void start() throws Exception {
    server =
        Servers.start(
            loops,
            Endpoint.tcp("127.0.0.1", 0),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(new Welcoming()));
    KeptStreamConfig config =
        new KeptStreamConfig(
            SenderLimits.DEFAULT,
            Duration.ofSeconds(20),
            new Backoff(Duration.ofMillis(1), Duration.ofMillis(1), 0));
    stream =
        new KeptStream<>(
            new Telling(this::channel, event -> listener.accept(event)),
            PeerFrame::getSerializedSize,
            config,
            new Budget(1 << 20),
            timer,
            new Random(1));
  }

  @AfterEach
  void close() {
    stream.close();
    server.close();
    loops.close();
    timer.shutdownNow();
  }

  @Test
  void nextConnection_beginsAfterTheLossOfTheLastHasBeenTold() {
    CountDownLatch another = new CountDownLatch(2);
    listener =
        event -> {
          if (event.equals("hello")) {
            another.countDown();
          }
          if (event.equals("lost")) {
            waitFor(another);
          }
          told.add(event);
        };
    stream.open();
    await().until(() -> told.contains("ready"));
    stream.reconnect("a test");
    await().until(() -> told.size() == 7);
    assertThat(told)
        .containsExactly("hello", "welcome", "ready", "lost", "hello", "welcome", "ready");
  }

  @Test
  void loss_isToldAfterTheWelcomeThatIsJustBeingTold() {
    CountDownLatch lost = new CountDownLatch(1);
    listener =
        event -> {
          if (event.equals("welcome") && lost.getCount() > 0) {
            Thread.ofVirtual().start(() -> stream.reconnect("a test"));
            waitFor(lost);
          }
          told.add(event);
          if (event.equals("lost")) {
            lost.countDown();
          }
        };
    stream.open();
    await().until(() -> told.size() >= 6);
    assertThat(told)
        .filteredOn(event -> !event.equals("ready"))
        .startsWith("hello", "welcome", "lost", "hello", "welcome");
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      boolean _ = latch.await(SLOW.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Answers every hello. */
  private static final class Welcoming extends LinkGrpc.LinkImplBase {
    @Override
    public StreamObserver<PeerFrame> carry(StreamObserver<PeerReply> answers) {
      return new StreamObserver<>() {
        @Override
        public void onNext(PeerFrame frame) {
          answers.onNext(PeerReply.getDefaultInstance());
        }

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {
          answers.onCompleted();
        }
      };
    }
  }

  private ManagedChannel channel() {
    return Channels.open(
        loops, server.endpoint(), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
  }

  private record Telling(Supplier<ManagedChannel> channels, Consumer<String> listener)
      implements StreamHandler<PeerFrame, PeerReply> {

    @Override
    public Dialed dial(ClientResponseObserver<PeerFrame, PeerReply> observer) {
      return Dialed.on(channels.get(), channel -> LinkGrpc.newStub(channel).carry(observer));
    }

    @Override
    public PeerFrame hello() {
      listener.accept("hello");
      return PeerFrame.getDefaultInstance();
    }

    @Override
    public void onWelcome(PeerReply answer) {
      listener.accept("welcome");
    }

    @Override
    public void onReady() {
      listener.accept("ready");
    }

    @Override
    public void onAnswer(PeerReply answer) {}

    @Override
    public void onWritable() {}

    @Override
    public void onLost(String why) {
      listener.accept("lost");
    }

    @Override
    public void onDropped(List<PeerFrame> frames) {}
  }
}

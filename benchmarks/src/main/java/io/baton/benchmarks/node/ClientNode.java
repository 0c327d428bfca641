package io.baton.benchmarks.node;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionException;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.proto.codec.HostPort;
import io.baton.session.model.Tensor;
import io.baton.session.route.RouteConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Runs sessions over the two stages, each with one step under way. */
final class ClientNode implements Node {

  /** A session is given up for another when its outputs come to so much. */
  private static final long BYTES_A_SESSION = 16L << 20;

  private static final int MAX_STEPS = 1024;
  private static final int MIN_STEPS = 16;

  private final BatonClient client;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Chain> chains = new ArrayList<>();
  private int steps = MIN_STEPS;

  ClientNode(Settings settings) {
    client =
        BatonClient.create(
            ClientOptions.of(
                Arrays.stream(settings.get("relays").split(",", -1))
                    .map(HostPort::parse)
                    .toList()));
  }

  @Override
  public void begin(Workload workload) {
    steps = Math.clamp(BYTES_A_SESSION / workload.bytes(), MIN_STEPS, MAX_STEPS);
    while (chains.size() < workload.inFlight()) {
      chains.add(new Chain());
    }
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    long began = System.nanoTime();
    AtomicInteger begun = new AtomicInteger();
    AtomicLong done = new AtomicLong();
    List<Future<?>> all = new ArrayList<>();
    for (Chain chain : chains) {
      all.add(
          threads.submit(
              () -> {
                while (System.nanoTime() - began < time.toNanos()
                    && begun.incrementAndGet() <= most) {
                  chain.step();
                  done.incrementAndGet();
                }
                return null;
              }));
    }
    for (Future<?> one : all) {
      one.get(time.plus(PATIENCE).toNanos(), TimeUnit.NANOSECONDS);
    }
    return Sent.since(began, done.get());
  }

  @Override
  public void close() {
    threads.shutdownNow();
    client.close();
  }

  /** One session after the other. For one thread at a time. */
  private final class Chain {

    private final Tensor trigger = Tensor.wrap(BenchStage.TRIGGER, new byte[Message.MIN_BYTES]);
    private @Nullable InferenceSession session;

    void step() throws SessionException, InterruptedException {
      InferenceSession current = session;
      if (current == null || current.length() >= steps) {
        if (current != null) {
          current.close();
        }
        current = client.openSession(options(), SessionListener.NONE);
        session = current;
      }
      var _ = current.step(trigger);
    }

    private SessionOptions options() {
      return SessionOptions.of(
          BenchStage.MODEL, RouteConfig.of(BenchStage.LAYERS, BenchStage.TRIGGER, MAX_STEPS));
    }
  }
}

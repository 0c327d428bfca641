package io.baton.simulations.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarReceiver;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure.Reason;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Threads that do everything at once, badly: withdraw what they ask for, close what others use,
 * leave and come back. What is seen is right or an error, and in the end nothing is left.
 */
@Timeout(180)
class SidecarChurnTest {

  private static final int THREADS = 4;
  private static final int ROUNDS = 150;
  private static final Destination READERS = Destination.here("readers");

  /** What may come of a request here, and of nothing else. */
  private static final Set<Reason> EXPECTED =
      EnumSet.of(
          Reason.DEADLINE_EXCEEDED,
          Reason.RESOURCE_EXHAUSTED,
          Reason.CANCELLED,
          Reason.UNAVAILABLE,
          Reason.FAILED_PRECONDITION,
          Reason.ALREADY_EXISTS,
          Reason.CONFLICT,
          Reason.GONE);

  @TempDir private Path directory;
  private final AtomicInteger seen = new AtomicInteger();
  private final AtomicInteger sent = new AtomicInteger();

  @Test
  void whatIsSeen_isRight_andInTheEndNothingIsLeft() throws Exception {
    churn(host -> {});
  }

  @Test
  void whatIsSeen_isRight_whileTheRelayRestarts() throws Exception {
    churn(
        host -> {
          for (int n = 0; n < 3; n++) {
            int before = seen.get();
            while (seen.get() < before + 20) {
              Thread.onSpinWait();
            }
            host.restart();
          }
        });
  }

  private interface Meanwhile {
    void happens(Host host) throws Exception;
  }

  private void churn(Meanwhile meanwhile) throws Exception {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    log.start();
    root.addAppender(log);
    try {
      churnThrough(meanwhile);
    } finally {
      root.detachAppender(log);
    }
    assertThat(log.list).noneMatch(event -> event.getLevel() == Level.ERROR);
  }

  private void churnThrough(Meanwhile meanwhile) throws Exception {
    try (Host host = Host.start(directory)) {
      SidecarClient one = host.client("one");
      SidecarClient other = host.client("other");
      List<CompletableFuture<Void>> threads = new ArrayList<>();
      for (int n = 0; n < THREADS; n++) {
        SidecarClient client = n % 2 == 0 ? one : other;
        int thread = n;
        CompletableFuture<Void> done = new CompletableFuture<>();
        threads.add(done);
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    new Churner(client, thread).run();
                    done.complete(null);
                  } catch (Throwable e) {
                    done.completeExceptionally(e);
                  }
                });
      }
      meanwhile.happens(host);
      for (CompletableFuture<Void> thread : threads) {
        thread.get(120, TimeUnit.SECONDS);
      }
      drain(one);
      assertThat(sent.get()).as("chunks sent").isGreaterThan(THREADS * ROUNDS / 4);
      assertThat(seen.get()).as("chunks seen").isGreaterThan(THREADS * ROUNDS / 4);
    }
  }

  /** Takes what nobody has taken. */
  private static void drain(SidecarClient client) throws Exception {
    try (SidecarReader reader = client.reader(ReceiverConfig.alone("readers"))) {
      for (int thread = 0; thread < THREADS; thread++) {
        for (int round = 0; round < ROUNDS; round++) {
          try {
            if (reader.receive(id(thread, round), 0, Duration.ZERO)
                instanceof ReceivedChunk chunk) {
              chunk.close();
            }
          } catch (SidecarException e) {
            assertThat(e.reason()).isIn(Reason.DEADLINE_EXCEEDED, Reason.GONE);
          }
        }
      }
    }
  }

  private static String id(int thread, int round) {
    return thread + "-" + round;
  }

  /** Every byte says whose it is. */
  private static byte mark(String id) {
    return (byte) id.hashCode();
  }

  private final class Churner {
    private final SidecarClient client;
    private final int thread;
    private final Random random;
    private SidecarSender sender;
    private SidecarReceiver receiver;

    Churner(SidecarClient client, int thread) {
      this.client = client;
      this.thread = thread;
      this.random = new Random(thread);
      this.sender = client.sender(config());
      this.receiver = client.receiver(ReceiverConfig.alone("readers"));
    }

    private SenderConfig config() {
      return SenderConfig.alone("churner" + thread).withTimeout(Duration.ofSeconds(10));
    }

    void run() throws Exception {
      for (int round = 0; round < ROUNDS; round++) {
        String id = id(thread, round);
        switch (random.nextInt(12)) {
          case 0 -> abandon(id);
          case 1 -> {
            sender.close();
            sender = client.sender(config());
          }
          case 2 -> {
            receiver.close();
            receiver = client.receiver(ReceiverConfig.alone("readers"));
          }
          case 3 -> receiver.receive(id, 0, Duration.ofSeconds(5)).cancel(false);
          case 4 -> receiver.markDone(id(random.nextInt(THREADS), random.nextInt(ROUNDS)), 0);
          default -> send(id);
        }
        look(id(random.nextInt(THREADS), random.nextInt(round + 1)));
        look(id);
      }
      sender.close();
      receiver.close();
    }

    private void send(String id) throws Exception {
      byte[] bytes = new byte[1 + random.nextInt(200_000)];
      Arrays.fill(bytes, mark(id));
      CompletableFuture<?> sending =
          sender.send(
              ChunkAddress.of(id, ChunkPosition.ONLY, READERS),
              Tensor.wrap(TensorSpec.of(DType.U8, bytes.length), bytes));
      if (random.nextInt(10) == 0) {
        sending.cancel(false);
        return;
      }
      if (comes(sending)) {
        sent.incrementAndGet();
      }
    }

    /** Allocates memory and leaves it in one of several ways. */
    private void abandon(String id) throws Exception {
      TensorSpec spec = TensorSpec.of(DType.U8, 1 + random.nextInt(100_000));
      CompletableFuture<OutgoingTensor> allocation = sender.allocate(spec, List.of(READERS));
      if (random.nextBoolean()) {
        allocation.cancel(false);
        return;
      }
      if (comes(allocation)) {
        try (OutgoingTensor tensor = allocation.join()) {
          tensor.memory().fill(mark(id));
        } catch (IllegalStateException lost) {
          assertThat(lost).hasMessageContaining("lost");
        }
      }
    }

    private void look(String id) throws Exception {
      CompletableFuture<Received> receiving =
          receiver.receive(id, 0, Duration.ofMillis(random.nextInt(20)));
      if (!comes(receiving) || !(receiving.join() instanceof ReceivedChunk chunk)) {
        return;
      }
      try (chunk) {
        byte[] bytes = new byte[Math.toIntExact(chunk.content().bytes())];
        chunk.buffer().get(bytes);
        for (byte each : bytes) {
          if (each != mark(id)) {
            throw new AssertionError("other bytes in " + id);
          }
        }
        chunk.verify();
        seen.incrementAndGet();
      } catch (IllegalStateException taken) {
        assertThat(taken).hasMessageMatching("(?s).*(lost|done|closed|clos).*");
      }
    }

    /** Whether it came to anything; what it may fail with is known. */
    private static boolean comes(CompletableFuture<?> future) throws Exception {
      try {
        future.get(60, TimeUnit.SECONDS);
        return true;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof SidecarException why) {
          assertThat(why.reason()).as(why.getMessage()).isIn(EXPECTED);
          return false;
        }
        throw e;
      }
    }
  }
}

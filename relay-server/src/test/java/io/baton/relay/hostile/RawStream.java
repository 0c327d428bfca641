package io.baton.relay.hostile;

import com.google.protobuf.MessageLite;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A stream on which any bytes can be sent as a message.
 *
 * @param <A> what is answered
 */
abstract class RawStream<A> implements AutoCloseable {

  /** What no answer takes. */
  static final Duration PATIENCE = Duration.ofSeconds(8);

  private final LinkedBlockingQueue<A> answers = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> end = new CompletableFuture<>();

  /** Sends the bytes as one message; whether the stream has ended by then does not matter. */
  abstract RawStream<A> send(byte[] message);

  /** No more is sent. */
  abstract RawStream<A> complete();

  /** Cuts the stream. */
  @Override
  public abstract void close();

  void answered(A answer) {
    answers.add(answer);
  }

  void endedAs(Status status) {
    end.complete(status);
  }

  RawStream<A> send(MessageLite message) {
    return send(message.toByteArray());
  }

  boolean isOver() {
    return end.isDone();
  }

  /** The next answer of that kind; others that came before it stay. */
  A next(Predicate<? super A> wanted) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    List<A> others = new ArrayList<>();
    try {
      while (true) {
        A answer = answers.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (answer == null) {
          throw new AssertionError("not answered; what came: %s, %s".formatted(others, end));
        }
        if (wanted.test(answer)) {
          return answer;
        }
        others.add(answer);
      }
    } finally {
      answers.addAll(others);
    }
  }

  /** How the call ends. */
  Status ended() throws Exception {
    return endedWithin(PATIENCE);
  }

  Status endedWithin(Duration patience) throws Exception {
    return end.get(patience.toSeconds(), TimeUnit.SECONDS);
  }
}

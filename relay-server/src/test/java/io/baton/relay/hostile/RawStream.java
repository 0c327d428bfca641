package io.baton.relay.hostile;

import com.google.protobuf.MessageLite;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A call on which any bytes can be sent as a message.
 *
 * @param <A> what is answered
 */
final class RawStream<A> extends ClientCall.Listener<A> implements AutoCloseable {

  /** What no answer takes. */
  static final Duration PATIENCE = Duration.ofSeconds(8);

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          throw new UnsupportedOperationException("requests are only sent");
        }
      };

  private final ClientCall<byte[], A> call;
  private final LinkedBlockingQueue<A> answers = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> end = new CompletableFuture<>();

  RawStream(Channel channel, MethodDescriptor<?, A> method) {
    call =
        channel.newCall(
            method.toBuilder(BYTES, method.getResponseMarshaller()).build(), CallOptions.DEFAULT);
    call.start(this, new Metadata());
    call.request(Integer.MAX_VALUE);
  }

  /** Sends the bytes as one message; whether the call has ended by then does not matter. */
  RawStream<A> send(byte[] message) {
    try {
      call.sendMessage(message);
    } catch (IllegalStateException e) {
      // The call has ended.
    }
    return this;
  }

  RawStream<A> send(MessageLite message) {
    return send(message.toByteArray());
  }

  /** No more is sent. */
  RawStream<A> complete() {
    try {
      call.halfClose();
    } catch (IllegalStateException e) {
      // The call has ended.
    }
    return this;
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
    return end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** Cuts the call. */
  @Override
  public void close() {
    call.cancel("the test cuts it", null);
  }

  @Override
  public void onMessage(A answer) {
    answers.add(answer);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    end.complete(status);
  }
}

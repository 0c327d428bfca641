package io.baton.client.status;

import io.baton.proto.codec.HostPort;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.StatusRequest;
import io.baton.proto.v1.StatusResponse;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.StatusText;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Asks one relay how it is, as often as wanted. To be used by one thread at a time. */
public final class RelayInspector implements AutoCloseable {

  private static final StatusRequest REQUEST =
      StatusRequest.newBuilder().setVersions(Versions.spoken()).build();

  private final HostPort relay;
  private final EventLoops loops = EventLoops.start("baton-status", 1);
  private final ManagedChannel channel;

  private RelayInspector(HostPort relay) {
    this.relay = relay;
    this.channel =
        Channels.open(
            loops, new Endpoint.Tcp(relay), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
  }

  /** Connects to nothing yet. */
  public static RelayInspector of(HostPort relay) {
    return new RelayInspector(relay);
  }

  /**
   * Waits for the relay's answer.
   *
   * @throws NoStatusException if it cannot be reached, does not answer in that time, or is of
   *     another version
   */
  public StatusResponse ask(Duration timeout) throws NoStatusException, InterruptedException {
    // A channel that has failed waits before it tries again, and whoever asks wants to know now.
    channel.resetConnectBackoff();
    Future<StatusResponse> answer =
        RelayGrpc.newFutureStub(channel)
            .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
            .status(REQUEST);
    try {
      return checked(answer.get());
    } catch (ExecutionException e) {
      throw new NoStatusException("%s: %s".formatted(relay, problem(e, timeout)), e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      throw e;
    }
  }

  private StatusResponse checked(StatusResponse response) throws NoStatusException {
    if (Versions.negotiate(response.getVersions()).isEmpty()) {
      throw new NoStatusException(
          "%s: %s".formatted(relay, Versions.refusal(response.getVersions())));
    }
    return response;
  }

  private static String problem(ExecutionException error, Duration timeout) {
    if (!(error.getCause() instanceof StatusRuntimeException answered)) {
      return String.valueOf(error.getCause());
    }
    Status status = answered.getStatus();
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED -> "no answer within %d ms".formatted(timeout.toMillis());
      case UNIMPLEMENTED -> "is no relay, or an older one, which does not tell its status";
      default -> StatusText.of(status);
    };
  }

  /** Idempotent. */
  @Override
  public void close() {
    channel.shutdownNow();
    loops.close();
  }
}

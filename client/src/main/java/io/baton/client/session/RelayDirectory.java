package io.baton.client.session;

import dev.failsafe.CircuitBreaker;
import dev.failsafe.CircuitBreakerOpenException;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
import dev.failsafe.Timeout;
import dev.failsafe.TimeoutExceededException;
import io.baton.proto.codec.HostPort;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.StageInfo;
import io.baton.session.model.RelayId;
import io.baton.session.route.Candidate;
import io.baton.transport.grpc.StatusText;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Asks relays who they are and what they serve. A relay that cannot be asked is asked again once;
 * one that is silent is not, since others wait for it; one that has failed several times in a row
 * is not asked for a short while, so that it costs nobody a timeout.
 */
final class RelayDirectory {

  private static final int FAILURES_TO_OPEN = 3;
  private static final Duration OPEN_TIME = Duration.ofMillis(500);

  private final Map<HostPort, Asking> relays = new LinkedHashMap<>();

  /** What the relays answered: those that serve the model, and why the others do not. */
  record Listing(List<Candidate> candidates, List<String> problems) {}

  private sealed interface Answer {
    record Serves(List<Candidate> stages) implements Answer {}

    record Problem(String text) implements Answer {}
  }

  /**
   * @param lastProblem why the relay did not answer when it was last asked; what the breaker says
   *     is only that it was not asked again
   */
  private record Asking(
      RelayGrpc.RelayStub stub,
      FailsafeExecutor<DescribeResponse> guard,
      AtomicReference<String> lastProblem) {}

  RelayDirectory(ClientOptions options, Channel channels, ScheduledExecutorService timer) {
    for (HostPort peer : options.peers()) {
      CircuitBreaker<DescribeResponse> breaker =
          CircuitBreaker.<DescribeResponse>builder()
              .withFailureThreshold(FAILURES_TO_OPEN)
              .withDelay(OPEN_TIME)
              .build();
      RetryPolicy<DescribeResponse> retry =
          RetryPolicy.<DescribeResponse>builder()
              .withMaxRetries(1)
              .withDelay(Duration.ofMillis(20))
              .abortOn(CircuitBreakerOpenException.class, TimeoutExceededException.class)
              .build();
      Timeout<DescribeResponse> timeout = Timeout.of(options.describeTimeout());
      relays.put(
          peer,
          new Asking(
              RelayGrpc.newStub(channels.to(peer)),
              Failsafe.with(retry, breaker, timeout).with(timer),
              new AtomicReference<>("cannot be reached")));
    }
  }

  /** Where the channel to a relay comes from. */
  @FunctionalInterface
  interface Channel {
    io.grpc.Channel to(HostPort peer);
  }

  /** Asks all relays at once; done when all have answered or failed, which is bounded. */
  CompletableFuture<Listing> list(String modelId) {
    List<CompletableFuture<Answer>> answers = new ArrayList<>();
    relays.forEach((peer, asking) -> answers.add(ask(peer, asking, modelId)));
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenApply(_ -> listing(answers));
  }

  private static Listing listing(List<CompletableFuture<Answer>> answers) {
    List<Candidate> candidates = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (CompletableFuture<Answer> answer : answers) {
      switch (answer.join()) {
        case Answer.Serves(List<Candidate> stages) -> candidates.addAll(stages);
        case Answer.Problem(String text) -> problems.add(text);
      }
    }
    return new Listing(candidates, problems);
  }

  private static CompletableFuture<Answer> ask(HostPort peer, Asking asking, String modelId) {
    return asking
        .guard()
        .getStageAsync(() -> describe(asking.stub()))
        .handle(
            (response, error) ->
                error == null
                    ? read(peer, response, modelId)
                    : new Answer.Problem("%s: %s".formatted(peer, problem(asking, error))));
  }

  private static String problem(Asking asking, Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (cause instanceof CircuitBreakerOpenException) {
      return asking.lastProblem().get() + ", several times in a row";
    }
    String problem = problem(cause);
    asking.lastProblem().set(problem);
    return problem;
  }

  private static CompletableFuture<DescribeResponse> describe(RelayGrpc.RelayStub stub) {
    CompletableFuture<DescribeResponse> future = new CompletableFuture<>();
    stub.describe(
        DescribeRequest.newBuilder().setVersions(Versions.spoken()).build(),
        new StreamObserver<DescribeResponse>() {
          @Override
          public void onNext(DescribeResponse response) {
            future.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            future.completeExceptionally(error);
          }

          @Override
          public void onCompleted() {}
        });
    return future;
  }

  private static Answer read(HostPort peer, DescribeResponse response, String modelId) {
    if (Versions.negotiate(response.getVersions()).isEmpty()) {
      return new Answer.Problem(peer + ": " + Versions.refusal(response.getVersions()));
    }
    if (response.getDraining()) {
      return new Answer.Problem(peer + ": is about to stop");
    }
    if (response.getStagesCount() == 0) {
      return new Answer.Problem(peer + ": no stage executor is attached to it");
    }
    try {
      RelayId relay = IdCodec.fromWire(response.getIdentity());
      List<Candidate> stages = new ArrayList<>();
      for (StageInfo stage : response.getStagesList()) {
        Candidate candidate = new Candidate(relay, peer.toString(), StageCodec.fromWire(stage));
        if (!candidate.stage().modelId().equals(modelId)) {
          return new Answer.Problem(
              "%s: serves %s, not %s".formatted(peer, candidate.stage().modelId(), modelId));
        }
        stages.add(candidate);
      }
      return new Answer.Serves(stages);
    } catch (MalformedFrameException e) {
      return new Answer.Problem(peer + ": describes itself wrongly: " + e.getMessage());
    }
  }

  /** One line for a person. */
  static String problem(@Nullable Throwable error) {
    return switch (error) {
      case null -> "unknown";
      case CompletionException e when e.getCause() != null -> problem(e.getCause());
      case TimeoutExceededException _ -> "no answer in time";
      case StatusRuntimeException e -> StatusText.of(e.getStatus());
      default -> String.valueOf(error.getMessage());
    };
  }
}

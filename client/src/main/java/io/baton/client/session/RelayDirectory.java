package io.baton.client.session;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
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
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks relays who they are and what they serve. A relay is asked once at a time, however many want
 * to know: whoever asks gets what it answers within the time-out. An answer that comes later is
 * there for whoever asks next, for as long as it took to come. So one that is slow is not asked
 * ever again for what it is about to say, and one that is silent costs a single time-out, not one
 * each time.
 */
final class RelayDirectory {

  /** After this a question counts as lost, and is asked anew. */
  private static final Duration ANSWER_LOST = Duration.ofSeconds(20);

  private final Map<HostPort, Asking> relays = new LinkedHashMap<>();
  private final Duration timeout;
  private final ScheduledExecutorService timer;

  /**
   * What the relays answered.
   *
   * @param candidates that serve the model
   * @param problems why the others do not
   * @param silent relays that may yet answer; each is among the problems
   */
  record Listing(List<Candidate> candidates, List<String> problems, int silent) {}

  private sealed interface Answer {
    record Serves(List<Candidate> stages) implements Answer {}

    record Problem(String text) implements Answer {}

    record Silence(String text) implements Answer {}
  }

  /** What is being asked of a relay. */
  private record Question(CompletableFuture<Described> answer, long askedNanos) {

    /** Whether it is open, or its answer so young that the next would not be sooner. */
    boolean stands() {
      if (!answer.isDone()) {
        return true;
      }
      if (answer.isCompletedExceptionally()) {
        return false;
      }
      long answered = answer.join().atNanos();
      return System.nanoTime() - answered < answered - askedNanos;
    }
  }

  private record Described(DescribeResponse response, long atNanos) {}

  /** A relay, and what it was asked last. */
  private static final class Asking {
    private final RelayGrpc.RelayStub stub;
    private final FailsafeExecutor<DescribeResponse> retrying;
    private @Nullable Question question;

    Asking(RelayGrpc.RelayStub stub, FailsafeExecutor<DescribeResponse> retrying) {
      this.stub = stub;
      this.retrying = retrying;
    }

    synchronized Question ask() {
      Question last = question;
      if (last != null && last.stands()) {
        return last;
      }
      long now = System.nanoTime();
      Question asked =
          new Question(
              retrying
                  .getStageAsync(() -> describe(stub))
                  .thenApply(response -> new Described(response, System.nanoTime())),
              now);
      question = asked;
      return asked;
    }
  }

  RelayDirectory(ClientOptions options, Channel channels, ScheduledExecutorService timer) {
    this.timeout = options.describeTimeout();
    this.timer = timer;
    // The first question may be what finds out that the connection is gone.
    FailsafeExecutor<DescribeResponse> retrying =
        Failsafe.with(RetryPolicy.<DescribeResponse>builder().withMaxRetries(1).build())
            .with(timer);
    options
        .peers()
        .forEach(
            peer -> relays.put(peer, new Asking(RelayGrpc.newStub(channels.to(peer)), retrying)));
  }

  /** Where the channel to a relay comes from. */
  @FunctionalInterface
  interface Channel {
    io.grpc.Channel to(HostPort peer);
  }

  /** Asks all relays at once; done when all have answered or failed, or the time-out is over. */
  CompletableFuture<Listing> list(String modelId) {
    List<CompletableFuture<Answer>> answers = new ArrayList<>();
    relays.forEach((peer, asking) -> answers.add(ask(peer, asking, modelId)));
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenApply(_ -> listing(answers));
  }

  private static Listing listing(List<CompletableFuture<Answer>> answers) {
    List<Candidate> candidates = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    int silent = 0;
    for (CompletableFuture<Answer> answer : answers) {
      switch (answer.join()) {
        case Answer.Serves(List<Candidate> stages) -> candidates.addAll(stages);
        case Answer.Problem(String text) -> problems.add(text);
        case Answer.Silence(String text) -> {
          problems.add(text);
          silent++;
        }
      }
    }
    return new Listing(candidates, problems, silent);
  }

  private CompletableFuture<Answer> ask(HostPort peer, Asking asking, String modelId) {
    Question question = asking.ask();
    CompletableFuture<Answer> answer =
        question
            .answer()
            .handle(
                (described, error) ->
                    error == null
                        ? read(peer, described.response(), modelId)
                        : new Answer.Problem("%s: %s".formatted(peer, problem(error))));
    Answer silence = new Answer.Silence(peer + ": no answer in time");
    long left = question.askedNanos() + timeout.toNanos() - System.nanoTime();
    if (left <= 0) {
      answer.complete(silence);
      return answer;
    }
    try {
      Future<?> end = timer.schedule(() -> answer.complete(silence), left, TimeUnit.NANOSECONDS);
      return answer.whenComplete((_, _) -> end.cancel(false));
    } catch (RejectedExecutionException e) {
      answer.complete(new Answer.Problem(peer + ": the client is being closed"));
      return answer;
    }
  }

  private static CompletableFuture<DescribeResponse> describe(RelayGrpc.RelayStub stub) {
    CompletableFuture<DescribeResponse> future = new CompletableFuture<>();
    stub.withDeadlineAfter(ANSWER_LOST.toNanos(), TimeUnit.NANOSECONDS)
        .describe(
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
      return new Answer.Problem(
          "%s: %s"
              .formatted(
                  peer,
                  response.getNoStage().isEmpty()
                      ? "no stage executor is attached to it"
                      : response.getNoStage()));
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
      case StatusRuntimeException e when e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED ->
          "no answer in time";
      case StatusRuntimeException e -> StatusText.of(e.getStatus());
      default -> String.valueOf(error.getMessage());
    };
  }
}

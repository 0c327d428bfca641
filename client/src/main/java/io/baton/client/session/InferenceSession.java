package io.baton.client.session;

import io.baton.proto.codec.HostPort;
import io.baton.session.Transition;
import io.baton.session.model.Payload;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteFailure;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteMachine;
import io.baton.session.route.RouteState;
import io.baton.session.route.RouteStats;
import io.baton.transport.Alarm;
import io.baton.transport.Budget;
import io.baton.transport.OutOfMemory;
import io.baton.transport.grpc.SenderLimits;
import io.baton.verification.DigestedPayloads;
import io.baton.verification.PayloadDigester;
import io.baton.verification.SessionSecret;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One inference stream through a chain of stages: give it the activations of the next tokens, get
 * those that leave the last stage. It finds the relays, checks every stage's input, and goes on
 * with other relays when one fails; the outputs are those of a run without failures.
 *
 * <p>One step at a time: a step that is given while another is under way is declined. Any thread
 * may call. Futures are completed on the session's threads, so what is chained to them must be
 * short or use the {@code Async} methods.
 */
public final class InferenceSession implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(InferenceSession.class);

  private static final long PAYLOAD_BYTES = 1L << 30;

  /** What fits the queue of a stream with its framing; a larger step would never leave. */
  private static final long MAX_STEP_BYTES = SenderLimits.DEFAULT.maxBytes() / 2;

  private static final int HEARTBEATS_A_LEASE = 3;

  private final BatonClient client;
  private final SessionId id;
  private final SessionSecret secret;
  private final SessionOptions options;
  private final SessionListener listener;
  private final RouteMachine machine;
  private final PayloadDigester digester;
  private final Budget payloads = new Budget(PAYLOAD_BYTES);
  private final SynchronizationContext loop;
  private final Alarm alarm;
  private final CompletableFuture<@Nullable Void> opened = new CompletableFuture<>();

  // Below: only in the loop, but for reading the state.
  private volatile RouteState state;
  private final Map<RelayId, StageConnection> connections = new HashMap<>();
  private final Map<Long, CompletableFuture<Tensor>> requests = new HashMap<>();
  private Duration shortestLease;
  private @Nullable ScheduledFuture<?> heartbeats;
  private @Nullable NoRouteException crash;
  private long nextRequest = 1;
  private boolean discovering;
  private List<String> unreachable = List.of();

  InferenceSession(
      BatonClient client,
      SessionId id,
      SessionSecret secret,
      SessionOptions options,
      SessionListener listener,
      long jitterSeed) {
    this.client = client;
    this.id = id;
    this.secret = secret;
    this.options = options;
    this.listener = listener;
    this.digester = new PayloadDigester(options.algorithm());
    this.machine = new RouteMachine(new DigestedPayloads(digester), jitterSeed);
    this.state = RouteState.initial(options.route());
    this.loop = new SynchronizationContext((_, error) -> crashed(error));
    this.alarm = new Alarm(client.timer(), () -> loop.execute(() -> feed(new RouteInput.Tick())));
    this.shortestLease = options.lease();
  }

  void begin() {
    loop.execute(
        () -> {
          scheduleHeartbeats();
          feed(new RouteInput.Begin());
        });
  }

  /** Often enough that one may be lost. */
  private void scheduleHeartbeats() {
    stopHeartbeats();
    long period = Math.max(1, shortestLease.toNanos() / HEARTBEATS_A_LEASE);
    try {
      heartbeats =
          client
              .timer()
              .scheduleAtFixedRate(
                  () ->
                      loop.execute(() -> connections.values().forEach(StageConnection::heartbeat)),
                  period,
                  period,
                  TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The client is being closed, and this session with it.
    }
  }

  private void stopHeartbeats() {
    if (heartbeats != null) {
      heartbeats.cancel(false);
      heartbeats = null;
    }
  }

  public SessionId id() {
    return id;
  }

  /** Done when the first route is open; fails with a {@link NoRouteException}. */
  public CompletableFuture<@Nullable Void> opened() {
    return opened.copy();
  }

  /** Tokens that the session holds. */
  public int length() {
    return state.length();
  }

  /** The relays of the current route, first stage first. */
  public List<Candidate> route() {
    return state.route();
  }

  /** The relays that stand by for a stage of the route, and the tokens that each has absorbed. */
  public Map<Candidate, Integer> standbys() {
    RouteState now = state;
    Map<Candidate, Integer> standbys = new HashMap<>();
    now.standingBy()
        .forEach(relay -> standbys.put(relay, now.held().getOrDefault(relay.relay(), 0)));
    return standbys;
  }

  /**
   * Whether every stage and every relay that stands by holds all of the session, and nothing is
   * under way.
   */
  public boolean isAtRest() {
    return state.isAtRest();
  }

  public RouteStats stats() {
    return state.stats();
  }

  // ---- steps

  /**
   * Runs the next tokens through the chain and waits for the result.
   *
   * @param activations one row a token
   * @return the last stage's output, one row a token
   * @throws StepDeclinedException if the step cannot be; the session is as before
   * @throws NoRouteException if no chain could be had within the session's patience; the session is
   *     as before
   */
  public Tensor step(Tensor activations) throws SessionException, InterruptedException {
    return step(length(), activations, Collections.emptySortedMap());
  }

  /**
   * The same at a position: that of the session's length, or an earlier one, which rewinds the
   * session to it first.
   *
   * @param sideInputs what travels with this step, by name
   */
  public Tensor step(int position, Tensor activations, SortedMap<String, Tensor> sideInputs)
      throws SessionException, InterruptedException {
    try {
      return stepAsync(position, activations, sideInputs).get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case StepDeclinedException declined ->
            throw new StepDeclinedException(
                declined.reason(), String.valueOf(declined.getMessage()));
        case SessionException failed -> throw failed;
        case null, default -> throw new IllegalStateException("a step ended unexpectedly", e);
      }
    }
  }

  public CompletableFuture<Tensor> stepAsync(Tensor activations) {
    return stepAsync(length(), activations, Collections.emptySortedMap());
  }

  /** Runs tokens through the chain; the future fails with a {@link SessionException}. */
  public CompletableFuture<Tensor> stepAsync(
      int position, Tensor activations, SortedMap<String, Tensor> sideInputs) {
    CompletableFuture<Tensor> result = new CompletableFuture<>();
    // On the caller's thread, which so pays for the digest.
    Payload payload = digester.payload(activations, sideInputs);
    if (payload.bytes() > MAX_STEP_BYTES) {
      result.completeExceptionally(
          new StepDeclinedException(
              Refusal.BAD_TENSOR,
              "a step of %d bytes, and at most %d travel at once: make it several steps"
                  .formatted(payload.bytes(), MAX_STEP_BYTES)));
      return result;
    }
    loop.execute(
        () -> {
          if (crash != null) {
            result.completeExceptionally(crash);
            return;
          }
          long request = nextRequest++;
          requests.put(request, result);
          feed(new RouteInput.Submit(request, position, payload));
        });
    return result;
  }

  /** Ends the session at all its relays. A step that is under way fails. Idempotent. */
  @Override
  public void close() {
    loop.execute(
        () -> {
          feed(new RouteInput.Close());
          alarm.cancel();
          stopHeartbeats();
          opened.completeExceptionally(
              new NoRouteException(
                  new RouteFailure("the session was closed", List.of()), List.of()));
          client.closed(this);
        });
  }

  // ---- the loop

  private void feed(RouteInput input) {
    if (crash != null) {
      return;
    }
    Transition<RouteState, RouteEffect> next = machine.step(state, input, System.nanoTime());
    state = next.state();
    next.effects().forEach(this::carryOut);
    state.nextDeadlineNanos().ifPresent(alarm::set);
  }

  private void carryOut(RouteEffect effect) {
    switch (effect) {
      case RouteEffect.Open open -> {
        if (!connection(open.relay()).send(open)) {
          tooSlow(open.relay().relay());
        }
      }
      case RouteEffect.Send step -> {
        StageConnection connection = connections.get(step.relay());
        if (connection == null || !connection.send(step)) {
          tooSlow(step.relay());
        }
      }
      case RouteEffect.CloseStage(RelayId relay) ->
          Optional.ofNullable(connections.remove(relay)).ifPresent(StageConnection::close);
      case RouteEffect.Disconnect(RelayId relay) ->
          Optional.ofNullable(connections.remove(relay)).ifPresent(StageConnection::disconnect);
      case RouteEffect.Discover _ -> discover();
      case RouteEffect.RouteOpened(long epoch, List<Candidate> route, String cause) -> {
        log.info("session {}: epoch {} over {}: {}", id, epoch, route, cause);
        opened.complete(null);
        tell(() -> listener.onRoute(epoch, route, cause));
      }
      case RouteEffect.StandbyReady(Candidate standby, int length) ->
          tell(() -> listener.onStandbyReady(standby, length));
      case RouteEffect.StandbyLost(Candidate standby, String cause) ->
          tell(() -> listener.onStandbyLost(standby, cause));
      case RouteEffect.Accepted(long request, int _, Payload output) ->
          take(request).ifPresent(result -> result.complete(output.activations()));
      case RouteEffect.Declined(long request, var reason, String message) ->
          take(request)
              .ifPresent(
                  result ->
                      result.completeExceptionally(new StepDeclinedException(reason, message)));
      case RouteEffect.Failed(long request, RouteFailure failure) -> failed(request, failure);
      case RouteEffect.MismatchSeen(
              RelayId stage,
              StepId step,
              var digest,
              var other,
              RelayId blamed) -> {
        log.warn(
            "session {} step {}: {} had {} where this client vouches for {}; blamed on {}",
            id,
            step,
            stage,
            other,
            digest,
            blamed);
        tell(() -> listener.onMismatch(stage, step, digest, other, blamed));
      }
    }
  }

  private StageConnection connection(Candidate relay) {
    return connections.computeIfAbsent(
        relay.relay(),
        _ ->
            StageConnection.open(
                relay,
                id,
                secret.proof(id, relay.relay(), relay.address()),
                options,
                client.memory(),
                payloads,
                client.channel(HostPort.parse(relay.address())),
                new Arrivals()));
  }

  /** Not at once: the machine is in the middle of its effects. */
  private void tooSlow(RelayId relay) {
    loop.executeLater(
        () ->
            feed(
                new RouteInput.RelayLost(relay, "its connection is gone, or it reads too slowly")));
  }

  /** Asks all relays, unless that is being done: its answer will be that to both. */
  private void discover() {
    if (discovering) {
      return;
    }
    discovering = true;
    var _ =
        client
            .list(options.modelId())
            .whenComplete(
                (listing, error) ->
                    loop.execute(
                        () -> {
                          discovering = false;
                          if (error == null) {
                            unreachable = listing.problems();
                            feed(new RouteInput.Discovered(listing.candidates(), listing.silent()));
                          } else {
                            unreachable = List.of(RelayDirectory.problem(error));
                          }
                        }));
  }

  private void failed(long request, RouteFailure failure) {
    NoRouteException error = new NoRouteException(failure, unreachable);
    opened.completeExceptionally(error);
    take(request).ifPresent(result -> result.completeExceptionally(error));
  }

  private Optional<CompletableFuture<Tensor>> take(long request) {
    return Optional.ofNullable(requests.remove(request));
  }

  /** A listener that throws is not the session's affair. */
  private void tell(Runnable news) {
    try {
      news.run();
    } catch (RuntimeException e) {
      log.warn("the listener of session {} threw", id, e);
    }
  }

  /** A bug: nothing that this session says can be trusted any more. */
  private void crashed(Throwable error) {
    log.error("session {} is given up after an error that should not be", id, error);
    OutOfMemory.report(error);
    RouteFailure failure = new RouteFailure("an internal error: " + error, List.of());
    NoRouteException exception = new NoRouteException(failure, List.of());
    exception.initCause(error);
    crash = exception;
    alarm.cancel();
    stopHeartbeats();
    opened.completeExceptionally(exception);
    requests.values().forEach(result -> result.completeExceptionally(exception));
    requests.clear();
    connections.values().forEach(StageConnection::disconnect);
    connections.clear();
  }

  private final class Arrivals implements StageConnection.Events {

    @Override
    public void input(StageConnection from, RouteInput input) {
      loop.execute(
          () -> {
            if (connections.containsValue(from)) {
              feed(input);
            }
          });
    }

    @Override
    public void timed(RelayId relay, StepId step, long stageNanos, long computeNanos) {
      tell(() -> listener.onAnswer(relay, step, stageNanos, computeNanos));
    }

    @Override
    public void granted(Duration lease) {
      loop.execute(
          () -> {
            if (heartbeats != null && lease.compareTo(shortestLease) < 0) {
              shortestLease = lease;
              scheduleHeartbeats();
            }
          });
    }
  }
}

package io.baton.client.sidecar;

import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.Deadlines;
import io.baton.transport.OutOfMemory;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.process.SocketLoop;
import io.baton.transport.stream.KeptStream;
import io.baton.transport.stream.KeptStreamConfig;
import io.baton.transport.stream.StreamState;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's link to the relay of its host, and all that is under way on it. What happens, calls
 * of the application, answers, losses, deadlines, is worked off one at a time, by whichever thread
 * brings it.
 *
 * <p>A request is sent when there is a connection, and ends in one of these ways, whichever comes
 * first: it is answered; its deadline passes, and the grace after it for the relay to say so
 * itself; whoever asked withdraws it; the connection is lost on which it was sent, unless it is one
 * to receive, which is made again on the next; its sender or receiver closes, or the client.
 */
final class Link {

  private static final Logger log = LoggerFactory.getLogger(Link.class);

  private static final Duration SYSTEM_CALL_PAUSE = Duration.ofMillis(5);
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(1);
  private static final Duration REGISTRATION_PATIENCE = Duration.ofSeconds(30);

  private final Endpoint.Unix endpoint;
  private final SidecarOptions options;
  private final SynchronizationContext loop;
  private final SocketLoop socketLoop;
  private final ScheduledThreadPoolExecutor timer;
  private final Copier copier;
  private final PoolMappings pools;
  private final RelayStream speech;
  private final KeptStream<ProcessFrame, ProcessReply> stream;
  private final Requests requests;
  private final Answers answers;
  private final CompletableFuture<RelayId> connected = new CompletableFuture<>();

  // Below: only in the loop.
  private final Map<Long, Registration> registrations = new LinkedHashMap<>();
  private @Nullable Connection connection;
  private boolean closed;

  private Link(Endpoint.Unix endpoint, SidecarOptions options) {
    this.endpoint = endpoint;
    this.options = options;
    this.loop =
        new SynchronizationContext(
            (_, error) -> {
              log.error("an error in the sidecar client that should not be", error);
              OutOfMemory.report(error);
            });
    this.socketLoop = SocketLoop.start("baton-sidecar");
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("baton-sidecar-timer").unstarted(task));
    timer.setRemoveOnCancelPolicy(true);
    this.copier = new Copier(options.requests());
    this.pools = new PoolMappings(options.idlePools(), timer);
    this.requests =
        new Requests(
            options.requests(),
            new Deadlines(timer, System::nanoTime, loop::execute),
            this::expire);
    this.answers = new Answers(this, requests, pools, copier);
    this.speech = new RelayStream(socketLoop, endpoint.path(), options.name(), pools, new Events());
    SenderLimits queue = SenderLimits.DEFAULT;
    this.stream =
        new KeptStream<>(
            speech,
            ProcessFrame::getSerializedSize,
            new KeptStreamConfig(
                queue, KeptStreamConfig.DEFAULT.handshakeTimeout(), options.backoff()),
            new Budget(queue.maxBytes()),
            timer,
            new SplittableRandom());
  }

  static Link open(Endpoint.Unix endpoint, SidecarOptions options) {
    Link link = new Link(endpoint, options);
    link.stream.open();
    return link;
  }

  /** Done when the relay has welcomed this process for the first time. */
  CompletableFuture<RelayId> connected() {
    return connected.copy();
  }

  /** How many pools are mapped. */
  int mappedPools() {
    return pools.mapped();
  }

  static <T extends @Nullable Object> CompletableFuture<T> failed(SidecarException why) {
    return CompletableFuture.failedFuture(why);
  }

  static <T extends @Nullable Object> CompletableFuture<T> failed(
      Failure.Reason reason, RuntimeException why) {
    return failed(new SidecarException(reason, String.valueOf(why.getMessage()), why));
  }

  // ---- from the application, on its threads

  /** For registrations, too. */
  long nextNumber() {
    return requests.nextNumber();
  }

  /** Takes a place at the relay, now and whenever there is a new connection. */
  void register(Registration registration, Duration timeout) {
    long deadline = Request.deadline(timeout);
    loop.execute(
        () -> {
          if (closed) {
            registration.close(clientClosed());
            return;
          }
          registrations.put(registration.number(), registration);
          begin(new Request.Registering(registration, deadline));
        });
  }

  /** Takes another place instead; memory stays, what is being written together does not. */
  void register(Registration registration, LongFunction<ProcessFrame> changed, Duration timeout) {
    long deadline = Request.deadline(timeout);
    loop.execute(
        () -> {
          registration.change(changed);
          for (Request<?> request : requests.all()) {
            if (request instanceof Request.Joining && request.registration == registration) {
              fail(request, cancelled("the sender was registered anew"));
            }
          }
          if (connection != null && !registration.isClosed()) {
            say(Frames.unregister(registration.number()));
            begin(new Request.Registering(registration, deadline));
          }
        });
  }

  /** Withdraws what is under way, takes away all that the relay keeps for it, and its place. */
  void unregister(Registration registration) {
    loop.execute(
        () -> {
          if (registration.isClosed()) {
            return;
          }
          SidecarException why = cancelled("the sender or receiver was closed");
          registration.close(why);
          registrations.remove(registration.number());
          for (Request<?> request : requests.all()) {
            if (request.registration == registration) {
              fail(request, why);
            }
          }
          if (connection != null) {
            connection.leave(registration);
          }
        });
  }

  <T extends @Nullable Object> CompletableFuture<T> submit(Request<T> request) {
    if (requests.tryTakeRoom()) {
      loop.execute(() -> begin(request));
    } else {
      loop.execute(
          () -> {
            request.over = true;
            request.fail(
                Failure.Reason.RESOURCE_EXHAUSTED,
                "%s: %d requests are under way already; wait for some of them"
                    .formatted(request.what(), options.requests()));
            giveMemoryBack(request);
          });
    }
    return request.future;
  }

  /** Memory is no longer written here; a request to send it follows. */
  void sending(PoolMemory memory) {
    loop.execute(() -> memory.connection().sending(memory));
  }

  /** Memory is no longer written here, and not wanted. */
  void discarded(PoolMemory memory) {
    loop.execute(() -> memory.connection().giveBack(memory));
  }

  /** The chunk is no longer visible here. */
  void closed(ReceivedChunk chunk, boolean done) {
    loop.execute(() -> chunk.connection().closed(chunk, done));
  }

  void markDone(ChunkKey key) {
    loop.execute(
        () -> {
          if (connection != null) {
            connection.markDone(key);
          }
        });
  }

  /**
   * Runs what copies so many bytes, here if they are few.
   *
   * @throws RejectedExecutionException if too many wait for that
   */
  void copy(long bytes, Runnable task) {
    copier.copy(bytes, task);
  }

  // ---- the loop: requests

  private void begin(Request<?> request) {
    SidecarException refusal = refusal(request);
    if (refusal != null) {
      requests.end(request);
      request.fail(refusal);
      giveMemoryBack(request);
      return;
    }
    requests.add(request);
    // Whoever asked may complete it as well, by cancelling it for one.
    var _ = request.future.whenComplete((_, _) -> loop.execute(() -> withdraw(request)));
    if (connection != null) {
      send(connection, request);
    }
  }

  private @Nullable SidecarException refusal(Request<?> request) {
    if (closed) {
      return clientClosed();
    }
    if (request.registration.isClosed()) {
      return cancelled("the sender or receiver is closed: register another");
    }
    if (request instanceof Request.Sending sending
        && sending.body instanceof Outgoing.Pooled(PoolMemory memory)
        && memory.connection() != connection) {
      return new SidecarException(
          Failure.Reason.UNAVAILABLE,
          "%s: the relay at %s was lost after the memory was allocated; allocate again"
              .formatted(request.what(), endpoint));
    }
    return request instanceof Request.Registering ? null : request.registration.refusal();
  }

  private void send(Connection on, Request<?> request) {
    requests.number(request);
    long left = Math.max(0, request.deadlineNanos - System.nanoTime());
    if (stream.offer(request.frame(left))) {
      request.sent = true;
      if (request instanceof Request.Receiving receiving) {
        on.requested(receiving.chunk);
      }
    } else if (stream.state() == StreamState.READY) {
      fail(
          request,
          new SidecarException(
              Failure.Reason.RESOURCE_EXHAUSTED,
              "%s: the relay at %s reads too slowly for what it is asked"
                  .formatted(request.what(), endpoint)));
      giveMemoryBack(request);
    } else {
      // The loss has been or will be told, and this waits for the next connection if it can.
      lost(on, stream.lastFailure().orElse("the connection broke"));
      SidecarException refusal = refusal(request);
      if (refusal != null) {
        fail(request, refusal);
      }
    }
  }

  /** A frame that must arrive as long as the connection lasts. */
  void say(ProcessFrame frame) {
    if (connection != null && !stream.offer(frame)) {
      // Without the frame the relay would keep what nobody has any more; without the connection it
      // keeps nothing.
      stream.reconnect("the relay reads too slowly: " + frame.getFrameCase() + " does not fit");
    }
  }

  private void expire(Request<?> request) {
    if (request.over) {
      return;
    }
    long late = System.nanoTime() - request.deadlineNanos;
    if (!request.sent) {
      fail(
          request,
          new SidecarException(
              Failure.Reason.UNAVAILABLE,
              "%s: the relay at %s could not be reached in time: %s"
                  .formatted(
                      request.what(), endpoint, stream.lastFailure().orElse("no answer yet"))));
    } else if (late < options.grace().toNanos()) {
      requests.watch(request, request.deadlineNanos + options.grace().toNanos());
    } else {
      fail(
          request,
          new SidecarException(
              Failure.Reason.DEADLINE_EXCEEDED,
              "%s: the relay at %s has not answered in time".formatted(request.what(), endpoint)));
    }
  }

  /** Whoever asked no longer waits. */
  private void withdraw(Request<?> request) {
    if (!request.over) {
      requests.end(request);
      cancel(request);
    }
  }

  /** For a reason of this side; the relay need not go on with it. */
  void fail(Request<?> request, SidecarException why) {
    requests.end(request);
    cancel(request);
    request.fail(why);
  }

  private void cancel(Request<?> request) {
    // A part that is being written is finished first: with this word the memory may become others'.
    boolean writing = request instanceof Request.Joining join && join.writing > 0;
    if (request.sent && request.canBeCancelled() && !writing) {
      say(Frames.cancel(request.number));
    }
    if (connection != null
        && request.sent
        && request instanceof Request.Receiving receiving
        && !connection.cancelled(receiving.number, receiving.chunk)) {
      stream.reconnect("the relay does not answer what is cancelled");
    }
  }

  /** Memory that was to be sent, and was not. */
  private static void giveMemoryBack(Request<?> request) {
    if (!request.sent
        && request instanceof Request.Sending sending
        && sending.body instanceof Outgoing.Pooled(PoolMemory memory)) {
      memory.connection().discard(memory);
    }
  }

  // ---- the loop: for what is done about answers

  /** Whether that is the connection that there is now. */
  boolean isOn(Connection on) {
    return on == connection;
  }

  void reconnect(String why) {
    stream.reconnect(why);
  }

  void later(Runnable task) {
    loop.execute(task);
  }

  // ---- the loop: connections

  private void ready(Connection next) {
    if (closed || next.isOver()) {
      next.end("the client is closed");
      return;
    }
    if (connection != null) {
      lost(connection, "another connection took its place");
    }
    connection = next;
    log.info("attached to {} at {}", next.relay(), endpoint);
    // Places are taken anew, all of them, before anything else is asked.
    List<Request<?>> waiting = new ArrayList<>();
    for (Request<?> request : requests.all()) {
      if (request instanceof Request.Registering) {
        sendIfWaiting(next, request);
      } else {
        waiting.add(request);
      }
    }
    for (Registration registration : List.copyOf(registrations.values())) {
      if (!requests.registers(registration)) {
        begin(new Request.Registering(registration, Request.deadline(REGISTRATION_PATIENCE)));
      }
    }
    waiting.forEach(request -> sendIfWaiting(next, request));
    connected.complete(next.relay());
  }

  private void sendIfWaiting(Connection on, Request<?> request) {
    if (on == connection && !request.over && !request.sent) {
      send(on, request);
    }
  }

  private void lost(Connection former, String why) {
    former.end("the relay was lost, and with it the memory: ask for it again");
    if (former != connection) {
      return;
    }
    connection = null;
    log.warn("the relay at {} was lost: {}; trying again", endpoint, why);
    for (Request<?> request : requests.all()) {
      boolean waits = !request.sent || request.outlivesConnection();
      request.sent = false;
      if (!waits) {
        requests.end(request);
        request.fail(
            Failure.Reason.UNAVAILABLE,
            "%s: the relay at %s was lost: %s".formatted(request.what(), endpoint, why));
      }
    }
  }

  // ---- the end

  private static SidecarException cancelled(String why) {
    return new SidecarException(Failure.Reason.CANCELLED, why);
  }

  private static SidecarException clientClosed() {
    return cancelled("the client is closed");
  }

  /** Ends everything; what was said before gets a second to be heard. Idempotent. */
  void close() {
    CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    loop.execute(
        () -> {
          shutDown();
          ended.complete(null);
        });
    try {
      ended.get(CLOSE_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
      stream.complete().get(CLOSE_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("the relay at {} does not say goodbye", endpoint, e);
    }
    stream.close();
    speech.close();
    copier.close();
    timer.shutdownNow();
    socketLoop.close();
    pools.close();
  }

  private void shutDown() {
    if (closed) {
      return;
    }
    closed = true;
    SidecarException why = clientClosed();
    connected.completeExceptionally(why);
    for (Request<?> request : requests.all()) {
      requests.end(request);
      request.fail(why);
    }
    registrations.values().forEach(registration -> registration.close(why));
    registrations.clear();
    if (connection != null) {
      connection.end("the client is closed");
      connection = null;
    }
  }

  /** Hands what the stream says to the loop. */
  private final class Events implements RelayStream.Events {

    @Override
    public Connection connection(RelayId relay, PoolMappings.Lease pool) {
      return new Connection(relay, pool, Link.this::say, this::later);
    }

    private void later(Runnable task) {
      try {
        var _ =
            timer.schedule(
                () -> loop.execute(task), SYSTEM_CALL_PAUSE.toNanos(), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        log.warn("memory of a pool stays mapped, since a system call does not let go of it");
      }
    }

    @Override
    public void ready(Connection next) {
      loop.execute(() -> Link.this.ready(next));
    }

    @Override
    public void replied(Connection on, Reply reply) {
      loop.execute(() -> answers.take(on, reply));
    }

    @Override
    public void lost(@Nullable Connection on, String why) {
      if (on != null) {
        loop.execute(() -> Link.this.lost(on, why));
      }
    }
  }
}

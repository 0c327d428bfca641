package io.baton.transport.ucx;

import io.baton.transport.OutOfMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jctools.queues.MpscGrowableArrayQueue;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpEndpoint;
import org.openucx.jucx.ucp.UcpEndpointParams;
import org.openucx.jucx.ucp.UcpMemMapParams;
import org.openucx.jucx.ucp.UcpMemory;
import org.openucx.jucx.ucp.UcpRequestParams;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucs.UcsConstants.MEMORY_TYPE;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that happens in UCX happens here, on one thread: UCX's worker is not made for several, and
 * its callbacks come from inside {@link UcpWorker#progress}. Other threads leave commands in a
 * queue and ring.
 */
final class Progress implements Runnable {

  static final int MESSAGE_ID = 1;

  private static final Logger log = LoggerFactory.getLogger(UcxEngine.class);
  private static final String LOCKED =
      "a peer that died while it was writing has left UCX's shared memory locked";
  private static final int COMMANDS_AT_ONCE = 64;

  /**
   * Of looks at UCX in a row. Each may copy megabytes, and none of them sees a command: whoever
   * closes the engine would wait for all of them.
   */
  private static final int PROGRESS_AT_ONCE = 64;

  private static final long PROGRESS_AT_ONCE_NANOS = 1_000_000;
  private static final long WATCH_NANOS = 250_000_000;
  private static final int LONGEST_SLEEP_MILLIS = 1000;
  private static final int SLEEP_WHILE_CLOSING_MILLIS = 1;
  private static final int INITIAL_QUEUE = 1024;
  private static final int CONTROL_COMMANDS = 1024;

  private final UcxConfig config;
  private final UcpContext context;
  private final UcpWorker worker;
  private final Counters counters;
  private final Inbound inbound;
  private final Arena arena = Arena.ofShared();
  private final Wakeup wakeup;
  private final Idling idling;
  private final Standstill standstill = new Standstill();
  private final MpscGrowableArrayQueue<Command> commands;
  private final UcpRequestParams host =
      new UcpRequestParams().setMemoryType(MEMORY_TYPE.UCS_MEMORY_TYPE_HOST);
  private final Set<Link> links = new LinkedHashSet<>();
  private final Set<Link> attended = new LinkedHashSet<>();
  private final List<UcpMemory> memories = new ArrayList<>();
  // Whoever finds the engine ended empties the queue, as its one consumer.
  private final ReentrantLock endLock = new ReentrantLock();
  private volatile @Nullable UcxFailure ended;
  private volatile int connections;
  private boolean stopping;
  private long stopNanos;
  private long watchedNanos = System.nanoTime();

  Progress(UcxConfig config, UcpContext context, UcpWorker worker, UcxReceiver receiver) {
    this.config = config;
    this.context = context;
    this.worker = worker;
    counters = new Counters();
    inbound = new Inbound(worker, receiver, counters, config.maxReceives(), this::suspect);
    wakeup = new Wakeup(worker, arena);
    int most = config.maxConnections() * (config.sendsPerConnection() + 2) + CONTROL_COMMANDS;
    commands = new MpscGrowableArrayQueue<>(Math.min(INITIAL_QUEUE, most), most);
    idling = new Idling(wakeup, config.spin().toNanos(), commands::isEmpty, counters::slept);
    worker.setAmRecvHandler(MESSAGE_ID, inbound);
  }

  // From any thread.

  /** Runs a command on the progress thread, or here if the engine has ended. */
  void submit(Command command) {
    if (!commands.offer(command)) {
      throw new IllegalStateException("the queue has room for all connections together");
    }
    if (ended == null) {
      wakeup.ring();
    } else {
      drainAfterEnd();
    }
  }

  Counters counters() {
    return counters;
  }

  UcxStats stats() {
    return counters.stats(connections);
  }

  /** Why the engine does no more, or null while it does. */
  @Nullable UcxFailure ended() {
    return ended;
  }

  // On the progress thread.

  @Override
  public void run() {
    UcxFailure reason = new UcxFailure(UcxFailure.Kind.ENGINE_ENDED, "the engine was closed");
    try {
      boolean locked = false;
      while (!locked && !isStopped()) {
        if (work() > 0) {
          idling.worked();
        } else {
          locked = rest(System.nanoTime());
        }
      }
      if (locked) {
        log.error("the UCX engine {} ends: {}", config.name(), LOCKED);
        reason = new UcxFailure(UcxFailure.Kind.ENGINE_ENDED, LOCKED);
      }
    } catch (Throwable e) {
      log.error("the UCX engine {} failed and ends", config.name(), e);
      OutOfMemory.report(e);
      reason = new UcxFailure(UcxFailure.Kind.ENGINE_ENDED, "the engine failed: " + e);
    } finally {
      end(reason);
    }
  }

  /** Whether shared memory is found to be locked. */
  private boolean rest(long now) {
    boolean closing = stopping || !attended.isEmpty();
    return switch (idling.rest(closing ? SLEEP_WHILE_CLOSING_MILLIS : LONGEST_SLEEP_MILLIS, now)) {
      case LOOKED -> false;
      case SLEPT -> {
        standstill.slept();
        yield false;
      }
      case PAUSED -> standstill.paused(counters.delivered(), now);
    };
  }

  /** A peer is lost, perhaps because its process died. */
  void suspect() {
    standstill.suspect();
  }

  void open(Link link) {
    if (stopping || ended != null) {
      link.end(engineEnded());
      return;
    }
    links.add(link);
    connections = links.size();
    openIfPossible(link);
  }

  void gone(Link link) {
    links.remove(link);
    attended.remove(link);
    connections = links.size();
  }

  void attend(Link link) {
    attended.add(link);
  }

  /** It needs no more looks. */
  void leave(Link link) {
    attended.remove(link);
  }

  /** Closes all links, and ends when they are gone or at the deadline. */
  void stop() {
    if (!stopping) {
      stopping = true;
      inbound.stop();
      // Half of the time is for links to flush, half for cancelling.
      stopNanos = System.nanoTime() + 2 * config.closeTimeout().toNanos();
      List.copyOf(links).forEach(Link::close);
    }
  }

  long closeDeadline() {
    return System.nanoTime() + config.closeTimeout().toNanos();
  }

  /** How long a peer may leave everything unanswered. */
  Duration patience(boolean proven, long bytes) {
    return (proven ? config.stallTimeout() : config.connectTimeout())
        .plus(UcxConfig.atSlowest(bytes));
  }

  UcpEndpoint newEndpoint(UcpEndpointParams parameters) {
    return worker.newEndpoint(parameters);
  }

  void send(UcpEndpoint to, Outgoing message) {
    long bytes = message.body().byteSize();
    to.sendAmNonBlocking(
        MESSAGE_ID,
        message.slot().address(),
        message.headerBytes(),
        bytes == 0 ? 0 : message.body().address(),
        bytes,
        0L,
        message,
        host);
  }

  void register(MemorySegment segment) {
    memories.add(
        context.memoryMap(
            new UcpMemMapParams().setAddress(segment.address()).setLength(segment.byteSize())));
  }

  private boolean isStopped() {
    return stopping && (isQuiet() || System.nanoTime() - stopNanos >= 0);
  }

  private boolean isQuiet() {
    return links.isEmpty() && inbound.open() == 0;
  }

  private int work() throws Exception {
    int done = commands.drain(Command::execute, COMMANDS_AT_ONCE);
    long begun = System.nanoTime();
    for (int i = 0; i < PROGRESS_AT_ONCE; i++) {
      int events = worker.progress();
      done += events;
      if (events == 0 || System.nanoTime() - begun >= PROGRESS_AT_ONCE_NANOS) {
        break;
      }
    }
    watchAll();
    if (!attended.isEmpty()) {
      attendAll();
    }
    return done;
  }

  private void watchAll() {
    long now = System.nanoTime();
    if (now - watchedNanos >= WATCH_NANOS) {
      watchedNanos = now;
      links.forEach(link -> link.watch(now));
    }
  }

  private void attendAll() {
    long now = System.nanoTime();
    List.copyOf(attended).forEach(link -> link.attend(now));
    List.copyOf(links).stream().filter(Link::isWaiting).forEach(this::openIfPossible);
  }

  private void openIfPossible(Link link) {
    if (links.stream().noneMatch(other -> other.blocks(link))) {
      link.open();
    }
  }

  private UcxFailure engineEnded() {
    UcxFailure reason = ended;
    return reason == null
        ? new UcxFailure(UcxFailure.Kind.ENGINE_ENDED, "the engine is closing")
        : reason;
  }

  private void end(UcxFailure reason) {
    // From here on nobody rings; what is submitted is refused.
    ended = reason;
    destroy();
    inbound.endAll(reason);
    List.copyOf(links).forEach(link -> link.end(reason));
    drainAfterEnd();
    arena.close();
  }

  /**
   * UCX aborts the process if a worker is destroyed while a body is on its way. After a failure, or
   * if a peer stands still, the worker is left behind instead: nobody works on it any more.
   */
  private void destroy() {
    if (!isQuiet()) {
      log.warn(
          "the UCX engine {} leaves its worker behind: {} connections and {} bodies are stuck",
          config.name(),
          links.size(),
          inbound.open());
      return;
    }
    try {
      worker.close();
      memories.forEach(UcpMemory::close);
      context.close();
    } catch (RuntimeException e) {
      log.error("the UCX engine {} could not let go of everything", config.name(), e);
    }
  }

  private void drainAfterEnd() {
    endLock.lock();
    try {
      commands.drain(Command::execute);
    } finally {
      endLock.unlock();
    }
  }
}

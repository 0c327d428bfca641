package io.baton.simulations.swarm;

import static io.baton.simulations.swarm.Violation.require;

import io.baton.session.Transition;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.StepId;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteState;
import io.baton.session.stage.Footprint;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageState;
import io.baton.simulations.swarm.Violation.Kind;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.Fate;
import io.baton.simulations.world.Message;
import io.baton.simulations.world.Node;
import io.baton.simulations.world.OracleExecutorState;
import io.baton.simulations.world.Request;
import io.baton.simulations.world.StageSession;
import io.baton.simulations.world.World;
import io.baton.simulations.world.WorldObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must hold at every moment of a world.
 *
 * <ul>
 *   <li>Accepted tokens are the oracle's.
 *   <li>No stage holds more tokens than the session had in the stage's epoch.
 *   <li>A step is answered once, and again only if the client asks again; never differently, unless
 *       the stage has reported that it took its answer back.
 *   <li>No relay is blamed for other bytes but one that has pushed such.
 *   <li>Queues are bounded.
 *   <li>Nobody waits without a timer.
 * </ul>
 *
 * Throws a {@link Violation} out of the hook that sees it.
 */
final class SafetyChecks implements WorldObserver {

  /** Events that may be pending for each client and its session's relays. */
  private static final int PENDING_EVENTS = 400;

  private final int layers;
  private final Map<ClientNode, OracleExecutorState> oracles = new HashMap<>();
  private final Map<Long, EpochLengths> lengths = new HashMap<>();
  private final Map<StageSession, Map<StepId, Digest>> answers = new HashMap<>();
  private final Set<String> liars = new HashSet<>();

  /** A relay's word has not come to its client as it was sent, although the stream went on. */
  private boolean gaps;

  private @Nullable StageSession touchedSession;
  private @Nullable ClientNode touchedClient;

  SafetyChecks(int layers) {
    this.layers = layers;
  }

  /** The most tokens that a session has had in each epoch. */
  private static final class EpochLengths {
    private int[] longest = new int[8];

    void put(long epoch, int length) {
      int index = Math.toIntExact(epoch);
      if (index >= longest.length) {
        longest = Arrays.copyOf(longest, 2 * index);
      }
      longest[index] = Math.max(longest[index], length);
    }

    int get(long epoch) {
      return epoch < longest.length ? longest[(int) epoch] : 0;
    }
  }

  // ---- tokens

  @Override
  public void onAccepted(ClientNode client, Request request, long[] outputs) {
    OracleExecutorState oracle =
        oracles.computeIfAbsent(client, _ -> new OracleExecutorState(new LayerSpan(0, layers)));
    require(
        request.position() <= oracle.length(),
        Kind.TOKENS,
        () ->
            "%s accepts tokens from %d on, and has %d"
                .formatted(client, request.position(), oracle.length()));
    oracle.rollback(request.position());
    require(
        Arrays.equals(oracle.forward(request.position(), request.rows()), outputs),
        Kind.TOKENS,
        () ->
            "%s accepts other outputs for the tokens %d to %d than without failures"
                .formatted(client, request.position(), request.end() - 1));
  }

  // ---- the session's length

  @Override
  public void onRoute(
      ClientNode client,
      RouteInput input,
      RouteState before,
      Transition<RouteState, RouteEffect> made) {
    touchedClient = client;
    Request pending = client.pending();
    int length = pending != null ? pending.end() : client.transcript().length();
    lengths
        .computeIfAbsent(client.id().low(), _ -> new EpochLengths())
        .put(made.state().epoch(), length);
    checkBlame(client, before, made.effects());
  }

  @Override
  public void onStage(
      StageSession session,
      StageInput input,
      StageState before,
      Transition<StageState, StageEffect> made) {
    touchedSession = session;
    StageState state = made.state();
    EpochLengths known = lengths.get(session.id().low());
    int longest = known == null ? 0 : known.get(state.epoch());
    require(
        state.currentLength() <= longest,
        Kind.LENGTH,
        () ->
            "%s holds %d tokens in epoch %d, and the session had %d"
                .formatted(session, state.currentLength(), state.epoch(), longest));
    checkQueues(session, state);
    checkFootprint(session, input, before, state);
    if (!made.effects().isEmpty()) {
      checkAnswers(session, input, made.effects());
    }
  }

  /** Both sides of the account: what a relay says that it keeps is what its sessions keep. */
  private static void checkFootprint(
      StageSession session, StageInput input, StageState before, StageState after) {
    long most = Footprint.of(before) + Footprint.most(before.config(), input);
    require(
        Footprint.of(after) <= most,
        Kind.BOUNDS,
        () -> "%s has more than %d bytes after %s".formatted(session, most, input));
    long capacity = session.relay().config().poolBytes();
    // The session's own share is counted when its effects have been carried out.
    long sum = session.relay().sessions().stream().mapToLong(StageSession::heldBytes).sum();
    require(
        capacity == 0 || (session.relay().heldBytes() == sum && sum <= capacity),
        Kind.BOUNDS,
        () ->
            "%s counts %d bytes, its sessions %d, of %d"
                .formatted(session.relay(), session.relay().heldBytes(), sum, capacity));
  }

  // ---- blame

  @Override
  public void onSent(Node from, Node to, Message message, Fate fate) {
    if (fate == Fate.CORRUPT && message instanceof Message.Pushed) {
      liars.add(from.name());
    } else if (message instanceof Message.Reply && fate != Fate.DELIVER && fate != Fate.BREAK) {
      gaps = true;
    }
  }

  /**
   * Of what hops of the route report. A standby may report its pusher for having been sent the same
   * tokens in other steps; and a client that missed a report may hold the relay for a liar that
   * took its answer back.
   */
  private void checkBlame(ClientNode client, RouteState before, List<RouteEffect> effects) {
    for (RouteEffect effect : effects) {
      if (!gaps
          && effect instanceof RouteEffect.MismatchSeen seen
          && before.route().stream().anyMatch(hop -> hop.relay().equals(seen.stage()))) {
        require(
            liars.contains(seen.blamed().name()),
            Kind.BLAME,
            () ->
                "%s blames %s for other bytes at %s in step %s"
                    .formatted(client, seen.blamed().name(), seen.stage().name(), seen.step()));
      }
    }
  }

  // ---- answers

  private void checkAnswers(StageSession session, StageInput input, List<StageEffect> effects) {
    Map<StepId, Digest> given = answers.computeIfAbsent(session, _ -> new HashMap<>());
    List<StepId> now = new ArrayList<>(2);
    for (StageEffect effect : effects) {
      switch (effect) {
        case StageEffect.Respond respond ->
            checkAnswer(session, input, given, now, respond.step().id(), respond.output().digest());
        case StageEffect.Absorbed absorbed ->
            checkAnswer(session, input, given, now, absorbed.step().id(), absorbed.inputDigest());
        case StageEffect.ReportMismatch report -> {
          if (report.rolledBack()) {
            given.keySet().removeIf(id -> id.number() >= report.step().number());
          }
        }
        default -> {}
      }
    }
  }

  private static void checkAnswer(
      StageSession session,
      StageInput input,
      Map<StepId, Digest> given,
      List<StepId> now,
      StepId step,
      Digest digest) {
    require(
        !now.contains(step),
        Kind.ANSWERS,
        () -> "%s answers step %s twice at once".formatted(session, step));
    now.add(step);
    Digest before = given.putIfAbsent(step, digest);
    if (before == null) {
      return;
    }
    require(
        before.equals(digest),
        Kind.ANSWERS,
        () ->
            "%s answers step %s with %s, and before with %s"
                .formatted(session, step, digest, before));
    require(
        input instanceof StageInput.ClientStep asked && asked.step().id().equals(step),
        Kind.ANSWERS,
        () -> "%s answers step %s again, and nobody has asked".formatted(session, step));
  }

  // ---- queues

  private static void checkQueues(StageSession session, StageState state) {
    StageConfig.Limits limits = state.config().limits();
    checkQueue(
        session,
        "open steps",
        state.open().size(),
        2 * (limits.waiting() + limits.speculation()) + limits.recorded());
    checkQueue(session, "parked pushes", state.parked().size(), limits.parked());
    checkQueue(session, "recorded steps", state.recorded().size(), limits.recorded());
    checkQueue(
        session,
        "computations",
        session.relay().executorQueue(),
        session.relay().sessions().size() + 1);
  }

  private static void checkQueue(StageSession session, String what, int size, int most) {
    require(
        size <= most,
        Kind.BOUNDS,
        () -> "%s: %d %s, at most %d".formatted(session, size, what, most));
  }

  // ---- timers

  @Override
  public void afterEvent(World world) {
    require(
        world.timeline().pending() <= PENDING_EVENTS * (world.clients().size() + 1),
        Kind.BOUNDS,
        () -> "%d events are pending".formatted(world.timeline().pending()));
    if (touchedSession != null) {
      checkTimer(touchedSession);
      touchedSession = null;
    }
    if (touchedClient != null) {
      checkTimer(touchedClient);
      touchedClient = null;
    }
  }

  private static void checkTimer(StageSession session) {
    if (session.isOver() || session.relay().isPaused()) {
      return;
    }
    OptionalLong due = session.state().nextDeadlineNanos();
    long latest = Math.min(due.orElse(Long.MAX_VALUE), session.leaseEndNanos());
    checkTimer(session, session.timerNanos(), latest);
  }

  private static void checkTimer(ClientNode client) {
    if (!client.isUp() || client.isPaused() || client.isFinished() || client.isAboutToRequest()) {
      return;
    }
    OptionalLong due = client.state().nextDeadlineNanos();
    require(
        due.isPresent(),
        Kind.TIMER,
        () ->
            "%s waits for an answer in phase %s without a deadline"
                .formatted(client, client.state().phase()));
    checkTimer(client, client.timerNanos(), due.getAsLong());
  }

  private static void checkTimer(Object who, OptionalLong timer, long latest) {
    require(
        timer.isPresent() && timer.getAsLong() <= latest,
        Kind.TIMER,
        () -> "%s has something to do at %d ns, and its timer is %s".formatted(who, latest, timer));
  }
}

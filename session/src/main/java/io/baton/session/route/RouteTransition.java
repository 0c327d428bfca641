package io.baton.session.route;

import io.baton.session.Transition;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.TensorSpec;
import io.baton.session.route.RouteState.Ban;
import io.baton.session.route.RouteState.Phase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** One run of {@link RouteMachine}: a scratch copy of the state, and the effects so far. */
final class RouteTransition {

  /** How many of the latest failures are kept to be told. */
  private static final int TRIED_KEPT = 32;

  /** How many relays are remembered that cannot be reached now. */
  private static final int RELAYS_REMEMBERED = 1024;

  private final RouteConfig config;
  private final PayloadOperations operations;
  private final long jitterSeed;
  private final long now;
  private final List<RouteEffect> effects = new ArrayList<>();

  private Phase phase;
  private long epoch;
  private List<Candidate> candidates;
  private final List<Hop> hops;
  private History history;
  private final Map<RelayId, Integer> held;
  private Optional<Long> request;
  private long nextNumber;
  private final Map<RelayId, Ban> bans;
  private final Map<RelayId, Integer> mismatches;
  private int failures;
  private final List<RouteFailure.Tried> tried;
  private String cause;
  private long retryAtNanos;
  private RouteStats stats;

  RouteTransition(RouteState state, PayloadOperations operations, long jitterSeed, long nowNanos) {
    config = state.config();
    this.operations = operations;
    this.jitterSeed = jitterSeed;
    now = nowNanos;
    phase = state.phase();
    epoch = state.epoch();
    candidates = state.candidates();
    hops = new ArrayList<>(state.hops());
    history = state.history();
    held = new HashMap<>(state.held());
    request = state.request();
    nextNumber = state.nextNumber();
    bans = new HashMap<>(state.bans());
    mismatches = new HashMap<>(state.mismatches());
    failures = state.failures();
    tried = new ArrayList<>(state.tried());
    cause = state.cause();
    retryAtNanos = state.retryAtNanos();
    stats = state.stats();
  }

  Transition<RouteState, RouteEffect> finish() {
    return new Transition<>(
        new RouteState(
            config,
            phase,
            epoch,
            candidates,
            hops,
            history,
            held,
            request,
            nextNumber,
            bans,
            mismatches,
            failures,
            tried,
            cause,
            retryAtNanos,
            stats),
        effects);
  }

  // ---- the application speaks

  void begin() {
    if (phase == Phase.DORMANT) {
      wake();
    }
  }

  void submit(RouteInput.Submit submit) {
    Optional<RouteEffect.Declined> declined = whatIsWrong(submit);
    if (declined.isPresent()) {
      effects.add(declined.get());
      return;
    }
    boolean rewind = submit.position() < history.acceptedLength();
    if (rewind) {
      history = history.truncate(submit.position(), operations);
      held.replaceAll((_, length) -> Math.min(length, submit.position()));
    }
    request = Optional.of(submit.request());
    history = history.enter(submit.payload());
    switch (phase) {
      case DORMANT -> wake();
      case OPENING, RUNNING -> {
        if (rewind) {
          open(route(), "rewind to position " + submit.position());
        } else if (phase == Phase.RUNNING) {
          pump(0);
        }
      }
      case SEARCHING, CLOSED -> {}
    }
  }

  private Optional<RouteEffect.Declined> whatIsWrong(RouteInput.Submit submit) {
    Payload payload = submit.payload();
    TensorSpec expected = config.inputRow().withRows(payload.tokens());
    if (!payload.activations().spec().equals(expected)) {
      return declined(
          submit,
          Refusal.BAD_TENSOR,
          "the model takes activations of %s, not %s"
              .formatted(expected, payload.activations().spec()));
    }
    if (request.isPresent()) {
      return declined(submit, Refusal.TOO_MANY_STEPS, "another step is under way");
    }
    if (submit.position() < 0 || submit.position() > history.acceptedLength()) {
      return declined(
          submit,
          Refusal.GAP,
          "position %d, and the session holds %d tokens"
              .formatted(submit.position(), history.acceptedLength()));
    }
    if ((long) submit.position() + payload.tokens() > config.maxLength()) {
      return declined(
          submit,
          Refusal.TOO_LONG,
          "%d tokens at position %d, and the session holds at most %d"
              .formatted(payload.tokens(), submit.position(), config.maxLength()));
    }
    return Optional.empty();
  }

  private static Optional<RouteEffect.Declined> declined(
      RouteInput.Submit submit, Refusal reason, String message) {
    return Optional.of(new RouteEffect.Declined(submit.request(), reason, message));
  }

  void close() {
    inOrder(held.keySet()).forEach(relay -> effects.add(new RouteEffect.CloseStage(relay)));
    request.ifPresent(
        id ->
            effects.add(
                new RouteEffect.Failed(id, new RouteFailure("the session was closed", List.of()))));
    request = Optional.empty();
    hops.clear();
    held.clear();
    history = History.EMPTY;
    phase = Phase.CLOSED;
  }

  // ---- finding a route

  /** Begins to look for a route after having had none and wanted none. */
  private void wake() {
    failures = 0;
    tried.clear();
    cause = "the session begins";
    search(candidates.isEmpty());
  }

  void discovered(RouteInput.Discovered found) {
    candidates = found.candidates();
    if (held.size() + bans.size() > RELAYS_REMEMBERED) {
      forgetRelaysNowhereToBeSeen();
    }
    if (phase == Phase.SEARCHING) {
      plan().ifPresent(route -> open(route, cause));
    }
  }

  private void forgetRelaysNowhereToBeSeen() {
    Set<RelayId> seen = candidates.stream().map(Candidate::relay).collect(Collectors.toSet());
    hops.forEach(hop -> seen.add(hop.relay()));
    held.keySet().retainAll(seen);
    bans.keySet().retainAll(seen);
    mismatches.keySet().retainAll(seen);
  }

  /** Opens the best route there is, or waits for a better day. */
  private void search(boolean nothingKnown) {
    Optional<List<Candidate>> route = nothingKnown ? Optional.empty() : plan();
    if (route.isPresent()) {
      open(route.get(), cause);
      return;
    }
    phase = Phase.SEARCHING;
    hops.clear();
    retryAtNanos = now + backoffNanos();
    effects.add(new RouteEffect.Discover());
  }

  private Optional<List<Candidate>> plan() {
    // A relay holds one part of a session, so it counts once: as what it was last seen to be.
    Map<RelayId, Candidate> choice = new LinkedHashMap<>();
    candidates.forEach(candidate -> choice.putIfAbsent(candidate.relay(), candidate));
    route().forEach(candidate -> choice.putIfAbsent(candidate.relay(), candidate));
    choice.keySet().removeIf(relay -> !isFree(relay));
    return RoutePlanner.plan(config.layers(), List.copyOf(choice.values()), this::replayCost);
  }

  /**
   * Layers times tokens to replay; of two that need as much, the one that is on the route stays.
   * What a relay held before it failed twice is not counted on, or its memory would always make it
   * the cheapest.
   */
  private long replayCost(Candidate candidate) {
    Ban ban = bans.get(candidate.relay());
    int has = ban == null || ban.failures() == 1 ? held.getOrDefault(candidate.relay(), 0) : 0;
    int missing = Math.max(0, history.acceptedLength() - has);
    int change = indexOf(candidate.relay()) >= 0 ? 0 : 1;
    return candidate.span().layers() * (2L * missing + change);
  }

  private boolean isFree(RelayId relay) {
    Ban ban = bans.get(relay);
    return ban == null || now - ban.untilNanos() >= 0;
  }

  private long backoffNanos() {
    RouteConfig.Patience patience = config.patience();
    long limit =
        Math.min(patience.maxBackoffNanos(), patience.backoffNanos() << Math.min(failures, 20));
    // Half fixed and half spread, so that clients of one lost relay do not all come back at once.
    long spread = mix(jitterSeed + epoch * 31 + failures) >>> 1;
    return limit / 2 + spread % Math.max(1, limit / 2);
  }

  /** The finalizer of the SplitMix64 generator (Steele, Lea, Flood 2014). */
  private static long mix(long seed) {
    long z = (seed + 0x9e3779b97f4a7c15L);
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private List<Candidate> route() {
    return hops.stream().map(Hop::candidate).toList();
  }

  /** Raises the epoch and tells all hops of the route. */
  private void open(List<Candidate> route, String why) {
    closeAllBut(route);
    epoch++;
    cause = why;
    phase = Phase.OPENING;
    history = history.retain(route.stream().map(c -> c.span().first()).collect(Collectors.toSet()));
    hops.clear();
    for (int i = 0; i < route.size(); i++) {
      Candidate candidate = route.get(i);
      int length =
          Math.min(held.getOrDefault(candidate.relay(), 0), history.lengthOf(known(candidate)));
      held.putIfAbsent(candidate.relay(), 0);
      Set<RelayId> sources =
          i > 0 && mayPush(route.get(i - 1).relay()) ? Set.of(route.get(i - 1).relay()) : Set.of();
      hops.add(
          new Hop(candidate, length, sources, Optional.empty(), 0, List.of(), 1, openDeadline()));
      effects.add(new RouteEffect.Open(candidate, epoch, length, sources));
    }
  }

  private boolean mayPush(RelayId relay) {
    return config.push() && mismatches.getOrDefault(relay, 0) < config.mismatchLimit();
  }

  private long openDeadline() {
    return now + config.patience().openNanos();
  }

  /** Segments whose output at a stage the client has: what the stage can be spared. */
  private int known(Candidate candidate) {
    int exit = candidate.span().end();
    return exit == config.layers() ? history.accepted() : history.known(exit);
  }

  /**
   * Ends the session at relays that the route leaves out, those excepted that failed and may come
   * back.
   */
  private void closeAllBut(List<Candidate> route) {
    Set<RelayId> out = new HashSet<>(held.keySet());
    route.forEach(candidate -> out.remove(candidate.relay()));
    out.removeIf(relay -> !isFree(relay));
    for (RelayId relay : inOrder(out)) {
      effects.add(new RouteEffect.CloseStage(relay));
      held.remove(relay);
    }
  }

  /** The order in which a set gives its elements is not the same in every run of a program. */
  private static List<RelayId> inOrder(Set<RelayId> relays) {
    return relays.stream()
        .sorted(Comparator.comparing(RelayId::name).thenComparingLong(RelayId::incarnation))
        .toList();
  }

  // ---- a hop answers its opening

  void opened(RouteInput.Opened opened) {
    int index = indexOf(opened.relay());
    if (phase != Phase.OPENING || opened.epoch() != epoch || index < 0) {
      return;
    }
    Hop hop = hops.get(index);
    if (hop.isOpen()) {
      return;
    }
    if (opened.currentLength() > hop.openLength()) {
      fail(
          index,
          "claims %d tokens of the session's %d"
              .formatted(opened.currentLength(), hop.openLength()));
      return;
    }
    int segments = Math.min(history.segmentsWithin(opened.currentLength()), known(hop.candidate()));
    held.put(hop.relay(), history.lengthOf(segments));
    if (history.lengthOf(segments) != opened.currentLength()) {
      // It holds part of a step. Steps are replayed whole, so it has to let go of that part.
      open(route(), cause);
      return;
    }
    hops.set(index, hop.opened(opened.ticket(), segments));
    if (hops.stream().allMatch(Hop::isOpen)) {
      phase = Phase.RUNNING;
      effects.add(new RouteEffect.RouteOpened(epoch, route(), cause));
      for (int i = 0; i < hops.size() && phase == Phase.RUNNING; i++) {
        pump(i);
      }
    }
  }

  // ---- the pump

  /** Sends a hop all that the client has for it, as far as the window lets it. */
  private void pump(int index) {
    while (confirmNext(index) || sendNext(index)) {
      // until there is nothing more to send
    }
  }

  /**
   * Confirms the first step that a peer brings to this hop, if the client knows its input by now.
   */
  private boolean confirmNext(int index) {
    Hop hop = hops.get(index);
    Optional<Hop.Flight> unsent = hop.firstUnsent();
    if (unsent.isEmpty() || unsent.get().to() > history.known(hop.entrance())) {
      return false;
    }
    send(index, unsent.get(), config.confirm() == RouteConfig.Confirm.FULL);
    return true;
  }

  /** Sends the payload of the next segments that no peer brings. */
  private boolean sendNext(int index) {
    Hop hop = hops.get(index);
    int known = history.known(hop.entrance());
    if (hop.firstUnsent().isPresent()
        || hop.next() >= known
        || hop.flights().size() >= config.window()) {
      return false;
    }
    int from = hop.next();
    int to = mergeEnd(hop.entrance(), from, known);
    int position = history.segments().get(from).position();
    int count = history.segments().get(to - 1).end() - position;
    Step step = new Step(new StepId(epoch, nextNumber++), position, count);
    Hop.Flight flight = new Hop.Flight(step, from, to, Optional.empty(), Optional.empty());
    hops.set(index, hop.add(flight));
    for (int next = index + 1; next < hops.size() && takesPush(next, from); next++) {
      hops.set(next, hops.get(next).add(flight));
    }
    send(index, flight, true);
    return true;
  }

  /**
   * Whether the output of the stage before is to be pushed to this hop: only if it lacks the step.
   */
  private boolean takesPush(int index, int segment) {
    Hop hop = hops.get(index);
    return !hop.pushSources().isEmpty()
        && hop.next() == segment
        && history.known(hop.entrance()) <= segment
        && hop.flights().size() < config.window();
  }

  private int mergeEnd(int layer, int from, int known) {
    int to = from + 1;
    int tokens = history.segments().get(from).count();
    while (to < Math.min(known, history.accepted())
        && tokens + history.segments().get(to).count() <= config.mergeTokens()
        && history.input(layer, to - 1).sideInputs().isEmpty()
        && history.input(layer, to).sideInputs().isEmpty()) {
      tokens += history.segments().get(to++).count();
    }
    return to;
  }

  private void send(int index, Hop.Flight flight, boolean withPayload) {
    Hop hop = hops.get(index);
    Payload payload = payload(hop, flight);
    int at = hop.indexOf(flight.step().id().number());
    Hop sent = hop.set(at, flight.sent(payload.digest()));
    hops.set(index, at == 0 ? sent.waiting(1, stepDeadline()) : sent);
    emit(index, flight, payload.digest(), withPayload ? Optional.of(payload) : Optional.empty());
  }

  private void sendAgain(int index, Hop.Flight flight) {
    Payload payload = payload(hops.get(index), flight);
    emit(index, flight, payload.digest(), Optional.of(payload));
  }

  private void emit(int index, Hop.Flight flight, Digest digest, Optional<Payload> payload) {
    List<Peer> nextPeers = new ArrayList<>();
    for (int next = index + 1; next < hops.size(); next++) {
      Hop hop = hops.get(next);
      if (hop.indexOf(flight.step().id().number()) < 0) {
        break;
      }
      nextPeers.add(new Peer(hop.relay(), hop.candidate().address(), hop.ticket().orElseThrow()));
    }
    effects.add(
        new RouteEffect.Send(hops.get(index).relay(), flight.step(), nextPeers, digest, payload));
  }

  private long stepDeadline() {
    return now + config.patience().stepNanos();
  }

  private Payload payload(Hop hop, Hop.Flight flight) {
    if (flight.to() - flight.from() == 1) {
      return history.input(hop.entrance(), flight.from());
    }
    List<Payload> parts = new ArrayList<>();
    for (int segment = flight.from(); segment < flight.to(); segment++) {
      parts.add(history.input(hop.entrance(), segment));
    }
    return operations.concatenate(parts);
  }

  // ---- a hop answers a step

  void answered(RouteInput.Answered answer) {
    int index = indexOf(answer.relay());
    if (phase != Phase.RUNNING || answer.step().id().epoch() != epoch || index < 0) {
      return;
    }
    Hop hop = hops.get(index);
    int at = hop.indexOf(answer.step().id().number());
    if (at < 0) {
      return;
    }
    Hop.Flight flight = hop.flights().get(at);
    TensorSpec expected = hop.candidate().stage().outputRow().withRows(flight.step().count());
    if (!answer.step().equals(flight.step())
        || !answer.output().activations().spec().equals(expected)) {
      fail(
          index,
          "answered %s with %s for %s, which takes %s"
              .formatted(
                  flight.step(), answer.output().activations().spec(), answer.step(), expected));
      return;
    }
    hops.set(
        index,
        hop.set(
            at,
            flight.answered(
                new Hop.Answer(answer.source(), answer.inputDigest(), answer.output()))));
    absorb(index);
  }

  /** Takes in the answers whose turn has come, here and, with what they teach, further down. */
  private void absorb(int index) {
    for (int at = index; at < hops.size() && phase == Phase.RUNNING; at++) {
      pump(at);
      while (phase == Phase.RUNNING && takeAnswer(at)) {
        pump(at);
      }
    }
  }

  /** Checks and takes in the answer to the first flight, if it is there and can be checked. */
  private boolean takeAnswer(int index) {
    Hop hop = hops.get(index);
    if (hop.flights().isEmpty()) {
      return false;
    }
    Hop.Flight flight = hop.flights().getFirst();
    if (flight.answer().isEmpty() || flight.digest().isEmpty()) {
      return false;
    }
    Hop.Answer answer = flight.answer().get();
    Digest digest = flight.digest().get();
    if (!answer.inputDigest().equals(digest)) {
      reject(index, flight.step().id(), digest, answer);
      return false;
    }
    hops.set(index, hop.withoutFirst().waiting(1, stepDeadline()));
    held.put(hop.relay(), flight.step().end());
    count(index, flight, answer);
    learn(index, flight, answer.output());
    return true;
  }

  private void count(int index, Hop.Flight flight, Hop.Answer answer) {
    if (flight.from() < history.accepted()) {
      stats = stats.plus(new RouteStats(0, 0, 0, flight.step().count(), 0));
    } else if (index > 0) {
      boolean peer = answer.source() == Source.PEER;
      stats = stats.plus(new RouteStats(peer ? 1 : 0, peer ? 0 : 1, 0, 0, 0));
    }
  }

  /**
   * Keeps of a checked output what the client did not have yet; the rest of a replay's output is
   * trimmed here.
   */
  private void learn(int index, Hop.Flight flight, Payload output) {
    int exit = hops.get(index).exit();
    for (int segment = flight.from(); segment < flight.to(); segment++) {
      boolean isNew = segment == known(hops.get(index).candidate());
      if (!isNew) {
        continue;
      }
      Payload part =
          flight.to() - flight.from() == 1
              ? output
              : operations.rows(
                  output,
                  history.segments().get(segment).position() - flight.step().position(),
                  history.segments().get(segment).count());
      if (exit == config.layers()) {
        accept(part);
      } else {
        history = history.learn(exit, part);
      }
    }
  }

  /** The chain's result is checked from end to end: the application gets it. */
  private void accept(Payload output) {
    int position = history.segments().get(history.accepted()).position();
    history = history.accept();
    // A step of no tokens is gone from the history, and with it what replacements still do for it.
    hops.replaceAll(hop -> hop.upTo(history.segments().size()));
    hops.forEach(hop -> bans.remove(hop.relay()));
    failures = 0;
    tried.clear();
    long id = request.orElseThrow();
    request = Optional.empty();
    effects.add(new RouteEffect.Accepted(id, position, output));
  }

  // ---- disagreement

  /** A stage answers for other bytes than the client vouches for: nothing of it may stand. */
  private void reject(int index, StepId step, Digest digest, Hop.Answer answer) {
    Hop hop = hops.get(index);
    if (hop.pushSources().isEmpty() || answer.source() == Source.CLIENT) {
      effects.add(
          new RouteEffect.MismatchSeen(
              hop.relay(), step, digest, answer.inputDigest(), hop.relay()));
      stats = stats.plus(new RouteStats(0, 0, 0, 0, 1));
      fail(index, "computed other bytes than it was sent");
      return;
    }
    blame(index, step, digest, answer.inputDigest(), hops.get(index - 1).relay());
    open(route(), "mismatch at " + hop.candidate());
  }

  private void blame(int index, StepId step, Digest client, Digest other, RelayId blamed) {
    mismatches.merge(blamed, 1, Integer::sum);
    stats = stats.plus(new RouteStats(0, 0, 0, 0, 1));
    effects.add(new RouteEffect.MismatchSeen(hops.get(index).relay(), step, client, other, blamed));
  }

  void mismatchReported(RouteInput.MismatchReported report) {
    int index = indexOf(report.relay());
    if (phase != Phase.RUNNING || report.step().epoch() != epoch || index <= 0) {
      return;
    }
    Hop hop = hops.get(index);
    if (hop.pushSources().isEmpty()) {
      fail(index, "reports other bytes from a peer, and takes none from any");
      return;
    }
    RelayId before = hops.get(index - 1).relay();
    blame(index, report.step(), report.client(), report.peer(), before);
    boolean underWay = hop.indexOf(report.step().number()) >= 0;
    if (!mayPush(before) || (underWay && report.rolledBack())) {
      open(route(), "mismatch at " + hop.candidate());
    }
  }

  void payloadAsked(RouteInput.PayloadAsked asked) {
    int index = indexOf(asked.relay());
    if (phase != Phase.RUNNING || asked.step().epoch() != epoch || index < 0) {
      return;
    }
    int at = hops.get(index).indexOf(asked.step().number());
    if (at >= 0 && hops.get(index).flights().get(at).isSent()) {
      sendAgain(index, hops.get(index).flights().get(at));
    }
  }

  // ---- failure

  void refused(RouteInput.Refused refused) {
    int index = indexOf(refused.relay());
    if (index < 0 || refused.step().epoch() != epoch) {
      return;
    }
    String why = "%s: %s".formatted(refused.reason(), refused.message());
    if (refused.step().number() == 0) {
      forget(refused);
      fail(index, why);
      return;
    }
    int at = hops.get(index).indexOf(refused.step().number());
    if (phase != Phase.RUNNING || at < 0) {
      return;
    }
    switch (refused.reason().remedy()) {
      case SAME_AGAIN -> again(index, at, why);
      case RESYNCHRONISE -> {
        if (failures >= config.patience().attempts()) {
          fail(index, why);
        } else {
          failures++;
          open(route(), why);
        }
      }
      case ELSEWHERE -> {
        forget(refused);
        fail(index, why);
      }
      case NEVER -> {
        if (hops.get(index).flights().get(at).to() > history.accepted()) {
          giveUpRequest(refused);
        } else {
          // Others took this step before: it is this relay that cannot.
          fail(index, why);
        }
      }
    }
  }

  private void forget(RouteInput.Refused refused) {
    if (refused.reason() == Refusal.NO_SESSION) {
      held.remove(refused.relay());
    }
  }

  private void giveUpRequest(RouteInput.Refused refused) {
    request.ifPresent(
        id -> effects.add(new RouteEffect.Declined(id, refused.reason(), refused.message())));
    dropRequest();
    open(route(), "a step was declined");
  }

  private void dropRequest() {
    request = Optional.empty();
    history = history.withoutPending();
    held.replaceAll((_, length) -> Math.min(length, history.acceptedLength()));
  }

  void relayLost(RouteInput.RelayLost lost) {
    int index = indexOf(lost.relay());
    if (index >= 0) {
      fail(index, lost.cause());
    }
  }

  void relayDraining(RouteInput.RelayDraining draining) {
    int index = indexOf(draining.relay());
    if (index < 0) {
      return;
    }
    Candidate hop = hops.get(index).candidate();
    ban(draining.relay());
    plan()
        .ifPresent(
            route -> {
              effects.add(new RouteEffect.CloseStage(draining.relay()));
              held.remove(draining.relay());
              stats = stats.plus(new RouteStats(0, 0, 1, 0, 0));
              open(route, hop + " is about to stop");
            });
  }

  void tick() {
    switch (phase) {
      case SEARCHING -> {
        if (now - retryAtNanos >= 0) {
          failures++;
          if (failures > config.patience().failures()) {
            giveUp();
          } else {
            search(false);
          }
        }
      }
      case OPENING, RUNNING -> overdue();
      case DORMANT, CLOSED -> {}
    }
  }

  private void overdue() {
    long epochBefore = epoch;
    for (int i = 0; i < hops.size() && epoch == epochBefore && phase != Phase.SEARCHING; i++) {
      Hop hop = hops.get(i);
      if (!hop.isWaiting() || now - hop.deadlineNanos() < 0) {
        continue;
      }
      if (hop.isOpen()) {
        again(i, 0, "no answer to %s in time".formatted(hop.flights().getFirst().step()));
      } else if (hop.attempts() >= config.patience().attempts()) {
        fail(i, "no answer to the opening in time");
      } else {
        hops.set(i, hop.waiting(hop.attempts() + 1, openDeadline()));
        effects.add(
            new RouteEffect.Open(hop.candidate(), epoch, hop.openLength(), hop.pushSources()));
      }
    }
  }

  /** Sends a step again, unless that has been done often enough. */
  private void again(int index, int flight, String why) {
    Hop hop = hops.get(index);
    if (hop.attempts() >= config.patience().attempts()) {
      fail(index, why);
      return;
    }
    hops.set(index, hop.waiting(hop.attempts() + 1, stepDeadline()));
    sendAgain(index, hop.flights().get(flight));
  }

  /** A hop has failed: goes on without it. */
  private void fail(int index, String why) {
    Candidate lost = hops.get(index).candidate();
    tried.add(new RouteFailure.Tried(lost, why));
    if (tried.size() > TRIED_KEPT) {
      tried.removeFirst();
    }
    ban(lost.relay());
    effects.add(new RouteEffect.Disconnect(lost.relay()));
    hops.remove(index);
    failures++;
    if (failures > config.patience().failures()) {
      giveUp();
      return;
    }
    stats = stats.plus(new RouteStats(0, 0, 1, 0, 0));
    cause = "%s failed: %s".formatted(lost, why);
    search(false);
  }

  private void ban(RelayId relay) {
    Ban before = bans.get(relay);
    int count = before == null ? 1 : before.failures() + 1;
    long nanos =
        Math.min(
            config.patience().maxBanNanos(),
            config.patience().banNanos() << Math.min(count - 1, 20));
    bans.put(relay, new Ban(now + nanos, count));
  }

  private void giveUp() {
    int missing = RoutePlanner.missingLayer(candidates);
    String message =
        missing < config.layers()
            ? "no relay that can be reached serves layer %d".formatted(missing)
            : "no route through the %d layers held".formatted(config.layers());
    effects.add(
        new RouteEffect.Failed(
            request.orElse(0L),
            new RouteFailure("%s after %d tries".formatted(message, failures), tried)));
    if (request.isPresent()) {
      dropRequest();
    }
    hops.clear();
    phase = Phase.DORMANT;
  }

  private int indexOf(RelayId relay) {
    for (int i = 0; i < hops.size(); i++) {
      if (hops.get(i).relay().equals(relay)) {
        return i;
      }
    }
    return -1;
  }
}

package io.baton.session.route;

import static io.baton.session.testing.TestPayloads.PAYLOADS;
import static io.baton.session.testing.TestPayloads.ROW;
import static io.baton.session.testing.TestPayloads.payload;
import static io.baton.session.testing.TestPayloads.rows;

import io.baton.session.Transition;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.StageRole;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.testing.Oracle;
import io.baton.session.testing.TestPayloads;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A client's session against honest relays that answer when told to. */
final class RouteDriver {

  static final int MAX_LENGTH = 200_000;

  /** A relay whose stage holds what it absorbed. */
  static final class Relay {
    final Candidate candidate;
    List<Long> absorbed = new ArrayList<>();
    final Map<StepId, Payload> pushed = new HashMap<>();
    boolean up = true;
    StageRole role = StageRole.ACTIVE;

    private Relay(Candidate candidate) {
      this.candidate = candidate;
    }

    RelayId id() {
      return candidate.relay();
    }
  }

  final Map<RelayId, Relay> relays = new LinkedHashMap<>();
  private final RouteMachine machine = new RouteMachine(PAYLOADS, 42);
  private final int layers;
  RouteState state;
  long now = 1_000;
  private long requests;

  /** What has not been carried out yet. */
  final Deque<RouteEffect> waiting = new ArrayDeque<>();

  /** All that there was since {@link #forget}. */
  final List<RouteEffect> seen = new ArrayList<>();

  RouteDriver(RouteConfig config) {
    layers = config.layers();
    state = RouteState.initial(config);
  }

  /** Begins anew, configured otherwise; nothing may have happened yet. */
  void configure(UnaryOperator<RouteConfig> change) {
    state = RouteState.initial(change.apply(state.config()));
  }

  /** A chain of stages of one layer each, named a, b, c. */
  static RouteDriver chain(int stages) {
    RouteDriver driver = new RouteDriver(RouteConfig.of(stages, ROW, MAX_LENGTH));
    for (int i = 0; i < stages; i++) {
      driver.relay(String.valueOf((char) ('a' + i)), i, i + 1);
    }
    return driver;
  }

  Relay relay(String name, int first, int end) {
    return relay(new RelayId(name, 1L << 32), first, end);
  }

  Relay relay(RelayId id, int first, int end) {
    Relay relay =
        new Relay(
            new Candidate(
                id,
                id.name() + ":1",
                TestPayloads.stage(layers, new LayerSpan(first, end), MAX_LENGTH)));
    relays.put(id, relay);
    return relay;
  }

  Relay get(String name) {
    return relays.values().stream()
        .filter(relay -> relay.id().name().equals(name))
        .reduce((_, latest) -> latest)
        .orElseThrow();
  }

  // ---- the client's machine

  void give(RouteInput input) {
    Transition<RouteState, RouteEffect> made = machine.step(state, input, now);
    state = made.state();
    seen.addAll(made.effects());
    waiting.addAll(made.effects());
  }

  void submit(int position, long... rows) {
    give(new RouteInput.Submit(++requests, position, payload(rows)));
  }

  /** Submits at the end, and has everything answered. */
  Payload step(long... rows) {
    forget();
    submit(state.length(), rows);
    run();
    return last(RouteEffect.Accepted.class).output();
  }

  void lose(String name) {
    Relay relay = get(name);
    relay.up = false;
    give(new RouteInput.RelayLost(relay.id(), "connection reset"));
  }

  void tickAtDeadline() {
    now = Math.max(now, state.nextDeadlineNanos().orElseThrow());
    give(new RouteInput.Tick());
  }

  void forget() {
    seen.clear();
  }

  // ---- the relays

  /** Carries out all that waits, and all that comes of it. */
  void run() {
    while (!waiting.isEmpty()) {
      carryOut(waiting.remove());
    }
  }

  void carryOut(RouteEffect effect) {
    switch (effect) {
      case RouteEffect.Open open -> open(open);
      case RouteEffect.Send send -> answer(send);
      case RouteEffect.Discover _ ->
          give(
              new RouteInput.Discovered(
                  relays.values().stream().filter(r -> r.up).map(r -> r.candidate).toList()));
      case RouteEffect.CloseStage close -> {
        Relay relay = relays.get(close.relay());
        if (relay != null) {
          relay.absorbed.clear();
        }
      }
      default -> {}
    }
  }

  private void open(RouteEffect.Open open) {
    Relay relay = relays.get(open.relay().relay());
    if (relay == null || !relay.up) {
      give(new RouteInput.RelayLost(open.relay().relay(), "connection refused"));
      return;
    }
    relay.role = open.role();
    int length = Math.min(open.length(), relay.absorbed.size());
    relay.absorbed = new ArrayList<>(relay.absorbed.subList(0, length));
    give(opened(open, length));
  }

  static RouteInput.Opened opened(RouteEffect.Open open, int length) {
    RelayId id = open.relay().relay();
    return new RouteInput.Opened(
        id,
        open.epoch(),
        length,
        new Ticket(id.name().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  private void answer(RouteEffect.Send send) {
    Relay relay = relays.get(send.relay());
    if (relay == null || !relay.up) {
      return;
    }
    Payload pushed = relay.pushed.remove(send.step().id());
    if (pushed != null) {
      give(answer(relay, compute(relay, send, pushed, Source.PEER)));
    } else if (send.payload().isPresent()) {
      give(answer(relay, compute(relay, send, send.payload().get(), Source.CLIENT)));
    } else {
      give(new RouteInput.PayloadAsked(relay.id(), send.step().id()));
    }
  }

  private static RouteInput answer(Relay relay, RouteInput.Answered answer) {
    return relay.role == StageRole.ACTIVE
        ? answer
        : new RouteInput.Absorbed(
            answer.relay(),
            answer.step(),
            answer.source(),
            answer.inputDigest(),
            relay.absorbed.size());
  }

  /** The honest answer, with the push that goes with it. */
  RouteInput.Answered compute(Relay relay, RouteEffect.Send send, Payload input, Source source) {
    if (send.step().position() != relay.absorbed.size()) {
      throw new AssertionError(
          send.step() + " at a stage of " + relay.absorbed.size() + " tokens: " + relay.id());
    }
    relay.absorbed.addAll(rows(input));
    List<Long> outputs = Oracle.run(relay.candidate.span(), relay.absorbed);
    Payload output =
        payload(outputs.subList(send.step().position(), send.step().end()), input.sideInputs());
    if (!send.nextPeers().isEmpty()) {
      Relay next = relays.get(send.nextPeers().getFirst().relay());
      if (next != null) {
        next.pushed.put(send.step().id(), output);
      }
      send.nextPeers()
          .getFirst()
          .standby()
          .flatMap(standby -> Optional.ofNullable(relays.get(standby.relay())))
          .ifPresent(standby -> standby.pushed.put(send.step().id(), output));
    }
    return new RouteInput.Answered(relay.id(), send.step(), source, input.digest(), output);
  }

  // ---- what there was

  <T> List<T> all(Class<T> type) {
    return seen.stream().filter(type::isInstance).map(type::cast).toList();
  }

  <T> T last(Class<T> type) {
    return all(type).getLast();
  }

  List<RouteEffect.Send> sends(String name) {
    return all(RouteEffect.Send.class).stream()
        .filter(send -> send.relay().equals(get(name).id()))
        .toList();
  }

  List<String> route() {
    return state.route().stream().map(candidate -> candidate.relay().name()).toList();
  }
}

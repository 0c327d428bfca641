package io.baton.session.explore;

import io.baton.session.Transition;
import io.baton.session.explore.Scenario.Fault;
import io.baton.session.explore.World.Relay;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.Source;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.route.RouteMachine;
import io.baton.session.route.RouteState;
import io.baton.session.stage.DropReason;
import io.baton.session.stage.Footprint;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.session.stage.StageMachine;
import io.baton.session.stage.StageState;
import io.baton.session.testing.Oracle;
import io.baton.session.testing.TestPayloads;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs one client and its relays through every order in which events can happen, breadth first, and
 * checks after each that nothing is wrong, and at each end that the application got its answer.
 * Time passes only by timers, which fire when nothing else can happen.
 */
final class Explorer {

  /** What an exploration saw. */
  record Result(int worlds, int ends, int failures, Set<String> seen) {}

  /** A push on its way. */
  record Parcel(int from, RelayId to, StageInput.PeerPush push) {}

  private record Call(int state, int input, long now) {}

  private record Step(int state, List<Object> effects) {}

  private static final SessionId SESSION = new SessionId(1, 2);

  private final Scenario scenario;
  private final int limit;
  private final Interner interner = new Interner();
  private final RouteMachine machine = new RouteMachine(TestPayloads.PAYLOADS, 1);
  private final Map<Call, Step> calls = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  private final List<Integer> parents = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();
  private int failures;

  /**
   * @param limit worlds after which a scenario counts as endless
   */
  Explorer(Scenario scenario, int limit) {
    this.scenario = scenario;
    this.limit = limit;
  }

  Result explore() {
    Set<World.Key> visited = new HashSet<>();
    ArrayDeque<World> frontier = new ArrayDeque<>();
    ArrayDeque<Integer> numbers = new ArrayDeque<>();
    World first = first();
    visited.add(first.key());
    frontier.add(first);
    numbers.add(World.NONE);
    int ends = 0;
    while (!frontier.isEmpty()) {
      World world = frontier.remove();
      int number = numbers.remove();
      List<Event> possible = possible(world);
      if (possible.isEmpty()) {
        ends++;
        checkEnd(world, number);
      }
      for (Event event : possible) {
        World next = world.copy();
        try {
          happen(next, event);
          check(next);
        } catch (RuntimeException | AssertionError e) {
          throw new AssertionError(e + "\n" + trace(number, event), e);
        }
        if (visited.add(next.key())) {
          events.add(event);
          parents.add(number);
          frontier.add(next);
          numbers.add(events.size() - 1);
          if (visited.size() > limit) {
            throw new AssertionError(
                "no end after %d worlds\n%s".formatted(limit, trace(number, event)));
          }
        }
      }
    }
    return new Result(visited.size(), ends, failures, seen);
  }

  private World first() {
    World world = new World(scenario.relays().size());
    RouteConfig config =
        RouteConfig.of(scenario.layers(), TestPayloads.ROW, scenario.maxLength())
            .withPush(scenario.push())
            .withStandby(scenario.standby())
            .withConfirm(scenario.confirm());
    world.route = interner.number(RouteState.initial(config));
    scenario.faults().forEach(world::allow);
    for (Relay relay : world.relays) {
      relay.computed = interner.number(List.of());
      relay.answered = interner.number(List.of());
      relay.rows = interner.number(List.of());
    }
    return world;
  }

  // ---- what can happen

  private List<Event> possible(World world) {
    List<Event> possible = new ArrayList<>();
    if (world.submitted == world.accepted
        && world.submitted < scenario.script().size()
        && !world.failed) {
      possible.add(new Event.Submit(world.submitted));
    }
    if (world.discovering) {
      possible.add(new Event.RelaysFound());
    }
    for (int i = 0; i < world.relays.length; i++) {
      Relay relay = world.relays[i];
      if (relay.fromClient.length > 0) {
        possible.add(new Event.ToRelay(i, relay.fromClient[0]));
      }
      if (relay.toClient.length > 0) {
        possible.add(new Event.ToClient(i, relay.toClient[0]));
      }
      if (relay.computing != World.NONE) {
        possible.add(new Event.ComputeDone(i, relay.computing));
      }
    }
    for (int i = 0; i < world.parcels.length; i++) {
      if (isDistinct(world.parcels, i) && isNext(world.parcels, i)) {
        possible.add(new Event.PushArrives(i, world.parcels[i]));
      }
    }
    if (possible.isEmpty()) {
      possible.addAll(timers(world));
    } else if (world.left(Fault.EARLY_TIMER) > 0 && !timers(world).isEmpty()) {
      possible.add(new Event.Happens(Fault.EARLY_TIMER, 0));
    }
    if (!possible.isEmpty()) {
      addFaults(world, possible);
    }
    return possible;
  }

  private boolean isDistinct(int[] parcels, int index) {
    return index == 0 || parcels[index] != parcels[index - 1] || scenario.pushesInOrder();
  }

  private boolean isNext(int[] parcels, int index) {
    if (!scenario.pushesInOrder()) {
      return true;
    }
    Parcel parcel = interner.value(parcels[index], Parcel.class);
    for (int i = 0; i < index; i++) {
      Parcel other = interner.value(parcels[i], Parcel.class);
      if (other.from() == parcel.from() && other.to().equals(parcel.to())) {
        return false;
      }
    }
    return true;
  }

  private void addFaults(World world, List<Event> possible) {
    for (Fault fault : Fault.values()) {
      if (world.left(fault) == 0) {
        continue;
      }
      switch (fault) {
        case LOSE_PUSH, DUPLICATE_PUSH, CORRUPT_PUSH -> {
          for (int i = 0; i < world.parcels.length; i++) {
            possible.add(new Event.Happens(fault, i));
          }
        }
        case FORGE_PUSH -> {
          for (int i = 0; i < 2 * world.parcels.length; i++) {
            possible.add(new Event.Happens(fault, i));
          }
        }
        case LOSE_MESSAGE, REORDER_MESSAGE -> {
          int least = fault == Fault.LOSE_MESSAGE ? 1 : 2;
          for (int i = 0; i < world.relays.length; i++) {
            if (world.relays[i].fromClient.length >= least) {
              possible.add(new Event.Happens(fault, 2 * i));
            }
            if (world.relays[i].toClient.length >= least) {
              possible.add(new Event.Happens(fault, 2 * i + 1));
            }
          }
        }
        case CRASH, VANISH, RESTART, DISCONNECT, DRAIN -> {
          for (int i = 0; i < world.relays.length; i++) {
            // What happens to a relay that has nothing of the session is nobody's concern.
            if (world.relays[i].connected) {
              possible.add(new Event.Happens(fault, i));
            }
          }
        }
        case FAIL_COMPUTE, WORKING, HANG -> {
          for (int i = 0; i < world.relays.length; i++) {
            if (world.relays[i].computing != World.NONE) {
              possible.add(new Event.Happens(fault, i));
            }
          }
        }
        case EARLY_TIMER -> {}
      }
    }
  }

  /** The timers that are due first. */
  private List<Event> timers(World world) {
    OptionalLong earliest = earliest(world);
    List<Event> due = new ArrayList<>();
    if (earliest.isEmpty()) {
      return due;
    }
    if (route(world).nextDeadlineNanos().equals(earliest)) {
      due.add(new Event.ClientTimer());
    }
    for (int i = 0; i < world.relays.length; i++) {
      if (deadline(world.relays[i]).equals(earliest)) {
        due.add(new Event.RelayTimer(i));
      }
    }
    return due;
  }

  private OptionalLong earliest(World world) {
    OptionalLong earliest = route(world).nextDeadlineNanos();
    for (Relay relay : world.relays) {
      OptionalLong deadline = deadline(relay);
      if (earliest.isEmpty()
          || (deadline.isPresent() && deadline.getAsLong() < earliest.getAsLong())) {
        earliest = deadline;
      }
    }
    return earliest;
  }

  private OptionalLong deadline(Relay relay) {
    return relay.session == World.NONE
        ? OptionalLong.empty()
        : interner.value(relay.session, StageState.class).nextDeadlineNanos();
  }

  // ---- what happens

  private void happen(World world, Event event) {
    switch (event) {
      case Event.Submit _ -> {
        Scenario.Submission submission = scenario.script().get(world.submitted++);
        client(
            world,
            new RouteInput.Submit(
                world.submitted, submission.position(), TestPayloads.payload(submission.rows())));
      }
      case Event.RelaysFound _ -> {
        world.discovering = false;
        client(world, new RouteInput.Discovered(candidates(world)));
      }
      case Event.ToRelay(int i, int _) -> toRelay(world, i);
      case Event.ToClient(int i, int _) -> {
        Relay relay = world.relays[i];
        RouteInput message = interner.value(relay.toClient[0], RouteInput.class);
        relay.toClient = World.without(relay.toClient, 0);
        if (message instanceof RouteInput.RelayLost) {
          relay.connected = relay.connected && relay.up && isOf(world, i, message);
        }
        client(world, message);
      }
      case Event.PushArrives(int at, int _) -> pushArrives(world, at);
      case Event.ComputeDone(int i, int _) -> computeDone(world, i);
      case Event.ClientTimer _ -> {
        world.now = Math.max(world.now, route(world).nextDeadlineNanos().orElseThrow());
        client(world, new RouteInput.Tick());
      }
      case Event.RelayTimer(int i) -> {
        world.now = Math.max(world.now, deadline(world.relays[i]).orElseThrow());
        stage(world, i, new StageInput.Tick());
      }
      case Event.Happens(Fault fault, int where) -> fault(world, fault, where);
    }
  }

  private boolean isOf(World world, int i, RouteInput message) {
    return message instanceof RouteInput.RelayLost(RelayId lost, String _)
        && !lost.equals(id(world, i));
  }

  private void fault(World world, Fault fault, int where) {
    seen.add(fault.name());
    world.allow(fault, world.left(fault) - 1);
    switch (fault) {
      case LOSE_PUSH -> world.parcels = World.without(world.parcels, where);
      case DUPLICATE_PUSH -> addParcel(world, world.parcels[where]);
      case CORRUPT_PUSH -> {
        Parcel parcel = interner.value(world.parcels[where], Parcel.class);
        world.parcels = World.without(world.parcels, where);
        world.liars |= 1 << parcel.from();
        world.mayRecompute = true;
        addParcel(world, interner.number(corrupt(parcel, 0)));
      }
      case FORGE_PUSH -> {
        Parcel parcel = interner.value(world.parcels[where / 2], Parcel.class);
        world.liars |= 1 << parcel.from();
        world.mayRecompute = true;
        addParcel(world, interner.number(where % 2 == 0 ? empty(parcel, 1) : corrupt(parcel, 1)));
      }
      case LOSE_MESSAGE -> {
        Relay relay = world.relays[where / 2];
        if (where % 2 == 0) {
          relay.fromClient = World.without(relay.fromClient, 0);
        } else {
          relay.toClient = World.without(relay.toClient, 0);
        }
      }
      case REORDER_MESSAGE -> {
        Relay relay = world.relays[where / 2];
        if (where % 2 == 0) {
          relay.fromClient = World.swapFirst(relay.fromClient);
        } else {
          relay.toClient = World.swapFirst(relay.toClient);
        }
      }
      case CRASH -> stop(world, where, true);
      case VANISH -> stop(world, where, false);
      case RESTART -> {
        stop(world, where, true);
        world.relays[where].up = true;
        world.relays[where].incarnation++;
      }
      case DISCONNECT -> {
        Relay relay = world.relays[where];
        relay.fromClient = new int[0];
        relay.toClient = new int[0];
        reply(world, where, new RouteInput.RelayLost(id(world, where), "connection reset"));
      }
      case EARLY_TIMER -> happen(world, timers(world).getFirst());
      case FAIL_COMPUTE -> {
        Relay relay = world.relays[where];
        long command = interner.value(relay.computing, StageEffect.Compute.class).command();
        relay.computing = World.NONE;
        stage(world, where, new StageInput.ComputeFailed(command, "out of memory"));
      }
      case WORKING -> {
        long command =
            interner.value(world.relays[where].computing, StageEffect.Compute.class).command();
        stage(world, where, new StageInput.Working(command, 1));
      }
      case HANG -> {
        Relay relay = world.relays[where];
        long epoch = interner.value(relay.session, StageState.class).epoch();
        relay.draining = true;
        relay.session = World.NONE;
        relay.computing = World.NONE;
        refuse(world, where, new StepId(epoch, 0), Refusal.STAGE_FAILED);
      }
      case DRAIN -> {
        world.relays[where].draining = true;
        reply(world, where, new RouteInput.RelayDraining(id(world, where)));
      }
    }
  }

  /** Other rows, under the number of a later step. */
  private static Parcel corrupt(Parcel parcel, int later) {
    List<Long> rows =
        TestPayloads.rows(parcel.push().push().payload()).stream().map(row -> row + 1).toList();
    return forged(parcel, parcel.push().push().step().position(), later, rows);
  }

  /** No rows, at the position where the next step begins, under its number. */
  private static Parcel empty(Parcel parcel, int later) {
    return forged(parcel, parcel.push().push().step().end(), later, List.of());
  }

  private static Parcel forged(Parcel parcel, int position, int later, List<Long> rows) {
    Push push = parcel.push().push();
    StepId id = push.step().id();
    return new Parcel(
        parcel.from(),
        parcel.to(),
        new StageInput.PeerPush(
            parcel.push().from(),
            new Push(
                push.session(),
                push.ticket(),
                new io.baton.session.model.Step(
                    new StepId(id.epoch(), id.number() + later), position, rows.size()),
                push.nextPeers(),
                TestPayloads.payload(rows))));
  }

  private void stop(World world, int i, boolean told) {
    Relay relay = world.relays[i];
    if (told && relay.connected) {
      reply(world, i, new RouteInput.RelayLost(id(world, i), "connection reset"));
    }
    relay.up = false;
    relay.session = World.NONE;
    relay.computing = World.NONE;
    relay.rows = interner.number(List.of());
    relay.computed = interner.number(List.of());
    relay.fromClient = new int[0];
    relay.connected = false;
  }

  private List<Candidate> candidates(World world) {
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < world.relays.length; i++) {
      if (world.relays[i].up && !world.relays[i].draining) {
        candidates.add(
            new Candidate(
                id(world, i),
                "host" + i + ":1",
                TestPayloads.stage(
                    scenario.layers(), scenario.relays().get(i), scenario.maxLength())));
      }
    }
    return candidates;
  }

  // ---- the client

  private void client(World world, RouteInput input) {
    Step step =
        calls.computeIfAbsent(
            new Call(world.route, interner.number(input), world.now),
            _ -> {
              Transition<RouteState, RouteEffect> made =
                  machine.step(route(world), input, world.now);
              return new Step(interner.number(made.state()), List.copyOf(made.effects()));
            });
    world.route = step.state();
    for (Object effect : step.effects()) {
      seen.add(effect.getClass().getSimpleName());
      carryOut(world, (RouteEffect) effect);
    }
  }

  private void carryOut(World world, RouteEffect effect) {
    switch (effect) {
      case RouteEffect.Open open -> open(world, open);
      case RouteEffect.Send send -> {
        int i = index(send.relay());
        if (isThere(world, send.relay()) && world.relays[i].connected) {
          world.relays[i].fromClient =
              World.append(world.relays[i].fromClient, interner.number(send));
        }
      }
      case RouteEffect.CloseStage close -> {
        int i = index(close.relay());
        if (isThere(world, close.relay())) {
          world.relays[i].fromClient =
              World.append(world.relays[i].fromClient, interner.number(close));
        }
        disconnect(world, close.relay());
      }
      case RouteEffect.Disconnect(RelayId relay) -> disconnect(world, relay);
      case RouteEffect.Discover _ -> world.discovering = true;
      case RouteEffect.RouteOpened _, RouteEffect.StandbyReady _ -> {}
      case RouteEffect.StandbyLost lost ->
          require(!scenario.isFaultFree(), "lost without a fault", lost);
      case RouteEffect.Accepted accepted -> accepted(world, accepted);
      case RouteEffect.Declined declined -> throw new AssertionError(declined);
      case RouteEffect.Failed failed -> {
        require(!canBeServed(world), "gave up although a route is there", failed);
        world.failed = true;
        failures++;
      }
      case RouteEffect.MismatchSeen mismatch ->
          require(
              (world.liars & 1 << index(mismatch.blamed())) != 0,
              "blamed another than the liar",
              mismatch,
              world.liars);
    }
  }

  private void open(World world, RouteEffect.Open open) {
    RelayId id = open.relay().relay();
    int i = index(id);
    Relay relay = world.relays[i];
    if (isThere(world, id)) {
      relay.connected = true;
      relay.fromClient = World.append(relay.fromClient, interner.number(open));
    } else if (relay.up || !scenario.allows(Fault.VANISH)) {
      relay.toClient =
          World.append(
              relay.toClient, interner.number(new RouteInput.RelayLost(id, "not reachable")));
    }
  }

  private void disconnect(World world, RelayId id) {
    Relay relay = world.relays[index(id)];
    if (isThere(world, id)) {
      relay.connected = false;
    }
    relay.toClient =
        Arrays.stream(relay.toClient)
            .filter(message -> !id.equals(sender(interner.value(message, RouteInput.class))))
            .toArray();
  }

  private static RelayId sender(RouteInput message) {
    return switch (message) {
      case RouteInput.Opened opened -> opened.relay();
      case RouteInput.Answered answered -> answered.relay();
      case RouteInput.Absorbed absorbed -> absorbed.relay();
      case RouteInput.Working sign -> sign.relay();
      case RouteInput.PayloadAsked asked -> asked.relay();
      case RouteInput.MismatchReported report -> report.relay();
      case RouteInput.Refused refused -> refused.relay();
      case RouteInput.RelayLost lost -> lost.relay();
      case RouteInput.RelayDraining draining -> draining.relay();
      case RouteInput.Begin _,
          RouteInput.Submit _,
          RouteInput.Discovered _,
          RouteInput.Tick _,
          RouteInput.Close _ ->
          throw new AssertionError(message);
    };
  }

  private void accepted(World world, RouteEffect.Accepted accepted) {
    world.accepted++;
    require(accepted.request() == world.submitted, "answered twice", accepted);
    require(world.accepted == world.submitted, "not asked for", accepted);
    Scenario.Submission submission = scenario.script().get(world.submitted - 1);
    List<Long> expected =
        Oracle.run(new LayerSpan(0, scenario.layers()), rows(world))
            .subList(submission.position(), submission.position() + submission.rows().size());
    require(
        TestPayloads.rows(accepted.output()).equals(expected),
        "other tokens than without failures",
        accepted.position());
  }

  /** The session's tokens, those of the step under way included. */
  private List<Long> rows(World world) {
    List<Long> rows = new ArrayList<>();
    for (Scenario.Submission submission : scenario.script().subList(0, world.submitted)) {
      rows.subList(submission.position(), rows.size()).clear();
      rows.addAll(submission.rows());
    }
    return rows;
  }

  private boolean canBeServed(World world) {
    Set<Integer> reached = new HashSet<>(Set.of(0));
    for (int round = 0; round < scenario.layers(); round++) {
      for (Candidate candidate : candidates(world)) {
        if (reached.contains(candidate.stage().span().first())) {
          reached.add(candidate.stage().span().end());
        }
      }
    }
    return reached.contains(scenario.layers());
  }

  // ---- a relay

  private void toRelay(World world, int i) {
    Relay relay = world.relays[i];
    RouteEffect message = interner.value(relay.fromClient[0], RouteEffect.class);
    relay.fromClient = World.without(relay.fromClient, 0);
    switch (message) {
      case RouteEffect.Open open -> {
        if (relay.draining && relay.session == World.NONE) {
          refuse(world, i, new StepId(open.epoch(), 0), Refusal.DRAINING);
          return;
        }
        if (relay.session == World.NONE) {
          relay.session = interner.number(session(i));
        }
        stage(
            world,
            i,
            new StageInput.Announce(open.epoch(), open.length(), open.pushSources(), open.role()));
      }
      case RouteEffect.Send send -> {
        if (relay.session == World.NONE) {
          refuse(world, i, send.step().id(), Refusal.NO_SESSION);
          return;
        }
        stage(
            world,
            i,
            new StageInput.ClientStep(
                send.step(), send.nextPeers(), send.digest(), send.payload()));
      }
      case RouteEffect.CloseStage _ -> {
        relay.session = World.NONE;
        relay.computing = World.NONE;
        relay.rows = interner.number(List.of());
        relay.computed = interner.number(List.of());
      }
      default -> throw new AssertionError(message);
    }
  }

  private StageState session(int i) {
    return StageState.initial(
        new StageConfig(
            TestPayloads.stage(scenario.layers(), scenario.relays().get(i), scenario.maxLength()),
            scenario.maxLength(),
            Digest.Algorithm.SHA256,
            StageConfig.Limits.DEFAULT));
  }

  private void refuse(World world, int i, StepId step, Refusal reason) {
    reply(world, i, new RouteInput.Refused(id(world, i), step, reason, "by the relay"));
  }

  private void reply(World world, int i, RouteInput message) {
    Relay relay = world.relays[i];
    if (relay.connected) {
      relay.toClient = World.append(relay.toClient, interner.number(message));
    }
  }

  private void pushArrives(World world, int at) {
    Parcel parcel = interner.value(world.parcels[at], Parcel.class);
    world.parcels = World.without(world.parcels, at);
    int to = index(parcel.to());
    if (isThere(world, parcel.to()) && world.relays[to].session != World.NONE) {
      stage(world, to, parcel.push());
    }
  }

  private void addParcel(World world, int parcel) {
    world.parcels = World.append(world.parcels, parcel);
    if (!scenario.pushesInOrder()) {
      Arrays.sort(world.parcels);
    }
  }

  private void computeDone(World world, int i) {
    Relay relay = world.relays[i];
    StageEffect.Compute compute = interner.value(relay.computing, StageEffect.Compute.class);
    relay.computing = World.NONE;
    List<Object> computed = new ArrayList<>(list(relay.computed));
    computed.add(List.of(executor(relay), compute.input().digest()));
    relay.computed = interner.number(List.copyOf(computed));
    List<Long> rows = new ArrayList<>(executor(relay));
    rows.addAll(TestPayloads.rows(compute.input()));
    relay.rows = interner.number(List.copyOf(rows));
    List<Long> outputs =
        Oracle.run(scenario.relays().get(i), rows)
            .subList(compute.step().position(), compute.step().end());
    Payload output = TestPayloads.payload(outputs, new TreeMap<>(compute.input().sideInputs()));
    stage(world, i, new StageInput.Computed(compute.command(), output, 0));
  }

  private void stage(World world, int i, StageInput input) {
    Relay relay = world.relays[i];
    Step step =
        calls.computeIfAbsent(
            new Call(relay.session, interner.number(input), world.now),
            _ -> {
              StageState before = interner.value(relay.session, StageState.class);
              Transition<StageState, StageEffect> made =
                  StageMachine.step(before, input, world.now);
              require(
                  Footprint.of(made.state())
                      <= Footprint.of(before) + Footprint.most(before.config(), input),
                  "a session grew by more than was to be set aside for it");
              return new Step(interner.number(made.state()), List.copyOf(made.effects()));
            });
    relay.session = step.state();
    for (Object effect : step.effects()) {
      seen.add(effect.getClass().getSimpleName());
      carryOut(world, i, (StageEffect) effect);
    }
  }

  private void carryOut(World world, int i, StageEffect effect) {
    Relay relay = world.relays[i];
    RelayId id = id(world, i);
    switch (effect) {
      case StageEffect.Opened opened ->
          reply(
              world,
              i,
              new RouteInput.Opened(id, opened.epoch(), opened.currentLength(), ticket(id)));
      case StageEffect.Rollback(int length) -> {
        require(relay.computing == World.NONE, "rolled back while computing");
        require(length < executor(relay).size(), "nothing to roll back");
        relay.rows = interner.number(List.copyOf(executor(relay).subList(0, length)));
      }
      case StageEffect.Compute compute -> compute(world, i, compute);
      case StageEffect.PushOutput push -> {
        RelayId to = push.to().relay();
        addParcel(
            world,
            interner.number(
                new Parcel(
                    i,
                    to,
                    new StageInput.PeerPush(
                        id,
                        new Push(
                            SESSION,
                            push.to().ticket(),
                            push.step(),
                            push.nextPeers(),
                            push.output())))));
      }
      case StageEffect.Respond respond -> {
        if (scenario.isFaultFree()) {
          answeredOnce(relay, respond);
          require(
              i == 0 || !scenario.isPushPrompt() || respond.source() == Source.PEER,
              "computed from the client's payload",
              respond);
        }
        reply(
            world,
            i,
            new RouteInput.Answered(
                id, respond.step(), respond.source(), respond.inputDigest(), respond.output()));
      }
      case StageEffect.Absorbed absorbed -> {
        require(scenario.standby(), "nobody stands by", absorbed);
        reply(
            world,
            i,
            new RouteInput.Absorbed(
                id,
                absorbed.step(),
                absorbed.source(),
                absorbed.inputDigest(),
                absorbed.currentLength()));
      }
      case StageEffect.Working(StepId step, long workLeft) ->
          reply(world, i, new RouteInput.Working(id, step, workLeft));
      case StageEffect.AskPayload(StepId step) ->
          reply(world, i, new RouteInput.PayloadAsked(id, step));
      case StageEffect.ReportMismatch report ->
          reply(
              world,
              i,
              new RouteInput.MismatchReported(
                  id,
                  report.step(),
                  report.client(),
                  report.peer(),
                  report.from(),
                  report.rolledBack()));
      case StageEffect.Refuse refuse -> {
        require(!scenario.isFaultFree(), "refused without a fault", refuse);
        reply(
            world, i, new RouteInput.Refused(id, refuse.step(), refuse.reason(), refuse.message()));
      }
      case StageEffect.Dropped dropped ->
          require(mayDrop(dropped.reason()), "dropped without need", dropped);
    }
  }

  /** Whether the faults of this scenario explain why a push is of no use. */
  private boolean mayDrop(DropReason reason) {
    if (scenario.allows(Fault.FORGE_PUSH)) {
      return true;
    }
    return switch (reason) {
      case DUPLICATE -> !scenario.isPushPrompt() || !scenario.isFaultFree();
      case OVERLAP -> scenario.allows(Fault.DUPLICATE_PUSH);
      case CONTRADICTS_EARLIER -> scenario.allows(Fault.CORRUPT_PUSH);
      case COMPUTE_FAILED -> scenario.allows(Fault.FAIL_COMPUTE);
      case STALE_EPOCH, NOT_PREVIOUS -> !scenario.isFaultFree();
      default -> false;
    };
  }

  private void compute(World world, int i, StageEffect.Compute compute) {
    Relay relay = world.relays[i];
    require(relay.computing == World.NONE, "two computations at once");
    require(
        executor(relay).size() == compute.step().position(),
        "computes on top of other tokens",
        compute.step(),
        executor(relay).size());
    require(
        scenario.rewinds()
            || scenario.allows(Fault.FORGE_PUSH)
            || compute.step().end() <= rows(world).size(),
        "computes beyond the session's length",
        compute.step());
    relay.computing = interner.number(compute);
    List<Object> work = List.of(executor(relay), compute.input().digest());
    require(
        world.mayRecompute || compute.step().count() == 0 || !list(relay.computed).contains(work),
        "computes again",
        i,
        compute.step());
  }

  private void answeredOnce(Relay relay, StageEffect.Respond respond) {
    List<Object> before = list(relay.answered);
    require(!before.contains(respond.step().id()), "answered twice", respond.step());
    List<Object> after = new ArrayList<>(before);
    after.add(respond.step().id());
    relay.answered = interner.number(List.copyOf(after));
  }

  @SuppressWarnings("unchecked")
  private <T> List<T> list(int number) {
    return interner.value(number, List.class);
  }

  private List<Long> executor(Relay relay) {
    return list(relay.rows);
  }

  // ---- what must hold

  private void check(World world) {
    require(route(world).length() <= rows(world).size(), "the client holds too many tokens");
    for (Relay relay : world.relays) {
      if (relay.session == World.NONE) {
        continue;
      }
      StageState state = interner.value(relay.session, StageState.class);
      require(
          scenario.rewinds()
              || scenario.allows(Fault.FORGE_PUSH)
              || state.currentLength() <= rows(world).size(),
          "a stage holds more than the session");
      require(state.open().size() <= 8, "steps are open", state.open().size());
      require(state.parked().size() <= 8, "pushes are parked", state.parked().size());
    }
  }

  private void checkEnd(World world, int number) {
    if (world.isWaiting()) {
      throw new AssertionError(
          "stuck: nothing can happen, and a request is waiting\n" + trace(number, null));
    }
    if (!world.failed && world.submitted < scenario.script().size()) {
      throw new AssertionError("ended too early\n" + trace(number, null));
    }
  }

  private static void require(boolean condition, String what, Object... details) {
    if (!condition) {
      throw new AssertionError(what + " " + Arrays.toString(details));
    }
  }

  private String trace(int number, @org.jspecify.annotations.Nullable Event last) {
    List<String> lines = new ArrayList<>();
    if (last != null) {
      lines.add(text(last));
    }
    for (int at = number; at != World.NONE; at = parents.get(at)) {
      lines.add(text(events.get(at)));
    }
    Collections.reverse(lines);
    return scenario + "\n  " + String.join("\n  ", lines);
  }

  // ---- names

  private RouteState route(World world) {
    return interner.value(world.route, RouteState.class);
  }

  private String text(Event event) {
    return switch (event) {
      case Event.ToRelay(int relay, int message) -> "to %d: %s".formatted(relay, value(message));
      case Event.ToClient(int _, int message) -> "to client: %s".formatted(value(message));
      case Event.PushArrives(int _, int message) -> "push arrives: %s".formatted(value(message));
      case Event.ComputeDone(int relay, int what) -> "done at %d: %s".formatted(relay, value(what));
      default -> event.toString();
    };
  }

  private Object value(int number) {
    return interner.value(number, Object.class);
  }

  private static RelayId id(World world, int i) {
    return new RelayId("relay" + i, ((long) world.relays[i].incarnation) << 32);
  }

  private static int index(RelayId id) {
    return Integer.parseInt(id.name().substring("relay".length()));
  }

  private static boolean isThere(World world, RelayId id) {
    int i = index(id);
    return world.relays[i].up && id(world, i).equals(id);
  }

  private static Ticket ticket(RelayId id) {
    return new Ticket(new byte[] {(byte) index(id), (byte) (id.incarnation() >>> 32)});
  }
}

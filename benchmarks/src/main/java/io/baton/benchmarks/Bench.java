package io.baton.benchmarks;

import io.baton.benchmarks.BenchException.Reason;
import io.baton.benchmarks.node.NodeKind;
import io.baton.benchmarks.node.Settings;
import io.baton.transport.LaneKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures Baton and, in the same run and the same positions, what it can be measured by. All are
 * set up first, and take turns then, so that what else goes on strikes all alike; each figure is
 * the median of its rounds.
 */
public final class Bench {

  private static final String PRODUCT = "baton";

  /** After which what is measured is compiled, for the most part. */
  private static final int WARM_MESSAGES = 10_000;

  private static final int MOST_WARM_UPS = 6;

  private final BenchPlan plan;
  private final Processes processes;
  private final BenchListener listener;
  private final Map<String, Contender> contenders = new LinkedHashMap<>();

  private Bench(BenchPlan plan, Processes processes, BenchListener listener) {
    this.plan = plan;
    this.processes = processes;
    this.listener = listener;
  }

  /**
   * Runs it. The processes that it starts are the caller's to end.
   *
   * @throws BenchException if this machine has not the lane, or a process fails
   */
  public static BenchResult run(BenchPlan plan, Processes processes, BenchListener listener)
      throws BenchException, InterruptedException {
    return new Bench(plan, processes, listener).run();
  }

  /** Of one kind and one lane, in words. */
  public static String name(LaneKind lane) {
    return lane.name().toLowerCase(Locale.ROOT);
  }

  private BenchResult run() throws BenchException, InterruptedException {
    if (plan.lane() == LaneKind.UCX) {
      requireUcx();
    }
    Rigs rigs = new Rigs(plan, processes);
    listener.progress("starting");
    Rig product = rigs.product();
    contenders.put(PRODUCT, product);
    contenders.put("uds", rigs.sockets());
    contenders.put("grpc", rigs.streams());
    if (plan.lane() == LaneKind.UCX && plan.between() == 0) {
      addUcx(rigs);
    }
    for (Map.Entry<String, Contender> each : contenders.entrySet()) {
      listener.progress("warming up " + each.getKey());
      warmUp(each.getValue());
    }
    if (plan.kind() != BenchKind.HOP) {
      checkLane(product);
    }
    BenchResult result = measure();
    if (plan.kind() == BenchKind.HOP) {
      // A way between relays is found while they push.
      checkLane(product);
    }
    return result;
  }

  /** For its time, and for longer where so little was sent that the JVM has compiled nothing. */
  private void warmUp(Contender contender) throws BenchException, InterruptedException {
    double sent = 0;
    double seconds = plan.warmUp().toNanos() / 1e9;
    for (int times = 0; times < MOST_WARM_UPS && (times == 0 || sent < WARM_MESSAGES); times++) {
      sent += contender.measure(plan.workload(), plan.warmUp()).perSecond() * seconds;
    }
  }

  private void requireUcx() throws BenchException, InterruptedException {
    try {
      Child probe =
          processes.start(
              Settings.of(NodeKind.UCX_PROBE), "64m", Rigs.ucxEnvironment(plan.transports()));
      processes.stop(List.of(probe.process()));
    } catch (BenchException e) {
      throw new BenchException(
          Reason.NOT_AVAILABLE, "the lane ucx is not available here: " + e.getMessage(), e);
    }
  }

  private void addUcx(Rigs rigs) throws InterruptedException {
    addIfPossible("ucx", () -> new Perftest(processes, Rigs.ucxEnvironment(plan.transports())));
    addIfPossible("jucx", rigs::jucx);
  }

  private interface Setup {
    Contender setUp() throws BenchException, InterruptedException;
  }

  private void addIfPossible(String name, Setup setup) throws InterruptedException {
    try {
      contenders.put(name, setup.setUp());
    } catch (BenchException e) {
      listener.note("there is no floor %s: %s".formatted(name, e.getMessage()));
    }
  }

  /** Bodies must have gone by the lane that the figures are said to be of. */
  private void checkLane(Rig product) throws BenchException, InterruptedException {
    String lane = plan.lane().name();
    String ways =
        switch (plan.kind()) {
          case HOP -> product.all().get(plan.apart() ? 3 : 2).ask("report");
          case SIDECAR -> plan.relays() == 1 ? lane : product.all().get(1).ask("report");
          case RELAYS, PUSHES -> product.source().ask("report");
        };
    if (List.of(ways.split(",", -1)).contains(lane)) {
      return;
    }
    String sentence =
        "bodies go by %s and not by the lane %s"
            .formatted(ways.toLowerCase(Locale.ROOT), name(plan.lane()));
    if (plan.kind() != BenchKind.HOP) {
      throw new BenchException(Reason.NOT_AVAILABLE, sentence);
    }
    listener.note(sentence + ", as small ones do");
  }

  private BenchResult measure() throws BenchException, InterruptedException {
    QuietMachine quiet = new QuietMachine(plan.patience());
    Map<String, List<Measured>> rounds = new LinkedHashMap<>();
    for (int round = 1; round <= plan.rounds(); round++) {
      listener.progress("round %d of %d".formatted(round, plan.rounds()));
      for (Map.Entry<String, Contender> each : contenders.entrySet()) {
        await(quiet);
        rounds
            .computeIfAbsent(each.getKey(), _ -> new ArrayList<>())
            .add(each.getValue().measure(plan.workload(), plan.round()));
      }
    }
    Map<String, Measured> floors = new LinkedHashMap<>();
    rounds.forEach((name, measured) -> floors.put(name, Measured.median(measured)));
    Measured product = floors.remove(PRODUCT);
    if (product == null) {
      throw new IllegalStateException("no rounds");
    }
    return new BenchResult(plan, product, floors, quiet.toString());
  }

  private void await(QuietMachine quiet) throws BenchException, InterruptedException {
    try {
      quiet.await();
    } catch (IOException e) {
      throw processes.failure("this machine does not tell what it does: " + e.getMessage());
    }
  }
}

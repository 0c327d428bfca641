package io.baton.cli.demo;

import io.baton.cli.ChainSession;
import io.baton.client.session.BatonClient;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionException;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.session.model.RelayId;
import io.baton.session.model.StepId;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteStats;
import io.baton.stages.GreedyGeneration;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;

/** One generation through the chain, with the failures that were asked for. */
final class ChainRun {

  /** Short, because everything is on this machine; the rest as for anybody. */
  private static final RouteConfig.Patience PATIENCE = RouteConfig.Patience.DEFAULT;

  /** What the audience gets to see while it goes on. */
  interface Audience {
    void token(int token);

    void killed(Kill kill, String relay);

    void routed(List<Candidate> route, String cause);
  }

  /**
   * What came of it.
   *
   * @param nanos from the prompt to the last token
   * @param computeNanos spent in executors
   * @param openNanos from the first word to the relays to the route being open
   */
  record Result(
      List<Integer> tokens,
      RouteStats stats,
      List<Failover> failovers,
      List<Kill> neverKilled,
      long openNanos,
      long firstTokenNanos,
      long nanos,
      long computeNanos) {

    Result {
      tokens = List.copyOf(tokens);
      failovers = List.copyOf(failovers);
      neverKilled = List.copyOf(neverKilled);
    }
  }

  private final ModelDirectory model;
  private final ModelEnds ends;
  private final BatonClient client;
  private final Fleet fleet;
  private final boolean push;

  ChainRun(ModelDirectory model, ModelEnds ends, BatonClient client, Fleet fleet, boolean push) {
    this.model = model;
    this.ends = ends;
    this.client = client;
    this.fleet = fleet;
    this.push = push;
  }

  Result run(String prompt, int maxTokens, List<Kill> kills, Audience audience)
      throws SessionException, InterruptedException {
    SessionOptions options = ChainSession.options(model, push, PATIENCE);
    LongAdder compute = new LongAdder();
    SessionListener listener =
        new SessionListener() {
          @Override
          public void onRoute(long epoch, List<Candidate> route, String cause) {
            if (epoch > 1) {
              audience.routed(route, cause);
            }
          }

          @Override
          public void onAnswer(RelayId stage, StepId step, long stageNanos, long computeNanos) {
            compute.add(computeNanos);
          }
        };
    long start = System.nanoTime();
    try (InferenceSession session = client.openSession(options, listener)) {
      awaitOpen(session);
      long opened = System.nanoTime();
      Killer killer = new Killer(session, kills, audience);
      List<Long> times = new ArrayList<>();
      List<Integer> tokens =
          GreedyGeneration.run(
              ends,
              model.maxLength(),
              prompt,
              maxTokens,
              killer::step,
              token -> {
                times.add(System.nanoTime());
                audience.token(token);
              });
      return new Result(
          tokens,
          session.stats(),
          killer.failovers,
          killer.pending,
          opened - start,
          times.getFirst() - opened,
          times.getLast() - opened,
          compute.sum());
    }
  }

  private static void awaitOpen(InferenceSession session)
      throws SessionException, InterruptedException {
    try {
      session.opened().get();
    } catch (ExecutionException e) {
      throw sessionException(e);
    }
  }

  private static SessionException sessionException(ExecutionException e) {
    if (e.getCause() instanceof SessionException cause) {
      return cause;
    }
    throw new IllegalStateException("a step ended unexpectedly", e.getCause());
  }

  /** Runs steps, and kills relays while they are under way. */
  private final class Killer {

    private final InferenceSession session;
    private final List<Kill> pending;
    private final Audience audience;
    private final List<Failover> failovers = new ArrayList<>();
    private int steps;

    Killer(InferenceSession session, List<Kill> kills, Audience audience) {
      this.session = session;
      this.pending = new ArrayList<>(kills);
      this.audience = audience;
    }

    Tensor step(int position, Tensor activations) throws SessionException, InterruptedException {
      int generated = steps++;
      List<Kill> due = pending.stream().filter(kill -> kill.token() == generated).toList();
      List<String> victims = due.stream().map(kill -> relayOf(kill)).toList();
      CompletableFuture<Tensor> result =
          session.stepAsync(position, activations, Collections.emptySortedMap());
      long killedAt = System.nanoTime();
      for (int i = 0; i < due.size(); i++) {
        audience.killed(due.get(i), victims.get(i));
        fleet.kill(victims.get(i));
      }
      pending.removeAll(due);
      try {
        Tensor output = result.get();
        long gap = System.nanoTime() - killedAt;
        for (int i = 0; i < due.size(); i++) {
          failovers.add(new Failover(due.get(i), victims.get(i), gap));
        }
        return output;
      } catch (ExecutionException e) {
        throw sessionException(e);
      }
    }

    private String relayOf(Kill kill) {
      return session.route().get(kill.stage() - 1).relay().name();
    }
  }
}

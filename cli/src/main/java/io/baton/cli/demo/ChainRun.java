package io.baton.cli.demo;

import io.baton.cli.ChainSession;
import io.baton.client.session.BatonClient;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionException;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.session.model.RelayId;
import io.baton.session.model.StepId;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteStats;
import io.baton.stages.GreedyGeneration;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;

/** One generation through the chain, with the failures that were asked for. */
final class ChainRun {

  /** What the audience gets to see while it goes on. */
  interface Audience {
    void token(int token);

    void killed(Kill kill, String relay);

    void routed(List<Candidate> route, String cause);

    void standsBy(String relay);

    void tookOver(String relay);

    void fellAway(String relay);
  }

  /**
   * What came of it.
   *
   * @param nanos from the prompt to the last token
   * @param stageNanos spent in stages, from an input's arrival to its output
   * @param computeNanos the part of it spent in executors
   */
  record Result(
      List<Integer> tokens,
      RouteStats stats,
      List<Failover> failovers,
      List<Kill> neverKilled,
      long nanos,
      long stageNanos,
      long computeNanos) {

    Result {
      tokens = List.copyOf(tokens);
      failovers = List.copyOf(failovers);
      neverKilled = List.copyOf(neverKilled);
    }

    double tokensPerSecond() {
      return tokens.size() * 1e9 / nanos;
    }
  }

  private final ModelDirectory model;
  private final ModelEnds ends;
  private final BatonClient client;
  private final Fleet fleet;
  private final int stages;
  private final boolean push;
  private final boolean standby;

  ChainRun(
      ModelDirectory model,
      ModelEnds ends,
      BatonClient client,
      Fleet fleet,
      int stages,
      boolean push,
      boolean standby) {
    this.model = model;
    this.ends = ends;
    this.client = client;
    this.fleet = fleet;
    this.stages = stages;
    this.push = push;
    this.standby = standby;
  }

  Result run(int[] prompt, int maxTokens, List<Kill> kills, Audience audience)
      throws SessionException, InterruptedException {
    Killer killer = new Killer(fleet, model.layers() / stages, kills, audience);
    LongAdder inStages = new LongAdder();
    LongAdder compute = new LongAdder();
    try (InferenceSession session =
        client.openSession(options(kills.size()), listener(killer, audience, inStages, compute))) {
      awaitOpen(session);
      long opened = System.nanoTime();
      List<Integer> tokens =
          GreedyGeneration.run(
              ends,
              model.maxLength(),
              prompt,
              maxTokens,
              (position, activations) -> killer.step(session, position, activations),
              audience::token);
      long nanos = System.nanoTime() - opened;
      return new Result(
          tokens,
          session.stats(),
          killer.failovers(),
          killer.neverKilled(),
          nanos,
          inStages.sum(),
          compute.sum());
    }
  }

  /** As many may fail at once as are killed, over those that anybody would put up with. */
  private SessionOptions options(int kills) {
    int failures = RouteConfig.Patience.DEFAULT.failures() + kills;
    return ChainSession.options(model, push, ChainSession.patience(failures)).withStandby(standby);
  }

  private static SessionListener listener(
      Killer killer, Audience audience, LongAdder inStages, LongAdder compute) {
    StandbyNews news = new StandbyNews(audience);
    return new SessionListener() {
      @Override
      public void onRoute(long epoch, List<Candidate> route, String cause) {
        killer.routed();
        news.routed(route);
        if (epoch > 1) {
          audience.routed(route, cause);
        }
      }

      @Override
      public void onStandbyReady(Candidate relay, int length) {
        news.ready(relay);
      }

      @Override
      public void onStandbyLost(Candidate relay, String cause) {
        news.lost(relay);
      }

      @Override
      public void onAnswer(RelayId stage, StepId step, long stageNanos, long computeNanos) {
        inStages.add(stageNanos);
        compute.add(computeNanos);
      }
    };
  }

  private static void awaitOpen(InferenceSession session)
      throws SessionException, InterruptedException {
    try {
      session.opened().get();
    } catch (ExecutionException e) {
      throw Killer.sessionException(e);
    }
  }
}

package io.baton.cli.demo;

import io.baton.cli.ChainSession;
import io.baton.cli.CommandException;
import io.baton.cli.Console;
import io.baton.cli.ExitCode;
import io.baton.cli.Json;
import io.baton.cli.StageShare;
import io.baton.client.session.BatonClient;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionException;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.session.model.RelayId;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.simulations.scenario.Director;
import io.baton.simulations.scenario.RealChain;
import io.baton.simulations.scenario.Roster;
import io.baton.simulations.scenario.Scenario;
import io.baton.simulations.scenario.ScenarioReport;
import io.baton.simulations.scenario.SessionView;
import io.baton.stages.GreedyGeneration;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import io.baton.stages.UnsplitModel;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** A scenario on real processes. */
final class ScenarioDemo {

  private final Scenario scenario;
  private final ModelDirectory model;
  private final Console console;
  private final boolean json;

  ScenarioDemo(Scenario scenario, ModelDirectory model, Console console, boolean json) {
    this.scenario = scenario;
    this.model = model;
    this.console = console;
    this.json = json;
  }

  /** Plays it and prints the report; returns the exit status. */
  int play() throws Exception {
    new StageShare(1, scenario.stages()).checkDivides(model);
    try (UnsplitModel unsplit = UnsplitModel.load(model)) {
      String text = ScenarioPrompt.of(scenario, unsplit.ends());
      checkLength();
      ScenarioReport report = play(unsplit, text);
      console.out().println(json ? Json.line(report) : System.lineSeparator() + report.summary());
      return report.sameAsUnbroken() ? ExitCode.OK : ExitCode.DIFFERENT_TEXT;
    }
  }

  private void checkLength() throws CommandException {
    int length = scenario.promptTokens() + scenario.tokens() - 1;
    if (length > model.maxLength()) {
      throw new CommandException(
          ExitCode.INPUT,
          "the scenario comes to %d tokens, and the model holds at most %d"
              .formatted(length, model.maxLength()));
    }
  }

  private ScenarioReport play(UnsplitModel unsplit, String text) throws Exception {
    Roster roster = new Roster(scenario);
    Stage stage = new Stage(unsplit.ends(), console, json);
    try (ScenarioFleet fleet = ScenarioFleet.start(scenario, roster, model, console.err());
        BatonClient client = BatonClient.create(fleet.clientOptions());
        InferenceSession session = client.openSession(options(), listener(stage));
        RealChain<Exception> chain = new RealChain<>(roster, fleet, fleet.ways(), view(session))) {
      awaitOpen(session);
      Director<Exception> director =
          new Director<>(
              scenario,
              chain,
              System::nanoTime,
              (event, relay) -> stage.happened("%s: %s".formatted(relay, event)));
      stage.opens(text);
      long begin = System.nanoTime();
      List<Integer> tokens = generate(unsplit.ends(), text, session, director, stage);
      long nanos = System.nanoTime() - begin;
      stage.closes();
      return ScenarioReport.of(
          "processes",
          scenario,
          tokens.size(),
          tokens.equals(unsplit.generate(text, scenario.tokens(), _ -> {})),
          session.stats(),
          nanos,
          director.happenings());
    }
  }

  private List<Integer> generate(
      ModelEnds ends,
      String text,
      InferenceSession session,
      Director<Exception> director,
      Stage stage)
      throws Exception {
    return GreedyGeneration.<Exception>run(
        ends,
        model.maxLength(),
        ends.encode(text),
        scenario.tokens(),
        new GreedyGeneration.Layers<>() {
          private int token;

          @Override
          public Tensor forward(int position, Tensor activations) throws Exception {
            // A long prompt is several steps, and all of them bring the first token.
            boolean brings = position + activations.spec().rows() >= scenario.promptTokens();
            if (position == 0 || token > 0) {
              director.before(token);
            }
            Tensor output = session.step(position, activations, Collections.emptySortedMap());
            if (brings) {
              token++;
              director.tokenCame();
            }
            return output;
          }
        },
        stage::token);
  }

  private SessionOptions options() {
    int failures = RouteConfig.Patience.DEFAULT.failures() + scenario.losses();
    return ChainSession.options(model, scenario.push(), ChainSession.patience(failures))
        .withStandby(scenario.standby());
  }

  private static SessionListener listener(Stage stage) {
    StandbyNews news = new StandbyNews(stage);
    return new SessionListener() {
      @Override
      public void onRoute(long epoch, List<Candidate> route, String cause) {
        news.routed(route);
        if (epoch > 1) {
          stage.routed(route, cause);
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
    };
  }

  private static SessionView view(InferenceSession session) {
    return new SessionView() {
      @Override
      public List<RelayId> route() {
        return session.route().stream().map(Candidate::relay).toList();
      }

      @Override
      public boolean isAtRest() {
        return session.isAtRest();
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

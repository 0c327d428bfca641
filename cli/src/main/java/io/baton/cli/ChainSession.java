package io.baton.cli;

import io.baton.client.session.SessionOptions;
import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import io.baton.session.route.RouteConfig;
import io.baton.stages.JlamaRuntime;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;

/** How the command's sessions run a model. */
public final class ChainSession {

  /** Replayed steps are merged up to this many tokens, as a prompt would be computed. */
  private static final int MERGE_TOKENS = 256;

  private ChainSession() {}

  /** As for anybody, but for the number of failures that a session bears. */
  public static RouteConfig.Patience patience(int failures) {
    return RouteConfig.Patience.DEFAULT.withFailures(failures);
  }

  /** Merges replayed steps only where the executors' results do not depend on it. */
  public static SessionOptions options(
      ModelDirectory model, boolean push, RouteConfig.Patience patience) {
    RouteConfig route =
        RouteConfig.of(
                model.layers(), TensorSpec.of(DType.F32, 1, model.hiddenSize()), model.maxLength())
            .withPush(push)
            .withPatience(patience)
            .withMergeTokens(JlamaRuntime.reproducible() ? MERGE_TOKENS : 1);
    return SessionOptions.of(model.modelId(), route);
  }

  /**
   * The tokens of a prompt, checked before anything is computed.
   *
   * @throws CommandException if there is nothing in it, or more than the model can hold
   */
  public static int[] tokens(ModelEnds ends, ModelDirectory model, String prompt)
      throws CommandException {
    if (prompt.isBlank()) {
      throw new CommandException(ExitCode.INPUT, "the prompt is empty");
    }
    int[] tokens = ends.encode(prompt);
    if (tokens.length == 0) {
      throw new CommandException(ExitCode.INPUT, "the model knows none of the prompt's characters");
    }
    if (tokens.length > model.maxLength()) {
      throw new CommandException(
          ExitCode.INPUT,
          "the prompt has %d tokens, and the model holds at most %d"
              .formatted(tokens.length, model.maxLength()));
    }
    return tokens;
  }
}

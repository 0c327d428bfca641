package io.baton.cli;

import io.baton.stages.JlamaStageExecutor;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelException;
import io.baton.stages.TokenizerLibraryException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** What every command with a stage takes: which part of which model, and for how many sessions. */
final class StageOptions {

  private static final Logger log = LoggerFactory.getLogger(StageOptions.class);

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Model directory (Hugging Face layout).")
  private Path model = Path.of(".");

  @Option(
      names = "--stage",
      required = true,
      paramLabel = "I/N",
      converter = StageShare.Converter.class,
      description = "The share of the layers to run: the I-th of N equal ones.")
  private StageShare share = new StageShare(1, 1);

  @Option(
      names = "--sessions",
      paramLabel = "N",
      defaultValue = "64",
      description = "The most sessions at a time (default: ${DEFAULT-VALUE}).")
  private int sessions;

  /** The most sessions at a time, at least one. */
  int sessions() throws CommandException {
    Checks.positive("--sessions", sessions);
    return sessions;
  }

  /** What a stage is called that was given no name. */
  String name() {
    return "stage-" + share.index();
  }

  /** Loads the stage, after everything about it has been checked. */
  JlamaStageExecutor load() throws CommandException, ModelException {
    int room = sessions();
    ModelDirectory directory = ModelDirectory.open(model);
    share.checkDivides(directory);
    checkTokenizer(directory);
    return JlamaStageExecutor.load(directory, share.index(), share.count(), room);
  }

  /** The stage runs without the library, as where no file may be executed. */
  private static void checkTokenizer(ModelDirectory directory) throws ModelException {
    try {
      directory.checkTokenizer();
    } catch (TokenizerLibraryException e) {
      log.info("{}; a stage does not need it", e.getMessage());
    }
  }

  String describe(JlamaStageExecutor executor) {
    return "stage %s (%s) of %s"
        .formatted(share, executor.info().span(), executor.info().modelId());
  }
}

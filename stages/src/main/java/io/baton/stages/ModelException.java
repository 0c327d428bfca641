package io.baton.stages;

import java.nio.file.Path;

/**
 * A model directory cannot be used; the message is one sentence that names the path and the
 * problem.
 */
public class ModelException extends Exception {

  private static final long serialVersionUID = 1L;

  public ModelException(Path path, String problem) {
    super(path + ": " + problem);
  }

  public ModelException(Path path, String problem, Throwable cause) {
    super(path + ": " + problem, cause);
  }
}

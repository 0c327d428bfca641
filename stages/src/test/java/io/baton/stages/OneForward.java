package io.baton.stages;

import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;

/**
 * Prints the digest of one forward of the demo model's first two layers, as the first thing that a
 * process computes. Argument: the number of threads.
 */
final class OneForward {

  private OneForward() {}

  public static void main(String[] args) throws Exception {
    JlamaRuntime.threads(Integer.parseInt(args[0]));
    System.out.println(digest());
  }

  static String digest() throws Exception {
    SessionId session = new SessionId(9, 9);
    try (ModelEnds ends = ModelEnds.load(DemoModel.open());
        JlamaStageExecutor stage = JlamaStageExecutor.load(DemoModel.open(), 1, 4, 1)) {
      stage.open(session, 100);
      Tensor output =
          stage.forward(
              session, 0, ends.embed(ChainTest.tokens(10, 0)), Collections.emptySortedMap());
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(output.data());
      return HexFormat.of().formatHex(sha.digest());
    }
  }
}

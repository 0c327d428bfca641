package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same input brings the same bits: what replays, digests and receipts rest on. */
class ReproducibilityTest {

  private static final int ROWS = 40;
  private static final SessionId SESSION = new SessionId(3, 4);

  @Test
  void reproducible_withFlags_true() {
    assertThat(JlamaRuntime.reproducible()).isTrue();
  }

  @Test
  void forward_repeated_sameBits() throws Exception {
    try (ModelEnds ends = ModelEnds.load(DemoModel.open());
        Chain chain = Chain.load(DemoModel.open(), 4)) {
      Tensor input = ends.embed(ChainTest.tokens(ROWS, 0));
      Tensor first = inOneStep(chain, SESSION, input);
      for (int run = 0; run < 40; run++) {
        assertThat(inOneStep(chain, SESSION, input)).as("run %d", run).isEqualTo(first);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void forward_withoutVectorsInAnotherProcess_sameBitsAndNothingElsePrinted(int threads)
      throws Exception {
    assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThanOrEqualTo(threads);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(JlamaRuntime.FLAGS.split(" ")));
    command.addAll(
        List.of(
            // The first compiler knows no vectors, and computes them as the interpreter does.
            "-XX:TieredStopAtLevel=1",
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dbaton.demo.model=" + DemoModel.path(),
            "-cp",
            System.getProperty("java.class.path"),
            OneForward.class.getName(),
            Integer.toString(threads)));
    Process process = new ProcessBuilder(command).start();
    try (BufferedReader output = process.inputReader();
        BufferedReader errors = process.errorReader()) {
      assertThat(output.lines()).containsExactly(OneForward.digest());
      // The JVM says this by itself, and cannot be told not to.
      assertThat(errors.lines())
          .containsExactly("WARNING: Using incubator modules: jdk.incubator.vector");
      assertThat(process.waitFor()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void forward_rowByRow_sameBitsAsInOneStep() throws Exception {
    try (ModelEnds ends = ModelEnds.load(DemoModel.open());
        Chain chain = Chain.load(DemoModel.open(), 2)) {
      Tensor input = ends.embed(ChainTest.tokens(ROWS, 0));
      Tensor whole = inOneStep(chain, SESSION, input);
      for (int step : new int[] {1, 3, 7, 16}) {
        chain.open(SESSION, ROWS);
        for (int from = 0; from < ROWS; from += step) {
          int count = Math.min(step, ROWS - from);
          assertThat(chain.forward(SESSION, from, input.rows(from, count)))
              .as("rows %d to %d in steps of %d", from, from + count, step)
              .isEqualTo(whole.rows(from, count));
        }
        chain.close(SESSION);
      }
    }
  }

  @Test
  void forward_afterRollback_sameBits() throws Exception {
    try (ModelEnds ends = ModelEnds.load(DemoModel.open());
        Chain chain = Chain.load(DemoModel.open(), 4)) {
      Tensor input = ends.embed(ChainTest.tokens(ROWS, 0));
      Tensor other = ends.embed(ChainTest.tokens(ROWS, 1000));
      Tensor expected = inOneStep(chain, SESSION, input);
      chain.open(SESSION, 3 * ROWS);
      chain.forward(SESSION, 0, input.rows(0, 10));
      chain.forward(SESSION, 10, other);
      chain.rollback(SESSION, 10);
      assertThat(chain.forward(SESSION, 10, input.rows(10, 30))).isEqualTo(expected.rows(10, 30));
      chain.rollback(SESSION, 0);
      assertThat(chain.forward(SESSION, 0, input)).isEqualTo(expected);
    }
  }

  @Test
  void forward_sessionsInterleavedOnThreads_sameBits() throws Exception {
    try (ModelEnds ends = ModelEnds.load(DemoModel.open());
        Chain chain = Chain.load(DemoModel.open(), 4);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Tensor input = ends.embed(ChainTest.tokens(ROWS, 0));
      Tensor expected = inOneStep(chain, SESSION, input);
      List<Callable<Tensor>> runs = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        SessionId session = new SessionId(5, i);
        runs.add(() -> inOneStep(chain, session, input));
      }
      for (Future<Tensor> run : threads.invokeAll(runs)) {
        assertThat(run.get()).isEqualTo(expected);
      }
    }
  }

  private static Tensor inOneStep(Chain chain, SessionId session, Tensor input) throws Exception {
    chain.open(session, input.spec().rows());
    try {
      return chain.forward(session, 0, input);
    } finally {
      chain.close(session);
    }
  }
}

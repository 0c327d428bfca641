package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.baton.client.stage.StageException;
import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JlamaStageExecutorTest {

  private static final int HIDDEN = 128;
  private static final long HOUR_NANOS = 3_600_000_000_000L;
  private static final SessionId ONE = new SessionId(0, 1);
  private static final SessionId TWO = new SessionId(0, 2);
  private static final SessionId THREE = new SessionId(0, 3);

  private JlamaStageExecutor stage;

  @BeforeEach
  void load() throws Exception {
    stage = JlamaStageExecutor.load(DemoModel.open(), 2, 4, 2);
  }

  @AfterEach
  void unload() {
    stage.close();
  }

  @Test
  void info_secondOfFour_itsSpan() throws Exception {
    TensorSpec row = TensorSpec.of(DType.F32, 1, HIDDEN);
    assertThat(stage.info())
        .isEqualTo(
            new StageInfo(
                DemoModel.open().modelId(), 8, new LayerSpan(2, 4), row, row, 1022, Set.of()));
  }

  @ParameterizedTest
  @CsvSource({"0, 4", "5, 4", "1, 0", "-1, -1"})
  void load_noSuchStage_refused(int number, int stages) throws Exception {
    ModelDirectory model = DemoModel.open();
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> JlamaStageExecutor.load(model, number, stages, 1));
  }

  @ParameterizedTest
  @CsvSource({"3", "16"})
  void load_layersDoNotDivide_refused(int stages) throws Exception {
    ModelDirectory model = DemoModel.open();
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> JlamaStageExecutor.load(model, 1, stages, 1))
        .withMessageContaining("8 layers do not divide into %d equal stages", stages);
  }

  @Test
  void open_noRoom_refusedUntilOneCloses() throws Exception {
    stage.open(ONE, 10);
    stage.open(TWO, 10);
    assertRefused(() -> stage.open(THREE, 10), "no room: 2 sessions are open");
    stage.close(ONE);
    assertThatCode(() -> stage.open(THREE, 10)).doesNotThrowAnyException();
  }

  @Test
  void open_twice_refused() throws Exception {
    stage.open(ONE, 10);
    assertRefused(() -> stage.open(ONE, 10), "is already open");
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "1023", "2147483647"})
  void open_impossibleLength_refused(int length) {
    assertRefused(() -> stage.open(ONE, length), "from 1 to 1022 tokens");
    assertRefused(() -> forward(ONE, 0, 1), "is not open");
  }

  @Test
  void open_afterClose_refused() {
    stage.close();
    assertRefused(() -> stage.open(ONE, 10), "the stage is closed");
  }

  @Test
  void forward_wholeContext_computed() throws Exception {
    stage.open(ONE, stage.info().maxLength());
    int length = stage.info().maxLength();
    assertThat(forward(ONE, 0, length).spec().rows()).isEqualTo(length);
    assertRefused(() -> forward(ONE, length, 1), "room for 1022 tokens");
  }

  @Test
  void forward_elsewhereThanAtTheLength_refusedAndNothingChanged() throws Exception {
    stage.open(ONE, 10);
    forward(ONE, 0, 3);
    assertRefused(() -> forward(ONE, 2, 1), "holds 3 tokens; a step at position 2");
    assertRefused(() -> forward(ONE, 4, 1), "holds 3 tokens; a step at position 4");
    forward(ONE, 3, 1);
  }

  @Test
  void forward_beyondMaxLength_refusedAndNothingChanged() throws Exception {
    stage.open(ONE, 10);
    forward(ONE, 0, 8);
    assertRefused(() -> forward(ONE, 8, 3), "room for 10 tokens; 3 at position 8");
    forward(ONE, 8, 2);
  }

  @Test
  void forward_wrongInput_refused() throws Exception {
    stage.open(ONE, 10);
    for (TensorSpec spec :
        List.of(
            TensorSpec.of(DType.F32, 0, HIDDEN),
            TensorSpec.of(DType.F32, 1, HIDDEN + 1),
            TensorSpec.of(DType.F32, HIDDEN),
            TensorSpec.of(DType.F32, 1, 1, HIDDEN),
            TensorSpec.of(DType.F32),
            TensorSpec.of(DType.F16, 1, HIDDEN))) {
      Tensor input = Tensor.wrap(spec, new byte[(int) spec.bytes()]);
      assertRefused(
          () -> stage.forward(ONE, 0, input, Collections.emptySortedMap()),
          "rows of f32[1, 128], not " + spec);
    }
  }

  @Test
  void forward_sideInput_refused() throws Exception {
    stage.open(ONE, 10);
    SortedMap<String, Tensor> side = new TreeMap<>();
    side.put("beams", rows(1));
    assertRefused(() -> stage.forward(ONE, 0, rows(1), side), "unknown side inputs [beams]");
  }

  @Test
  void forward_sessions_apart() throws Exception {
    stage.open(ONE, 10);
    Tensor alone = forward(ONE, 0, 4);
    stage.open(TWO, 10);
    forward(TWO, 0, 9);
    stage.rollback(ONE, 3);
    assertThat(stage.forward(ONE, 3, rows(4).rows(3, 1), Collections.emptySortedMap()))
        .isEqualTo(alone.rows(3, 1));
  }

  @Test
  void rollback_toMoreThanHeld_nothingChanged() throws Exception {
    stage.open(ONE, 10);
    forward(ONE, 0, 3);
    stage.rollback(ONE, 7);
    forward(ONE, 3, 1);
  }

  @Test
  void rollback_impossible_refused() throws Exception {
    assertRefused(() -> stage.rollback(ONE, 0), "is not open");
    stage.open(ONE, 10);
    assertRefused(() -> stage.rollback(ONE, -1), "no rollback to length -1");
  }

  @Test
  void close_unknownSession_nothing() {
    assertThatCode(() -> stage.close(ONE)).doesNotThrowAnyException();
  }

  @Test
  void close_twice_nothing() {
    stage.close();
    assertThatCode(() -> stage.close()).doesNotThrowAnyException();
  }

  @Test
  void close_manySessions_memoryReused() throws Exception {
    runSession();
    long before = directMemory();
    for (int i = 0; i < 12; i++) {
      runSession();
    }
    // A session of 1000 tokens takes 1 MiB of keys and values.
    assertThat(directMemory() - before).isLessThan(5 << 20);
  }

  @Test
  void forward_manySessions_nothingOnDisk() throws Exception {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    List<Path> before = list(temporary);
    List<Path> modelBefore = list(DemoModel.path());
    try (JlamaStageExecutor other = JlamaStageExecutor.load(DemoModel.open(), 1, 4, 1)) {
      other.open(ONE, 1000);
      other.forward(ONE, 0, rows(1000), Collections.emptySortedMap());
    }
    assertThat(list(DemoModel.path())).isEqualTo(modelBefore);
    // Guava names the temporary directories that Jlama would make by two numbers.
    assertThat(list(temporary).stream().filter(path -> !before.contains(path)))
        .noneMatch(path -> path.getFileName().toString().matches("[0-9]+-[0-9]+"));
  }

  @Test
  void forward_inParts_saysHowFarItHasComeAndComputesTheSame() throws Exception {
    stage.open(ONE, 200);
    stage.open(TWO, 200);
    Tensor expected = forward(ONE, 0, 130);
    List<Long> told = new ArrayList<>();
    Tensor output = stage.forward(TWO, 0, rows(130), Collections.emptySortedMap(), told::add);
    assertThat(output).isEqualTo(expected);
    assertThat(told).isSorted().allMatch(work -> work >= 0 && work <= 130 * 2);
    // Blocks of 64, 64 and 2 rows through two layers each.
    assertThat(told).contains(64L, 128L, 192L, 256L, 258L, 260L);
  }

  @Test
  void warmUp_amongTheStepsOfASession_takesNoRoomAndChangesNoBit() throws Exception {
    stage.open(ONE, 100);
    List<Tensor> expected = new ArrayList<>();
    for (int position = 0; position < 20; position += 5) {
      expected.add(forward(ONE, position, 5));
    }
    try (JlamaStageExecutor warmed =
        JlamaStageExecutor.load(DemoModel.open(), 2, 4, 1, new Warmth(1000, HOUR_NANOS))) {
      List<Tensor> outputs = new ArrayList<>();
      assertThat(warmed.warmUp(() -> false)).isTrue();
      warmed.open(ONE, 100);
      for (int position = 0; position < 20; position += 5) {
        assertThat(warmed.warmUp(() -> false)).isTrue();
        AtomicInteger asked = new AtomicInteger();
        assertThat(warmed.warmUp(() -> asked.incrementAndGet() > 2)).isTrue();
        assertThat(asked).as("it has come back at once").hasValue(3);
        outputs.add(warmed.forward(ONE, position, rows(5), Collections.emptySortedMap()));
      }
      assertThat(outputs).isEqualTo(expected);
    }
  }

  @Test
  void warmUp_again_endsWithSoManyStepsWhoeverTheyAreFor() throws Exception {
    Warmth warmth = new Warmth(30, HOUR_NANOS);
    try (JlamaStageExecutor one = JlamaStageExecutor.load(DemoModel.open(), 1, 4, 1, warmth);
        JlamaStageExecutor two = JlamaStageExecutor.load(DemoModel.open(), 2, 4, 1, warmth)) {
      assertThat(one.warmUp(() -> false)).isTrue();
      assertThat(two.warmUp(() -> false)).isTrue();
      two.open(ONE, 100);
      for (int position = 0; position < 12; position++) {
        assertThat(two.warmUp(() -> true)).isTrue();
        two.forward(ONE, position, rows(1), Collections.emptySortedMap());
      }
      for (JlamaStageExecutor each : List.of(one, two)) {
        AtomicInteger asked = new AtomicInteger();
        assertThat(each.warmUp(() -> asked.incrementAndGet() < 0)).isFalse();
        assertThat(asked).as("nothing was computed").hasValue(0);
      }
    }
  }

  @Test
  void warmUp_outOfTimeOrClosed_endsAtOnce() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (JlamaStageExecutor slow =
        JlamaStageExecutor.load(DemoModel.open(), 1, 4, 1, new Warmth(1000, 1))) {
      assertThat(slow.warmUp(() -> false)).isFalse();
      assertThat(slow.warmUp(() -> asked.incrementAndGet() < 0)).isFalse();
    }
    JlamaStageExecutor closed =
        JlamaStageExecutor.load(DemoModel.open(), 1, 4, 1, new Warmth(1000, HOUR_NANOS));
    closed.close();
    assertThat(closed.warmUp(() -> asked.incrementAndGet() < 0)).isFalse();
    assertThat(asked).hasValue(0);
  }

  @Test
  void warmUp_manyTimes_memoryReused() throws Exception {
    try (JlamaStageExecutor warmed =
        JlamaStageExecutor.load(DemoModel.open(), 2, 4, 1, new Warmth(1000, HOUR_NANOS))) {
      warmed.warmUp(() -> false);
      long before = directMemory();
      for (int i = 0; i < 20; i++) {
        AtomicInteger asked = new AtomicInteger();
        warmed.warmUp(() -> asked.incrementAndGet() > 2);
        warmed.warmUp(() -> false);
        // Each takes a page of 1 MiB of keys and values; what is lost a collection might find.
        assertThat(directMemory() - before).isLessThan(5 << 20);
      }
      warmed.open(ONE, 10);
      warmed.forward(ONE, 0, rows(10), Collections.emptySortedMap());
      assertThat(directMemory() - before).isLessThan(1 << 20);
    }
  }

  private void runSession() throws StageException {
    stage.open(ONE, 1000);
    forward(ONE, 0, 1000);
    stage.close(ONE);
  }

  private static long directMemory() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private Tensor forward(SessionId session, int position, int rows) throws StageException {
    return stage.forward(session, position, rows(rows), Collections.emptySortedMap());
  }

  private static Tensor rows(int count) {
    float[] values = new float[count * HIDDEN];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    return Tensor.ofFloats(values, count, HIDDEN);
  }

  private static void assertRefused(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(StageException.class).isThrownBy(call).withMessageContaining(problem);
  }
}

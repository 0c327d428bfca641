package io.baton.benchmarks.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The long run, short. */
@Timeout(180)
class SoakTest {

  private static final Duration LENGTH = Duration.ofSeconds(10);

  private static List<LaneKind> lanes() {
    List<LaneKind> lanes = new ArrayList<>(List.of(LaneKind.LOCAL, LaneKind.GRPC));
    if (Soak.hasUcx()) {
      lanes.add(LaneKind.UCX);
    }
    return lanes;
  }

  @Test
  void everything_atOnce_isRight_andInTheEndNothingIsLeft() throws Exception {
    Tally tally = new Tally();
    List<String> reports = new ArrayList<>();
    Soaking.Setup setup =
        new Soaking.Setup(
            lanes(),
            2,
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(2),
            16L << 20,
            1);
    try (Soaking soaking = Soaking.start(setup, tally)) {
      soaking.run(LENGTH, reports::add);
      soaking.finish();
      assertThat(soaking.compare()).hasSameSizeAs(Figure.values());
    }
    assertThat(tally.firstFailures()).isEmpty();
    assertThat(tally.acts()).allSatisfy((act, count) -> assertThat(count).isPositive());
    assertThat(tally.troubles()).isPositive();
    assertThat(reports).hasSize(5);
  }

  @Test
  void otherBytes_areNoticed(@TempDir Path directory) throws Exception {
    try (Pair pair =
        Pair.start(LaneKind.LOCAL, directory, PoolConfig.DEFAULT_DIRECTORY, 1L << 20)) {
      try (Scene scene = new Scene(pair, "crew", 0, new Tally())) {
        Group to = scene.group("readers", 1);
        String id = scene.id(to);
        Scene.get(
            scene
                .sender(0)
                .send(ChunkAddress.of(id, ChunkPosition.ONLY, to.from(0)), tensor((byte) 1)));
        assertThatExceptionOfType(SoakFailure.class)
            .isThrownBy(() -> scene.look(scene.reader(to, 0).receive(id, 0), tensor((byte) 2)))
            .withMessageContaining("differs from what was sent at byte 0");
        assertThat(pair.heldBytes()).isPositive();
        scene.remainders(true).forEach(SoakTest::take);
      }
      pair.awaitDrained();
    }
  }

  private static void take(Remainder remainder) {
    try {
      remainder.take();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Tensor tensor(byte value) {
    byte[] bytes = new byte[1000];
    Arrays.fill(bytes, value);
    return Tensor.wrap(TensorSpec.of(DType.U8, bytes.length), bytes);
  }
}

package io.baton.client.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import io.baton.transport.stream.Backoff;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConfigTest {

  @Test
  void sender_defaults() {
    assertThat(SenderConfig.alone("s"))
        .isEqualTo(
            new SenderConfig(
                "s", 0, List.of(0), CopyMode.LOWEST, Optional.empty(), 0, Duration.ofSeconds(30)));
    assertThat(SenderConfig.inGroup("s", 2, 3).members()).containsExactly(0, 1, 2);
  }

  @Test
  void sender_membersGivenUnsorted_areSorted() {
    assertThat(
            new SenderConfig(
                    "s",
                    1,
                    List.of(2, 0, 1),
                    CopyMode.SHARDED,
                    Optional.empty(),
                    0,
                    Duration.ofSeconds(1))
                .members())
        .containsExactly(0, 1, 2);
  }

  @Test
  void sender_thatContradictsItself_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> SenderConfig.alone(""));
    assertThatIllegalArgumentException().isThrownBy(() -> SenderConfig.inGroup("s", 2, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new SenderConfig(
                    "s",
                    0,
                    List.of(0, 0),
                    CopyMode.LOWEST,
                    Optional.empty(),
                    0,
                    Duration.ofSeconds(1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SenderConfig.alone("s").withRow(TensorSpec.of(DType.F32, 2, 3)))
        .withMessage("f32[2, 3] is not one row");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SenderConfig.alone("s").withTimeout(Duration.ZERO));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SenderConfig.alone("s").withSlotBytes(-1));
  }

  @Test
  void receiver_defaults() {
    assertThat(ReceiverConfig.alone("g"))
        .isEqualTo(new ReceiverConfig("g", 0, Duration.ofSeconds(30)));
    assertThatIllegalArgumentException().isThrownBy(() -> ReceiverConfig.of("g", -1));
    assertThatIllegalArgumentException().isThrownBy(() -> ReceiverConfig.alone(""));
  }

  @Test
  void options_defaults() {
    assertThat(SidecarOptions.of("n"))
        .isEqualTo(
            new SidecarOptions(
                "n",
                1024,
                Duration.ofSeconds(1),
                4,
                new Backoff(Duration.ofMillis(20), Duration.ofSeconds(2), 0.5)));
    assertThatIllegalArgumentException().isThrownBy(() -> SidecarOptions.of(" "));
    assertThatIllegalArgumentException().isThrownBy(() -> SidecarOptions.of("n").withRequests(0));
  }

  @Test
  void chunkPosition_isWithinItsCount() {
    assertThat(ChunkPosition.of(1, 2).count()).hasValue(2);
    assertThat(ChunkPosition.stream(7).count()).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ChunkPosition.of(2, 2))
        .withMessage("chunk 2 of 2");
    assertThatIllegalArgumentException().isThrownBy(() -> ChunkPosition.stream(-1));
  }
}

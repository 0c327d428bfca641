package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoolConfigTest {

  private static final PoolConfig CONFIG = PoolConfig.of("r1", 1 << 20);

  @Test
  void defaults() {
    assertThat(CONFIG).isEqualTo(new PoolConfig("r1", 1 << 20, Path.of("/dev/shm"), 0.5, 4, true));
    assertThat(ChunkIndexConfig.of(5))
        .isEqualTo(new ChunkIndexConfig(5, Duration.ofMinutes(2), Duration.ofMinutes(10)));
  }

  @Test
  void with_changesOneThing() {
    assertThat(CONFIG.withDirectory(Path.of("/x")).withPushShare(0).withHolderFactor(1))
        .isEqualTo(new PoolConfig("r1", 1 << 20, Path.of("/x"), 0, 1, true));
    assertThat(CONFIG.withLock(false).lock()).isFalse();
  }

  @Test
  void fittingBytes_nobodyHasChosen_leavesRoomToOthers(@TempDir Path directory) throws IOException {
    long free = Files.getFileStore(directory).getUsableSpace();

    assertThat(PoolConfig.fittingBytes(directory, 64 << 20, 1)).isEqualTo(64 << 20);
    assertThat(PoolConfig.fittingBytes(directory, Long.MAX_VALUE, 1))
        .isCloseTo(free / 4, Percentage.withPercentage(5));
    assertThat(PoolConfig.fittingBytes(directory, Long.MAX_VALUE, 100))
        .isCloseTo(free / 200, Percentage.withPercentage(5));
    int tight = Math.toIntExact((free >> 20) * 3 / 4);
    assertThat(PoolConfig.fittingBytes(directory, Long.MAX_VALUE, tight)).isEqualTo(1 << 20);
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PoolConfig.fittingBytes(directory, 1 << 20, 2 * tight))
        .withMessageContainingAll("does not fit into " + directory, "of which", "are free");
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PoolConfig.fittingBytes(directory.resolve("none"), 1 << 20, 1))
        .withMessageContaining("there is no directory");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.01, 1.01, Double.NaN})
  void pushShare_thatIsNone_refused(double share) {
    assertThatIllegalArgumentException().isThrownBy(() -> CONFIG.withPushShare(share));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, 0, Double.NaN, Double.POSITIVE_INFINITY})
  void holderFactor_thatIsNone_refused(double factor) {
    assertThatIllegalArgumentException().isThrownBy(() -> CONFIG.withHolderFactor(factor));
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 4095, Long.MAX_VALUE})
  void bytes_tooFewOrTooMany_refused(long bytes) {
    assertThatIllegalArgumentException().isThrownBy(() -> PoolConfig.of("r1", bytes));
  }

  @Test
  void name_blank_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> PoolConfig.of(" ", 1 << 20));
  }

  @Test
  void chunkIndex_timesOrSizesThatAreNone_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ChunkIndexConfig.of(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChunkIndexConfig(1, Duration.ZERO, Duration.ofSeconds(1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChunkIndexConfig(1, Duration.ofSeconds(1), Duration.ZERO));
  }

  @ParameterizedTest
  @ValueSource(strings = {"r1", "Relay_2.x-y"})
  void fileName_ofAnOrdinaryName_isTheName(String name) {
    assertThat(PoolFile.sanitized(name)).isEqualTo(name);
  }

  @Test
  void fileName_ofAnyName_isOneSafeComponent() {
    assertThat(PoolFile.sanitized("../a b/ü\0")).isEqualTo(".._a_b___");
    assertThat(PoolFile.sanitized("x".repeat(300))).hasSize(64);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1023, 1024, 1536, 8L << 20, Long.MAX_VALUE})
  void byteText_readsWell(long bytes) {
    assertThat(ByteText.of(bytes))
        .isIn("0 bytes", "1 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "8 MiB", "8 EiB");
  }
}

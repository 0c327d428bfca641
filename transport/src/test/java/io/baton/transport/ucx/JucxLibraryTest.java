package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes with a temporary directory of their own. */
class JucxLibraryTest {

  @TempDir private Path directory;

  @BeforeEach
  void available() {
    Ucx.assumeAvailable();
  }

  @Test
  void engine_thatRunsAndIsKilled_putsNothingIntoTheTemporaryDirectory() throws IOException {
    try (PeerProcess peer = startWithTemporary(directory)) {
      assertThat(files()).isEmpty();
      peer.kill();
    }
    assertThat(files()).isEmpty();
  }

  @Test
  void engine_withoutATemporaryDirectory_starts() throws IOException {
    try (PeerProcess peer = startWithTemporary(directory.resolve("nothing"))) {
      assertThat(peer.address()).isNotEmpty();
    }
  }

  private static PeerProcess startWithTemporary(Path temporary) throws IOException {
    return PeerProcess.startWith(
        List.of("-XX:-UsePerfData", "-Djava.io.tmpdir=" + temporary), Ucx.TCP);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }
}

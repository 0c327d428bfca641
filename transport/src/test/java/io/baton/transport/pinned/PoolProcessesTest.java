package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pools of several processes on one host. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PoolProcessesTest {

  @TempDir private Path directory;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endProcesses() {
    started.forEach(Process::destroyForcibly);
  }

  private Process start(String... arguments) throws IOException {
    Process process = PoolChild.command(arguments).start();
    started.add(process);
    return process;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  @Test
  void anotherProcess_thatMapsThePool_readsAndWritesTheSameBytes() throws Exception {
    try (PinnedPool pool =
        PinnedPool.create(PoolConfig.of("r1", 1 << 20).withDirectory(directory))) {
      Process child = start("map", pool.path().toString(), Long.toString(pool.id()));
      try (BufferedReader answers = child.inputReader();
          Writer asked = child.outputWriter()) {
        Slot slot = pool.allocate(100_000, PoolUse.FILLING, "child").orElseThrow();
        slot.memory().fill((byte) 7);
        assertThat(fill(slot, 8, asked, answers)).isEqualTo("found 7");
        assertThat(slot.memory().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 8);
        assertThat(slot.memory().get(ValueLayout.JAVA_BYTE, 99_999)).isEqualTo((byte) 8);

        slot.release();
        Slot next = pool.allocate(100_000, PoolUse.FILLING, "child").orElseThrow();
        assertThat(next.handle().offset()).isEqualTo(slot.handle().offset());
        assertThat(fill(slot, 9, asked, answers)).isEqualTo("found a stale handle");
        assertThat(next.memory().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 8);
      }
      assertThat(child.waitFor()).isZero();
    }
  }

  private static String fill(Slot slot, int value, Writer asked, BufferedReader answers)
      throws IOException {
    SlotHandle handle = slot.handle();
    asked.write(
        "fill %d %d %d %d%n".formatted(handle.offset(), handle.generation(), slot.bytes(), value));
    asked.flush();
    return answers.readLine();
  }

  @Test
  void relay_killed_itsFileIsRemovedByTheNextAndALiveOnesKept() throws Exception {
    Path dead = hold();
    Process killed = started.getLast();
    Path live = hold();
    assertThat(files()).containsExactlyInAnyOrder(dead, live);

    killed.destroyForcibly();
    assertThat(killed.waitFor()).isEqualTo(128 + 9);
    assertThat(files()).containsExactlyInAnyOrder(dead, live);
    try (PinnedPool pool =
        PinnedPool.create(PoolConfig.of("r1", 1 << 20).withDirectory(directory))) {
      assertThat(files()).containsExactlyInAnyOrder(live, pool.path());
    }
    assertThat(files()).containsExactly(live);
  }

  @Test
  void process_endedByASignal_removesItsPool() throws Exception {
    hold();

    started.getLast().toHandle().destroy();

    assertThat(started.getLast().waitFor()).isEqualTo(128 + 15);
    assertThat(files()).isEmpty();
  }

  @Test
  void process_thatEndsWithItsPoolOpen_removesIt() throws Exception {
    hold();

    started.getLast().outputWriter().close();

    assertThat(started.getLast().waitFor()).isZero();
    assertThat(files()).isEmpty();
  }

  @Test
  void removeOrphans_whileOthersLive_takesTheDeadOnesAlone() throws Exception {
    Path dead = hold();
    Process killed = started.getLast();
    Path live = hold();
    killed.destroyForcibly();
    killed.waitFor();

    PinnedPool.removeOrphans(directory);

    assertThat(files()).containsExactly(live).doesNotContain(dead);
  }

  private Path hold() throws IOException {
    String line = start("hold", directory.toString()).inputReader().readLine();
    assertThat(line).startsWith("at ");
    return Path.of(line.substring(3));
  }
}

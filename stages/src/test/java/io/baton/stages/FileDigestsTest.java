package io.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A digest is of all bytes, and is kept for as long as the file stays what it is. */
class FileDigestsTest {

  private final Clock later = Clock.fixed(Instant.now().plus(Duration.ofDays(1)), ZoneOffset.UTC);

  @TempDir private Path directory;
  private Path file;
  private Path kept;

  @BeforeEach
  void write() throws IOException {
    file = directory.resolve("weights");
    kept = directory.resolve("cache").resolve("digests");
    byte[] bytes = new byte[9_000_001];
    new Random(1).nextBytes(bytes);
    Files.write(file, bytes);
  }

  @Test
  void digest_anyByteOfAnyBlock_another() throws Exception {
    byte[] whole = digests(Optional.empty(), later).digest(file);
    for (long position : new long[] {0, 1, 4_194_303, 4_194_304, 5_000_000, 9_000_000}) {
      flip(position);
      assertThat(digests(Optional.empty(), later).digest(file)).isNotEqualTo(whole);
      flip(position);
      assertThat(digests(Optional.empty(), later).digest(file)).isEqualTo(whole);
    }
  }

  @Test
  void digest_emptyFile_one() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty"));
    assertThat(digests(Optional.empty(), later).digest(empty)).hasSize(32);
  }

  @Test
  void digest_keptByAnotherProcess_notComputedAgain() throws Exception {
    digests(Optional.of(kept), later).digest(file);
    Path entry = kept.resolve(FileState.of(file).name());
    Files.writeString(entry, "00".repeat(32) + "\n");
    assertThat(digests(Optional.of(kept), later).digest(file)).containsOnly(0);
  }

  @Test
  void digest_keptButDamaged_computedAgain() throws Exception {
    byte[] whole = digests(Optional.of(kept), later).digest(file);
    for (String damaged : new String[] {"", "00", "xyz", "00".repeat(33)}) {
      Files.writeString(kept.resolve(FileState.of(file).name()), damaged);
      assertThat(digests(Optional.of(kept), later).digest(file)).isEqualTo(whole);
    }
  }

  @Test
  void digest_damagedAndTimeSetBack_another() throws Exception {
    FileDigests digests = digests(Optional.of(kept), later);
    byte[] whole = digests.digest(file);
    FileTime before = Files.getLastModifiedTime(file);
    flip(6_000_000);
    Files.setLastModifiedTime(file, before);
    assertThat(digests.digest(file)).isNotEqualTo(whole);
  }

  @Test
  void digest_justWritten_notKept() throws Exception {
    FileDigests digests = digests(Optional.of(kept), Clock.systemUTC());
    digests.digest(file);
    assertThat(kept).doesNotExist();
  }

  @Test
  void digest_noPlaceToKeepIt_computed() throws Exception {
    Path taken = Files.createFile(directory.resolve("taken"));
    byte[] whole = digests(Optional.empty(), later).digest(file);
    assertThat(digests(Optional.of(taken.resolve("x")), later).digest(file)).isEqualTo(whole);
  }

  @Test
  void keep_manyFiles_oldOnesGo() throws Exception {
    DigestCache cache = new DigestCache(Optional.of(kept), later);
    for (int i = 0; i < 1010; i++) {
      cache.keep(new FileState("file " + i, 1, Instant.EPOCH, Instant.EPOCH), new byte[32]);
    }
    try (Stream<Path> entries = Files.list(kept)) {
      assertThat(entries.count()).isLessThanOrEqualTo(1000);
    }
  }

  @Test
  void ofUser_noHomeOrOddOne_nothingKeptThere() {
    for (String home : new String[] {"", "relative"}) {
      DigestCache cache = DigestCache.ofUser(Map.of("HOME", home));
      assertThat(cache.find(new FileState("x", 1, Instant.EPOCH, Instant.EPOCH))).isNull();
    }
    assertThat(
            DigestCache.ofUser(Map.of()).find(new FileState("x", 1, Instant.EPOCH, Instant.EPOCH)))
        .isNull();
  }

  private static FileDigests digests(Optional<Path> directory, Clock clock) {
    return new FileDigests(new DigestCache(directory, clock));
  }

  private void flip(long position) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(position);
      int value = bytes.read();
      bytes.seek(position);
      bytes.write(value ^ 1);
    }
  }
}

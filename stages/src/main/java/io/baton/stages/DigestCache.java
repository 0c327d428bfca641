package io.baton.stages;

import io.baton.session.model.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Digests of files that have been read, in memory and, where there is a place for it, in small
 * files that outlive the process. What cannot be kept is computed again.
 */
final class DigestCache {

  private static final Logger logger = LoggerFactory.getLogger(DigestCache.class);

  private static final int MAX_ENTRIES = 1000;

  private final Map<FileState, byte[]> memory = new ConcurrentHashMap<>();
  private final Optional<Path> directory;
  private final Clock clock;

  /**
   * @param directory where to keep digests; made if it is not there
   */
  DigestCache(Optional<Path> directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /** The user's: {@code baton/digests} in XDG_CACHE_HOME, or in .cache in HOME. */
  static DigestCache ofUser(Map<String, String> environment) {
    Optional<Path> caches =
        absolute(environment.get("XDG_CACHE_HOME"))
            .or(() -> absolute(environment.get("HOME")).map(home -> home.resolve(".cache")));
    return new DigestCache(
        caches.map(path -> path.resolve("baton").resolve("digests")), Clock.systemUTC());
  }

  private static Optional<Path> absolute(@Nullable String path) {
    return Optional.ofNullable(path)
        .filter(text -> !text.isEmpty())
        .map(Path::of)
        .filter(Path::isAbsolute);
  }

  byte @Nullable [] find(FileState state) {
    byte[] known = memory.get(state);
    if (known != null || directory.isEmpty()) {
      return known;
    }
    try {
      byte[] digest = HexFormat.of().parseHex(Files.readString(file(state)).strip());
      return digest.length == Sha256.start().getDigestLength() ? digest : null;
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
  }

  void keep(FileState state, byte[] digest) {
    if (!state.telling(clock.instant())) {
      return;
    }
    if (memory.size() >= MAX_ENTRIES) {
      memory.clear();
    }
    memory.put(state, digest.clone());
    if (directory.isPresent()) {
      try {
        write(directory.get(), state, digest);
      } catch (IOException e) {
        logger.debug("Cannot keep the digest of a file: {}", e.toString());
      }
    }
  }

  private void write(Path directory, FileState state, byte[] digest) throws IOException {
    Files.createDirectories(directory);
    makeRoom(directory);
    Path whole = Files.createTempFile(directory, "new", "");
    try {
      Files.writeString(whole, HexFormat.of().formatHex(digest) + "\n");
      Files.move(whole, file(state), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  private static void makeRoom(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> kept = files.toList();
      if (kept.size() < MAX_ENTRIES) {
        return;
      }
      for (Path old :
          kept.stream()
              .sorted(Comparator.comparingLong(file -> file.toFile().lastModified()))
              .limit(MAX_ENTRIES / 2)
              .toList()) {
        Files.deleteIfExists(old);
      }
    }
  }

  private Path file(FileState state) {
    return directory.orElseThrow().resolve(state.name());
  }
}

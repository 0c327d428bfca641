package io.baton.transport.pinned;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Where the pools of this host's relays lie: in memory, where opening a file keeps nobody waiting.
 * What a stranger names is opened nowhere else.
 */
public final class PoolPlaces {

  private PoolPlaces() {}

  /**
   * Whether a pool may lie there; the file is not looked at.
   *
   * @param own the pool of this relay, beside which others lie
   */
  public static boolean has(String path, PinnedPool own) {
    return has(
        path, List.of(PoolConfig.DEFAULT_DIRECTORY, own.path().toAbsolutePath().getParent()));
  }

  /** The same where there is no pool of this relay. */
  public static boolean has(String path) {
    return has(path, List.of(PoolConfig.DEFAULT_DIRECTORY));
  }

  private static boolean has(String path, List<Path> directories) {
    try {
      Path file = Path.of(path);
      Path directory = file.getParent();
      return file.equals(file.normalize()) && directory != null && directories.contains(directory);
    } catch (InvalidPathException e) {
      return false;
    }
  }
}

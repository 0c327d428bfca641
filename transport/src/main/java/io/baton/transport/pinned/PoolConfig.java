package io.baton.transport.pinned;

import java.nio.file.Path;

/**
 * How a relay's pool is made.
 *
 * @param name the relay's; the pool's file is named after it
 * @param bytes of shared memory, rounded up to whole pages
 * @param directory a file system in memory, where the pool's file lies
 * @param pushShare of the pool that pushes may fill together, from 0 to 1
 * @param holderFactor one holder may hold at most this many times what it leaves free
 * @param lock whether to lock the pool in memory, as far as limits allow
 */
public record PoolConfig(
    String name, long bytes, Path directory, double pushShare, double holderFactor, boolean lock) {

  public static final Path DEFAULT_DIRECTORY = Path.of("/dev/shm");
  public static final double DEFAULT_PUSH_SHARE = 0.5;

  /** One greedy holder gets four fifths. */
  public static final double DEFAULT_HOLDER_FACTOR = 4;

  /** What a pool has at least whose size nobody has chosen. */
  public static final long LEAST_DEFAULT_BYTES = 1 << 20;

  /** Smaller, a pool would be headers and little else. */
  public static final long MIN_BYTES = 4096;

  /**
   * @throws IllegalArgumentException if the name is blank, the pool too small, or a share is none
   */
  public PoolConfig {
    if (name.isBlank()) {
      throw new IllegalArgumentException("a pool needs its relay's name");
    }
    if (bytes < MIN_BYTES || bytes > Long.MAX_VALUE - MIN_BYTES) {
      throw new IllegalArgumentException(
          "a pool of %d bytes: at least %d are needed".formatted(bytes, MIN_BYTES));
    }
    if (!(pushShare >= 0 && pushShare <= 1)) {
      throw new IllegalArgumentException("a share for pushes of " + pushShare);
    }
    if (!(holderFactor > 0 && holderFactor < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("a factor for holders of " + holderFactor);
    }
  }

  /**
   * A size for each of several pools that nobody has chosen one for: all together leave half of the
   * room to others, and one that is alone leaves three quarters, since nobody knows who is to come.
   *
   * @param pools that are made at about the same time
   * @return at most what is wanted, and at least {@link #LEAST_DEFAULT_BYTES}
   * @throws PoolException if there is no room for the least, or no such directory
   */
  public static long fittingBytes(Path directory, long wanted, int pools) throws PoolException {
    PoolFile.requireDirectory(directory);
    PoolFile.removeOrphans(Posix.load(), directory);
    long free = PoolFile.freeBytes(directory);
    if (free / pools < LEAST_DEFAULT_BYTES) {
      throw PoolFile.noRoom(directory, pools * LEAST_DEFAULT_BYTES);
    }
    long share = free / Math.max(4, 2L * pools);
    return Math.min(wanted, Math.max(LEAST_DEFAULT_BYTES, share >> 20 << 20));
  }

  /** Everything else by default. */
  public static PoolConfig of(String name, long bytes) {
    return new PoolConfig(
        name, bytes, DEFAULT_DIRECTORY, DEFAULT_PUSH_SHARE, DEFAULT_HOLDER_FACTOR, true);
  }

  public PoolConfig withDirectory(Path other) {
    return new PoolConfig(name, bytes, other, pushShare, holderFactor, lock);
  }

  public PoolConfig withPushShare(double other) {
    return new PoolConfig(name, bytes, directory, other, holderFactor, lock);
  }

  public PoolConfig withHolderFactor(double other) {
    return new PoolConfig(name, bytes, directory, pushShare, other, lock);
  }

  public PoolConfig withLock(boolean other) {
    return new PoolConfig(name, bytes, directory, pushShare, holderFactor, other);
  }

  PoolRules rules() {
    return new PoolRules(pushShare, holderFactor);
  }
}

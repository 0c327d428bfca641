package io.baton.transport.pinned;

import com.sun.management.OperatingSystemMXBean;
import io.baton.transport.pinned.PoolException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file behind a pool. Its name is never used again, and its relay holds a lock on it for as
 * long as it lives, which the system takes back however the relay ends. A file whose lock can be
 * had is therefore a dead relay's, whatever became of its process number, and is removed when the
 * next relay starts. A process that ends, by a signal or not, removes its own.
 */
final class PoolFile implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PoolFile.class);

  private static final Pattern NAME = Pattern.compile("baton-.+-[0-9]+-[0-9a-f]{16}");
  private static final int LONGEST_NAME = 64;

  /** Another relay that starts may take a file for an orphan in the moment before it is locked. */
  private static final int ATTEMPTS = 16;

  /** A signal interrupts the taking of room and undoes it, so it is done in pieces. */
  private static final long PIECE = 64L << 20;

  private static final int INTERRUPTIONS = 100;

  /** Files that go with this process, should nobody close them before it ends. */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  private static volatile boolean ending;

  static {
    // While a relay drains, its file is gone already: whoever maps it has it still, and others send
    // in messages.
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(PoolFile::removeAll, "baton-pools"));
    } catch (IllegalStateException e) {
      // It is too late for a hook, and for files.
      ending = true;
    }
  }

  private static void removeAll() {
    ending = true;
    OPEN.forEach(PoolFile::remove);
  }

  private final Posix posix;
  private final Path path;
  private final long id;
  private final int descriptor;

  private PoolFile(Posix posix, Path path, long id, int descriptor) {
    this.posix = posix;
    this.path = path;
    this.id = id;
    this.descriptor = descriptor;
  }

  /** Makes a file of that size, with its room taken, after dead relays' files are removed. */
  static PoolFile create(Posix posix, String relay, Path directory, long size)
      throws PoolException {
    requireDirectory(directory);
    removeOrphans(posix, directory);
    requireRoom(directory, size);
    requireMemory(size, memory());
    PoolFile file = createLocked(posix, relay, directory);
    try {
      file.takeRoom(size);
      return file;
    } catch (PoolException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  static void requireDirectory(Path directory) throws PoolException {
    if (!Files.isDirectory(directory)) {
      throw new PoolException(
          Reason.NOT_SUPPORTED,
          "there is no directory %s for a pool: mount a tmpfs there".formatted(directory));
    }
  }

  private static PoolFile createLocked(Posix posix, String relay, Path directory)
      throws PoolException {
    SecureRandom random = new SecureRandom();
    for (int i = 0; i < ATTEMPTS; i++) {
      long id = random.nextLong();
      Path path =
          directory.resolve(
              "baton-%s-%d-%016x".formatted(sanitized(relay), ProcessHandle.current().pid(), id));
      int descriptor = posix.create(path.toString());
      if (descriptor == -Posix.EEXIST) {
        continue;
      }
      if (descriptor < 0) {
        throw failed("make the file " + path, -descriptor);
      }
      PoolFile file = new PoolFile(posix, path, id, descriptor);
      OPEN.add(path);
      if (ending) {
        file.close();
        throw new PoolException(Reason.GONE, "this process is about to end, and makes no pools");
      }
      if (posix.tryLock(descriptor) == 0 && file.isLinked()) {
        return file;
      }
      file.close();
    }
    throw new PoolException(
        Reason.FAILED,
        "could not lock a new file in %s after %d attempts: too many relays start there at once"
            .formatted(directory, ATTEMPTS));
  }

  /** Whether nobody has removed it. */
  private boolean isLinked() {
    try {
      return Files.getAttribute(Path.of("/proc/self/fd/" + descriptor), "unix:nlink")
              instanceof Integer links
          && links > 0;
    } catch (IOException e) {
      return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }
  }

  static String sanitized(String relay) {
    String safe = relay.replaceAll("[^A-Za-z0-9._-]", "_");
    return safe.length() <= LONGEST_NAME ? safe : safe.substring(0, LONGEST_NAME);
  }

  /** Removes the files of this user's dead relays. */
  static void removeOrphans(Posix posix, Path directory) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "baton-*")) {
      for (Path file : files) {
        if (NAME.matcher(file.getFileName().toString()).matches() && isOwn(posix, file)) {
          removeIfOrphan(posix, file);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      LOG.warn("could not look for the pools of dead relays in {}: {}", directory, e.toString());
    }
  }

  private static boolean isOwn(Posix posix, Path file) {
    try {
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          && Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)
              instanceof Integer owner
          && owner == posix.user();
    } catch (IOException e) {
      return false;
    }
  }

  private static void removeIfOrphan(Posix posix, Path file) {
    int descriptor = posix.open(file.toString());
    if (descriptor < 0) {
      return;
    }
    try {
      if (posix.tryLock(descriptor) == 0 && Files.deleteIfExists(file)) {
        LOG.info("removed {}, the pool of a relay that is dead", file);
      }
    } catch (IOException e) {
      LOG.warn("could not remove {}, the pool of a relay that is dead: {}", file, e.toString());
    } finally {
      posix.close(descriptor);
    }
  }

  /** Says so before any room is taken, since others may live off what is left. */
  private static void requireRoom(Path directory, long size) throws PoolException {
    if (freeBytes(directory) < size) {
      throw noRoom(directory, size);
    }
  }

  /** What pools may still take there, those of dead relays not counted. */
  static long freeBytes(Path directory) throws PoolException {
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      throw new PoolException(
          Reason.FAILED, "could not ask how much room %s has: %s".formatted(directory, e), e);
    }
  }

  /** What this process may use at most, which may be less than the machine has. */
  private static long memory() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  /** To take more than there is would not fail, but end this process or another. */
  static void requireMemory(long size, long memory) throws PoolException {
    if (size >= memory) {
      throw new PoolException(
          Reason.NO_ROOM_IN_SHARED_MEMORY,
          ("a pool of %s does not fit into memory, of which this process may use %s: give its"
                  + " container more memory")
              .formatted(ByteText.of(size), ByteText.of(memory)));
    }
  }

  private void takeRoom(long size) throws PoolException {
    int interruptions = 0;
    for (long taken = 0; taken < size; ) {
      long piece = Math.min(PIECE, size - taken);
      int error = -posix.allocate(descriptor, taken, piece);
      switch (error) {
        case 0 -> taken += piece;
        case Posix.EINTR -> {
          if (++interruptions > INTERRUPTIONS) {
            throw failed("take room for " + path, error);
          }
        }
        case Posix.ENOSPC, Posix.EFBIG, Posix.ENOMEM, Posix.EDQUOT ->
            throw noRoom(directory(), size);
        default -> throw failed("take room for " + path, error);
      }
    }
  }

  private Path directory() {
    return path.resolveSibling(".").normalize();
  }

  static PoolException noRoom(Path directory, long size) {
    return new PoolException(
        Reason.NO_ROOM_IN_SHARED_MEMORY,
        ("a pool of %s does not fit into %s, %s: give it more room"
                + " (for a container --shm-size, else mount -o remount,size=... %s)")
            .formatted(ByteText.of(size), directory, room(directory), directory));
  }

  private static String room(Path directory) {
    try {
      var store = Files.getFileStore(directory);
      return "which has %s, of which %s are free"
          .formatted(ByteText.of(store.getTotalSpace()), ByteText.of(store.getUsableSpace()));
    } catch (IOException e) {
      return "which does not say how large it is";
    }
  }

  private static PoolException failed(String what, int error) {
    return switch (error) {
      case Posix.EPERM, Posix.EACCES, Posix.EROFS ->
          new PoolException(
              Reason.NOT_PERMITTED,
              "this user may not %s: run as one who may, or give it the right".formatted(what));
      case Posix.EINVAL, Posix.EOPNOTSUPP ->
          new PoolException(
              Reason.NOT_SUPPORTED,
              "the file system there cannot %s: mount a tmpfs there".formatted(what));
      case Posix.EMFILE, Posix.ENFILE ->
          new PoolException(
              Reason.FAILED,
              "could not %s, since too many files are open: raise ulimit -n".formatted(what));
      default ->
          new PoolException(
              Reason.FAILED,
              "could not %s: the system answers with error %d".formatted(what, error));
    };
  }

  MemorySegment map(Arena arena, long size) throws PoolException {
    try (FileChannel channel =
        FileChannel.open(
            path,
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS))) {
      return channel.map(MapMode.READ_WRITE, 0, size, arena);
    } catch (IOException e) {
      throw new PoolException(Reason.FAILED, "could not map %s: %s".formatted(path, e), e);
    }
  }

  Pinning lock(MemorySegment memory) {
    int error = -posix.lockInMemory(memory);
    return error == 0
        ? new Pinning.Locked()
        : notLocked(memory.byteSize(), error, posix.lockLimit());
  }

  static Pinning notLocked(long size, int error, long limit) {
    return switch (error) {
      case Posix.EPERM, Posix.ENOMEM, Posix.EAGAIN ->
          new Pinning.NotLocked(
              ("%s cannot be locked in memory, since RLIMIT_MEMLOCK is %s: raise it with ulimit -l,"
                      + " LimitMEMLOCK= or --ulimit memlock=")
                  .formatted(
                      ByteText.of(size), limit < 0 ? "not the obstacle" : ByteText.of(limit)));
      default ->
          new Pinning.NotLocked(
              "%s cannot be locked in memory: the system answers with error %d"
                  .formatted(ByteText.of(size), error));
    };
  }

  long id() {
    return id;
  }

  Path path() {
    return path;
  }

  /** Removes the file; its memory stays until nobody maps it. */
  @Override
  public void close() {
    remove(path);
    OPEN.remove(path);
    posix.close(descriptor);
  }

  private static void remove(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.warn("could not remove the pool {}: {}", path, e.toString());
    }
  }
}

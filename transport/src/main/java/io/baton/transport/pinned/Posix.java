package io.baton.transport.pinned;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.NoSuchElementException;

/**
 * The few calls of the C library that a pool needs and Java does not have. Numbers are those of
 * Linux. A call that fails answers with its error number, negated.
 */
@SuppressWarnings("restricted") // Calls into the C library are what this class is for.
final class Posix {

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int EINVAL = 22;
  static final int ENFILE = 23;
  static final int EMFILE = 24;
  static final int EFBIG = 27;
  static final int ENOSPC = 28;
  static final int EROFS = 30;
  static final int EOPNOTSUPP = 95;
  static final int EDQUOT = 122;

  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_EXCL = 0200;
  private static final int O_CLOEXEC = 02000000;
  private static final int OWNER_ONLY = 0600;

  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;

  private static final int RLIMIT_MEMLOCK = 8;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private final Linker linker = Linker.nativeLinker();
  private final MethodHandle open =
      call(
          "open",
          FunctionDescriptor.of(INT, POINTER, INT, INT),
          Linker.Option.firstVariadicArg(2),
          Linker.Option.captureCallState("errno"));
  private final MethodHandle close =
      call("close", FunctionDescriptor.of(INT, INT), Linker.Option.captureCallState("errno"));
  private final MethodHandle flock =
      call("flock", FunctionDescriptor.of(INT, INT, INT), Linker.Option.captureCallState("errno"));
  private final MethodHandle fallocate =
      call("posix_fallocate", FunctionDescriptor.of(INT, INT, LONG, LONG));
  private final MethodHandle mlock =
      call(
          "mlock",
          FunctionDescriptor.of(INT, POINTER, LONG),
          Linker.Option.captureCallState("errno"));
  private final MethodHandle getrlimit =
      call(
          "getrlimit",
          FunctionDescriptor.of(INT, INT, POINTER),
          Linker.Option.captureCallState("errno"));
  private final MethodHandle geteuid = call("geteuid", FunctionDescriptor.of(INT));

  private Posix() {}

  /**
   * @throws PoolException if this is not Linux, or this JVM may not call the C library
   */
  static Posix load() throws PoolException {
    String system = System.getProperty("os.name");
    if (!system.equals("Linux")) {
      throw new PoolException(
          PoolException.Reason.NOT_SUPPORTED,
          "a pool in shared memory needs Linux, and this is %s: use the grpc lane alone"
              .formatted(system));
    }
    try {
      return new Posix();
    } catch (IllegalCallerException e) {
      throw new PoolException(
          PoolException.Reason.NOT_SUPPORTED,
          "this JVM may not call the C library: start it with --enable-native-access=ALL-UNNAMED",
          e);
    } catch (NoSuchElementException | UnsupportedOperationException e) {
      throw new PoolException(
          PoolException.Reason.NOT_SUPPORTED,
          "this C library lacks what a pool in shared memory needs: use the grpc lane alone",
          e);
    }
  }

  private MethodHandle call(String name, FunctionDescriptor type, Linker.Option... options) {
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(() -> new NoSuchElementException(name)),
        type,
        options);
  }

  /** Makes a file that was not there, for its owner alone; answers its descriptor. */
  int create(String path) {
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
  }

  /** Opens a file that is there; answers its descriptor. */
  int open(String path) {
    return open(path, O_RDWR | O_CLOEXEC);
  }

  private int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      return orErrno(
          state, (int) open.invokeExact(state, arena.allocateFrom(path), flags, OWNER_ONLY));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int close(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      return orErrno(state, (int) close.invokeExact(state, descriptor));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Locks the file for whoever has this descriptor, or fails at once with {@link #EAGAIN}. Unlike
   * the locks of Java's channels it is not lost when the process opens and closes the file once
   * more, and like those it ends with the process.
   */
  int tryLock(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      return orErrno(state, (int) flock.invokeExact(state, descriptor, LOCK_EX | LOCK_NB));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Takes the file system's room for a part of the file, now. */
  int allocate(int descriptor, long offset, long bytes) {
    try {
      return -(int) fallocate.invokeExact(descriptor, offset, bytes);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Locks pages in memory until they are unmapped. */
  int lockInMemory(MemorySegment memory) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      return orErrno(state, (int) mlock.invokeExact(state, memory, memory.byteSize()));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** How many bytes this process may lock; -1 if there is no limit. */
  long lockLimit() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment limits = arena.allocate(LONG, 2);
      int answer = orErrno(state, (int) getrlimit.invokeExact(state, RLIMIT_MEMLOCK, limits));
      return answer < 0 ? answer : limits.get(LONG, 0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int user() {
    try {
      return (int) geteuid.invokeExact();
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int orErrno(MemorySegment state, int answer) {
    return answer == -1 ? -(int) ERRNO.get(state, 0L) : answer;
  }

  /** None of these calls throws. */
  private static IllegalStateException unexpected(Throwable e) {
    return new IllegalStateException("a call of the C library failed", e);
  }
}

package io.baton.transport.ucx;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The few calls of C that jucx does not have. */
@SuppressWarnings("restricted") // All that can crash the JVM here is in this class and in jucx.
final class Natives {

  /** Of {@code struct pollfd}. */
  static final long POLLFD_BYTES = 8;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final short POLLIN = 1;
  private static final MethodHandle POLL =
      function(
          "poll",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));
  private static final MethodHandle SETENV =
      function(
          "setenv",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT));

  private Natives() {}

  /** Memory that somebody else owns; the caller knows that it is there. */
  static MemorySegment view(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** What {@link #poll} takes, for one descriptor that becomes readable. */
  static MemorySegment readable(int descriptor, Arena arena) {
    MemorySegment pollfd = arena.allocate(POLLFD_BYTES, Integer.BYTES);
    pollfd.set(ValueLayout.JAVA_INT, 0, descriptor);
    pollfd.set(ValueLayout.JAVA_SHORT, Integer.BYTES, POLLIN);
    return pollfd;
  }

  /** Waits until the descriptor can be read, a signal comes, or the time is over. */
  static void poll(MemorySegment pollfd, int millis) {
    try {
      int _ = (int) POLL.invokeExact(pollfd, 1L, millis);
    } catch (Throwable e) {
      throw new AssertionError("poll throws nothing", e);
    }
  }

  /** Sets a variable of the process, which the JVM's copy of the environment does not show. */
  static void setEnvironmentIfAbsent(String name, String value) {
    try (Arena arena = Arena.ofConfined()) {
      int _ = (int) SETENV.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
    } catch (Throwable e) {
      throw new AssertionError("setenv throws nothing", e);
    }
  }

  /** Loads a library for good, if it is there. */
  static Optional<SymbolLookup> library(String name) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Calls a function that takes nothing and returns a constant string. */
  static String string(SymbolLookup library, String function) {
    try {
      MemorySegment text =
          (MemorySegment)
              LINKER
                  .downcallHandle(
                      library.findOrThrow(function), FunctionDescriptor.of(ValueLayout.ADDRESS))
                  .invokeExact();
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(function + " throws nothing", e);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor type) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
  }
}

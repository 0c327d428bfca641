package io.baton.transport;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A native library out of a jar, in memory that no directory knows. It needs no place that can be
 * written to or from which files may be executed, and nothing of it outlives the process.
 *
 * <p>For one thread at a time.
 */
@SuppressWarnings("restricted") // Native code is what this is about.
public final class MemoryLibrary implements AutoCloseable {

  private static final int MFD_CLOEXEC = 1;

  private final int descriptor;
  private final MethodHandle close;

  private MemoryLibrary(int descriptor, MethodHandle close) {
    this.descriptor = descriptor;
    this.close = close;
  }

  /**
   * Takes a copy of the library; empty where the system has no such memory, or does not let this
   * process have it.
   *
   * @param name of the memory, for whoever looks at the process's maps
   * @param bytes of the whole library; left open
   * @throws IOException if they cannot be read
   */
  public static Optional<MemoryLibrary> of(String name, InputStream bytes) throws IOException {
    @Nullable MethodHandle create =
        function("memfd_create", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    @Nullable MethodHandle close = function("close", ValueLayout.JAVA_INT);
    if (create == null || close == null) {
      return Optional.empty();
    }
    int descriptor = create(create, name);
    if (descriptor < 0) {
      return Optional.empty();
    }
    MemoryLibrary library = new MemoryLibrary(descriptor, close);
    try {
      Files.write(library.file(), bytes.readAllBytes());
      return Optional.of(library);
    } catch (IOException | RuntimeException | Error e) {
      library.close();
      throw e;
    }
  }

  private static @Nullable MethodHandle function(String name, MemoryLayout... parameters) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(
            address ->
                linker.downcallHandle(
                    address, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters)))
        .orElse(null);
  }

  private static int create(MethodHandle create, String name) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) create.invokeExact(arena.allocateFrom(name), MFD_CLOEXEC);
    } catch (Throwable e) {
      throw new AssertionError("memfd_create throws nothing", e);
    }
  }

  private Path file() {
    return Path.of("/proc/self/fd/" + descriptor);
  }

  /**
   * Loads it for good, for the class loader of this class.
   *
   * @throws UnsatisfiedLinkError if it does not fit this machine, or may not be executed
   */
  public void load() {
    System.load(file().toString());
  }

  /** Gives the memory back but for what has been loaded from it. */
  @Override
  public void close() {
    try {
      int _ = (int) close.invokeExact(descriptor);
    } catch (Throwable e) {
      throw new AssertionError("close throws nothing", e);
    }
  }
}
